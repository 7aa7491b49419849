// Alerts as rows: the banner of those that fire, and the rows that the alerts' panel shares.

import { attr, h, icon, keyed, setIcon, text } from "./dom.js";
import { clean, clock, quantity, span, utc } from "./format.js";
import { announce } from "./header.js";
import { actorName } from "./move.js";
import { act, may, onRights } from "./rights.js";

const $ = (id) => document.getElementById(id);
const TITLE = document.title;
const BANNERS = 3; // more of them would push everything else out of sight

const PHASES = new Map([
  ["firing", { word: "Firing", icon: "critical" }],
  ["pending", { word: "Pending", icon: "pending" }],
  ["recovering", { word: "Recovering", icon: "pending" }],
  ["resolved", { word: "Resolved", icon: "check" }],
]);
let announced = "";
let newest = null;

export function renderFiring(snapshot) {
  newest = snapshot;
  const firing = snapshot.alerts.active.filter((alert) => alert.phase === "firing");
  const loud = firing.filter((alert) => !alert.silenced); // a silenced one stays in the panel only
  $("firing").hidden = loud.length === 0;
  keyed($("firing").firstElementChild, loud.slice(0, BANNERS), (alert) => alert.key, makeAlert);
  $("firing").lastElementChild.hidden = loud.length <= BANNERS;
  text($("firing").lastElementChild, `and ${loud.length - BANNERS} more firing`);
  document.title = firing.length ? `(${firing.length}) ${TITLE}` : TITLE;
  const message = firing.map((alert) => alert.key).join();
  if (message !== announced)
    announce(
      firing.length
        ? `${firing.length} firing: ${firing.map((alert) => clean(alert.summary)).join("; ")}`
        : "No alerts firing",
    );
  announced = message;
}

onRights(() => newest && renderFiring(newest));

const toneOf = ({ phase, severity }) =>
  phase === "resolved"
    ? "ok"
    : phase === "pending" || phase === "recovering"
      ? "pending"
      : severity === "critical"
        ? "critical"
        : "warning";

const wordOf = (alert) =>
  alert.phase === "firing"
    ? toneOf(alert) === "critical"
      ? "Critical"
      : "Warning"
    : (PHASES.get(alert.phase)?.word ?? clean(alert.phase));

/** A row of an alert, with what may be done about it: {node, update(alert)}. */
export function makeAlert() {
  let now = null;
  const mark = icon("warning"),
    word = h("b.word"),
    summary = h("span.summary"),
    value = h("span.detail"),
    since = h("time.quiet"),
    states = h("span.states"),
    runbook = h("a.runbook", { target: "_blank", rel: "noopener noreferrer" }, "Runbook"),
    buttons = h("span.alert-actions");
  const ack = button("Acknowledge", () => act("acknowledge", now)),
    silence = button("Silence", () => act("silence", now));
  buttons.append(ack, silence);
  const node = h(
    "li.alert",
    {},
    mark,
    h("div", {}, h("p", {}, word, summary), h("p.detail-line", {}, value, since, states, runbook, buttons)),
  );
  return {
    node,
    update(alert) {
      now = alert;
      const tone = toneOf(alert);
      attr(node, "data-tone", tone);
      setIcon(mark, alert.phase === "firing" ? tone : (PHASES.get(alert.phase)?.icon ?? "none"));
      text(word, wordOf(alert));
      text(summary, clean(alert.summary));
      text(value, alertValue(alert));
      showSince(since, alert);
      keyed(states, statesOf(alert), (state) => state.key, makeState);
      const address = webAddress(alert.runbook);
      attr(runbook, "href", address);
      runbook.hidden = address === null;
      const isOver = alert.phase === "resolved";
      ack.hidden = isOver || Boolean(alert.acknowledged_at) || !may("alert.ack");
      silence.hidden = isOver || Boolean(alert.silenced) || !may("alert.silence");
      attr(ack, "aria-label", `Acknowledge: ${clean(alert.summary)}`);
      attr(silence, "aria-label", `Silence: ${clean(alert.summary)}`);
    },
  };
}

function button(label, onClick) {
  const node = h("button.button", { type: "button" }, label);
  node.addEventListener("click", onClick);
  return node;
}

/** An address that a click may open: http or https, written out; else null. */
function webAddress(value) {
  if (typeof value !== "string" || !URL.canParse(value)) return null;
  const { protocol, href } = new URL(value);
  return protocol === "http:" || protocol === "https:" ? href : null;
}

function statesOf({ acknowledged_at: at, acknowledged_by: by, silenced }) {
  const states = [];
  if (at)
    states.push({ key: "ack", symbol: "check", label: `Acknowledged by ${actorName(by)}`, title: `${clean(by)}, ${utc(at)}` });
  if (silenced) states.push({ key: "silenced", symbol: "mute", label: "Silenced", title: "No messages are sent about it" });
  return states;
}

function makeState() {
  const mark = icon("none"),
    label = h("span");
  const node = h("span.tag", {}, mark, label);
  return {
    node,
    update(state) {
      setIcon(mark, state.symbol);
      text(label, state.label);
      attr(node, "title", state.title);
    },
  };
}

function alertValue({ phase, value, peak, threshold, unit }) {
  if (value == null && (peak == null || phase !== "resolved")) return ""; // a stop has no figure
  const shown = phase === "resolved" ? `peak ${quantity(peak, unit)}` : `now ${quantity(value, unit)}`;
  return `${shown}, threshold ${quantity(threshold, unit)}`;
}

function showSince(node, alert) {
  const from = alert.fired_at ?? alert.since;
  if (alert.phase === "resolved") {
    const lasted = (Date.parse(alert.resolved_at) - Date.parse(from)) / 1000;
    text(node, `resolved ${clock(alert.resolved_at, Date.now())} after ${span(lasted)}`);
    attr(node, "title", `${utc(from)} to ${utc(alert.resolved_at)}`);
  } else {
    text(node, `since ${clock(from, Date.now())}`);
    attr(node, "title", utc(from));
  }
}
