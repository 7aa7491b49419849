// The channels that people are told by: whether each works, and what waits in it.

import { attr, h, icon, keyed, setIcon, text } from "./dom.js";
import { clean, clock, count, span, utc } from "./format.js";

const $ = (id) => document.getElementById(id);
const STATES = new Map([
  ["ok", { tone: "ok", icon: "check", word: "Works" }],
  ["failing", { tone: "critical", icon: "warning", word: "Failing" }],
  ["disabled", { tone: "critical", icon: "none", word: "Disabled" }],
  ["resting", { tone: "warning", icon: "pause", word: "Resting" }],
]);

export function renderChannels({ channels = null }) {
  $("channels-panel").hidden = channels === null;
  if (channels === null) return;
  keyed($("channels"), channels, ({ name }) => name, makeChannel);
  $("channels-empty").hidden = channels.length > 0;
  const broken = channels.filter(({ state }) => state === "failing" || state === "disabled").length;
  text($("channel-count"), broken ? `${broken} of ${channels.length} not working` : channels.length ? String(channels.length) : "");
}

function makeChannel() {
  const name = h("b.name"),
    mark = icon("none"),
    word = h("span"),
    since = h("time.quiet"),
    queue = h("span.detail"),
    error = h("p.channel-error");
  const chip = h("span.chip", {}, mark, word);
  return {
    node: h("li.channel", {}, h("p.channel-line", {}, name, chip), h("p.detail-line", {}, queue, since), error),
    update(channel) {
      const state = STATES.get(channel.state) ?? { tone: "none", icon: "none", word: clean(channel.state) };
      text(name, clean(channel.name));
      attr(chip, "data-tone", state.tone);
      setIcon(mark, state.icon);
      text(word, state.word);
      text(queue, queueWords(channel));
      text(since, channel.since ? `since ${clock(channel.since, Date.now())}` : "");
      attr(since, "title", utc(channel.since));
      error.hidden = !channel.last_error;
      text(error, clean(channel.last_error));
    },
  };
}

function queueWords({ waiting, oldest_age_s: age }) {
  if (!(waiting > 0)) return "Nothing waits";
  return `${count(waiting)} ${waiting === 1 ? "message waits" : "messages wait"}${age == null ? "" : `, the oldest for ${span(age)}`}`;
}
