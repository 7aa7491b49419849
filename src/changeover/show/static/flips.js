// The timeline of all flips: who changed what, from what to what, and why.

import { attr, h, icon, keyed, setIcon, text } from "./dom.js";
import { clean, clock, utc } from "./format.js";
import { actorName, readFlip, subjectName } from "./move.js";

const $ = (id) => document.getElementById(id);
let newest = [];
let subjects = "";

export function renderFlips({ flips = null }) {
  $("flips-panel").hidden = flips === null;
  newest = flips ?? [];
  if (flips !== null) show();
}

$("flip-subject").addEventListener("change", show);

function show() {
  fillSubjects();
  const wanted = $("flip-subject").value;
  const shown = wanted ? newest.filter(({ subject }) => clean(subject) === wanted) : newest;
  keyed($("flips"), shown, flipKey, makeFlip);
  $("flips-empty").hidden = shown.length > 0;
  text($("flips-empty"), newest.length ? "Nothing changed here" : "Nothing was changed yet; every step, roll back and stop will stand here");
  text($("flip-count"), newest.length ? (shown.length === newest.length ? String(newest.length) : `${shown.length} of ${newest.length}`) : "");
}

/** Of the flips that are there, and the chosen one even if it is no longer among them. */
function fillSubjects() {
  const select = $("flip-subject");
  const known = [...new Set(newest.map(({ subject }) => clean(subject)))].sort();
  if (select.value && !known.includes(select.value)) known.push(select.value);
  const names = JSON.stringify(known);
  if (names === subjects) return;
  subjects = names;
  const chosen = select.value;
  select.replaceChildren(
    h("option", { value: "" }, "Everything"),
    ...known.map((subject) => h("option", { value: subject }, subject)),
  );
  select.value = chosen;
}

export const flipKey = ({ at, subject, old, new: now }) => JSON.stringify([at, subject, old, now]);

/** One line of the timeline: {node, update(flip)}. */
export function makeFlip() {
  const mark = icon("none"),
    word = h("b.word"),
    subject = h("code.name"),
    old = h("span.flip-value.quiet"),
    now = h("span.flip-value"),
    when = h("time.quiet"),
    who = h("span"),
    why = h("span.detail");
  const node = h(
    "li.flip",
    {},
    h("span.flip-mark", { "aria-hidden": "true" }, mark),
    h(
      "div",
      {},
      h("p.flip-line", {}, word, h("span.flip-change", {}, old, h("span", { "aria-hidden": "true" }, "→"), h("span.hidden", {}, "to"), now), when),
      h("p.detail-line", {}, subject, who, why),
    ),
  );
  return {
    node,
    update(flip) {
      const told = readFlip(flip);
      attr(node, "data-tone", told.tone);
      setIcon(mark, told.icon);
      text(word, told.word);
      text(subject, subjectName(flip.subject));
      attr(subject, "title", clean(flip.subject));
      text(old, told.old);
      text(now, told.new);
      text(when, clock(flip.at, Date.now()));
      attr(when, "title", utc(flip.at));
      text(who, `by ${actorName(flip.actor)}`);
      attr(who, "title", clean(flip.actor));
      text(why, flip.reason ? `“${clean(flip.reason)}”` : "");
    },
  };
}
