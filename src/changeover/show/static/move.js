// The nouns of the move: stages, the rungs of the ladder, and how a verdict is read.

import { clean, percent } from "./format.js";
import { mapOf } from "./model.js";

/** The ladder as it is drawn; shares between two rungs lie between them. */
export const RUNGS = ["off", "canary", 1, 5, 10, 25, 50, 100, "guarded", "done"];
const RAMP = RUNGS.filter((rung) => typeof rung === "number");
const FIRST_SHARE = RUNGS.indexOf(RAMP[0]);
const LAST = RUNGS.length - 1;

const STAGES = new Map([
  ["off", "Off"],
  ["canary", "Canary"],
  ["ramp", "Ramp"],
  ["guarded", "Guarded"],
  ["done", "Done"],
]);
export const stageWord = (stage) => STAGES.get(stage) ?? clean(stage);

const MODES = new Map([
  ["manual", ["Manual", "People move it up; the judge only says what it would do"]],
  ["approve", ["Approve", "Each step up waits for a person's approval"]],
  ["auto", ["Auto", "Moves up by itself when the judge says so"]],
]);
/** [word, explanation]. */
export const modeWords = (mode) => MODES.get(mode) ?? [clean(mode), ""];

const DECISIONS = new Map([
  ["promote", { tone: "ok", icon: "check", word: "Promote" }],
  ["hold", { tone: "none", icon: "pending", word: "Hold" }],
  ["rollback", { tone: "critical", icon: "critical", word: "Roll back" }],
]);
export const decisionOf = (verdict) =>
  DECISIONS.get(verdict?.decision) ?? { tone: "none", icon: "none", word: "No verdict" };

/** Where on the ladder a share of the ramp lies, 0 to 1. */
export function placeOfShare(share) {
  const over = RAMP.findIndex((rung) => rung >= share);
  if (over === 0) return (FIRST_SHARE - 1 + Math.max(0, share)) / LAST;
  if (over === -1) return (FIRST_SHARE + RAMP.length - 1) / LAST;
  const [low, high] = [RAMP[over - 1], RAMP[over]];
  return (FIRST_SHARE + over - 1 + (share - low) / (high - low)) / LAST;
}

/** Where a move stands on the ladder, 0 to 1. */
export function placeOf({ stage, share_percent: share }) {
  return stage === "ramp" || !RUNGS.includes(stage) ? placeOfShare(share ?? 0) : RUNGS.indexOf(stage) / LAST;
}

export const verdictsOf = (snapshot) =>
  new Map((snapshot.verdicts ?? []).map((verdict) => [verdict.scope, verdict]));

const URGENCY = ["promote", "hold", "rollback"];
const nearness = ({ rollback }) => Math.log(Math.max(rollback?.value ?? 0, 1e-9)) - Math.log(rollback?.threshold || 1);

/** The verdict that decides over a scope: the most urgent of its commands', or its own. */
export function decidingVerdict(move, verdicts) {
  const own = verdicts.get(move.scope);
  const found = move.commands.map((name) => verdicts.get(name)).filter(Boolean);
  if (own && !found.includes(own)) found.push(own);
  return found.reduce((worst, one) => {
    if (worst === null) return one;
    const more = URGENCY.indexOf(one.decision) - URGENCY.indexOf(worst.decision);
    return more > 0 || (more === 0 && nearness(one) > nearness(worst)) ? one : worst;
  }, null);
}

/** Odds for a roll back as people say them: 400 is "400 to 1". */
export function odds(value) {
  if (typeof value !== "number" || !Number.isFinite(value)) return "–";
  if (value >= 1e6) return "> 1M to 1";
  if (value >= 1e4) return `${Math.round(value / 1000)}k to 1`;
  const digits = value >= 10 ? 0 : value >= 0.095 ? 1 : 2;
  return `${value.toLocaleString(undefined, { maximumFractionDigits: digits })} to 1`;
}

/** What happens to a flip: {tone, icon, word, old, new}. Subjects are "flag NAME", "stop", "alert KEY" ... */
export function readFlip({ subject, old, new: now }) {
  const [kind] = String(subject ?? "").split(" ");
  const from = shareOf(old),
    to = shareOf(now);
  const told = { old: valueWord(kind, old), new: valueWord(kind, now) };
  if (kind === "stop") {
    const isOver = /^(running|off|false|0|started|lifted|null|none)?$/i.test(String(now ?? ""));
    return isOver
      ? { ...told, tone: "ok", icon: "play", word: "Stop lifted" }
      : { ...told, tone: "critical", icon: "critical", word: "Emergency stop" };
  }
  if (kind === "flag" || kind === "stage") {
    if (to === 0 && from !== 0)
      return { ...told, tone: "critical", icon: "down", word: "Rolled back" };
    if (from !== null && to !== null && to < from) return { ...told, tone: "warning", icon: "down", word: "Down" };
    if (to !== null && (from === null || to > from)) return { ...told, tone: "ok", icon: "up", word: "Up" };
  }
  return { ...told, tone: "none", icon: "none", word: "Changed" };
}

/** The number of a share as it was written down: "10", "10%", 10; else null. */
function shareOf(value) {
  const number = /^\s*(\d+(?:\.\d+)?)\s*%?\s*$/.exec(String(value ?? ""))?.[1];
  return number === undefined ? null : Number(number);
}

function valueWord(kind, value) {
  if (value == null) return "not set";
  const share = kind === "flag" ? shareOf(value) : null;
  return share === null ? clean(value) : percent(share);
}

/** A subject without its kind: "flag ddd.commands.utility" is about "ddd.commands.utility". */
export const subjectName = (subject) => clean(String(subject ?? "").replace(/^(flag|stage|alert) /, ""));

export const labelsText = (labels) =>
  [...mapOf(labels)].map(([key, value]) => `${clean(key)}=${clean(value)}`).join(", ");

/** People's names without the way they came: "user:ada" is Ada's, shown whole in the title. */
export const actorName = (actor) => {
  const told = clean(actor);
  const at = told.indexOf(":");
  return at > 0 && at < told.length - 1 ? told.slice(at + 1) : told;
};
