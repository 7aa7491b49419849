// What each button does, in words before it is done: the questions that dialog.js asks.

import { ask } from "./dialog.js";
import { clean, percent } from "./format.js";
import { actorName, labelsText, stageWord } from "./move.js";
import { askRights, send } from "./orders.js";

const WHY = { name: "reason", label: "Reason", required: true, hint: "Stays in the timeline, with your name" };
const TIMES = [
  ["30m", "30 minutes"],
  ["1h", "1 hour"],
  ["4h", "4 hours"],
  ["24h", "1 day"],
  ["7d", "1 week"],
];
const FOR = { name: "for", label: "For how long", type: "select", options: TIMES, required: true, value: "1h" };
const SECONDS = new Map([
  ["30m", 1800],
  ["1h", 3600],
  ["4h", 14_400],
  ["24h", 86_400],
  ["7d", 604_800],
]);

const ALTHOUGH = {
  name: "force",
  label: "If the plan still waits",
  type: "select",
  options: [
    ["no", "Change nothing"],
    ["yes", "Go up all the same"],
  ],
  required: true,
  value: "no",
};

const untilOf = (key) => new Date(Date.now() + SECONDS.get(key) * 1000).toISOString();
const share = ({ share_percent: value }) => percent(value ?? 0);
const target = ({ proposal_percent: value }) => (value == null ? "the next stage of its plan" : percent(value));
const of = ({ commands }) =>
  commands.length === 1 ? `the command ${clean(commands[0])}` : `its ${commands.length} commands (${commands.slice(0, 6).map(clean).join(", ")}${commands.length > 6 ? " ..." : ""})`;

const sentenceOf = (words) => `${clean(words).replace(/\.$/, "")}.`;

const MOVES = {
  "stage.advance": {
    title: "Advance",
    symbol: "up",
    facts: (move) => [
      `The share of ${of(move)} on the new system goes from ${share(move)} to ${target(move)}, at once and in every process.`,
      ...(move.waits_for ? [`The plan still waits for ${sentenceOf(move.waits_for)}`] : []),
      "The judge goes on watching and rolls back by itself.",
    ],
    fields: [ALTHOUGH],
    values: ({ force }) => (force === "yes" ? { force: true } : {}),
  },
  "stage.approve": {
    title: "Approve the next step",
    symbol: "check",
    facts: (move) => [
      `The share of ${of(move)} on the new system may go from ${share(move)} to ${target(move)}.`,
      "It happens once everything else is as the plan asks; the judge goes on watching.",
    ],
  },
  "stage.hold": {
    title: "Hold",
    symbol: "pause",
    facts: (move) => [`The share stays at ${share(move)} until somebody resumes it.`, "A roll back still happens by itself when it is needed."],
  },
  "stage.resume": {
    title: "Resume",
    symbol: "play",
    facts: (move) => [
      move.held_by ? `${actorName(move.held_by)} held it${move.held_because ? `: “${clean(move.held_because)}”` : ""}.` : "Nobody holds it now.",
      `It goes on from ${share(move)} by its plan.`,
    ],
  },
  "stage.rollback": {
    title: "Roll back",
    symbol: "down",
    kind: "danger",
    facts: (move) => [
      `All users of ${of(move)} go back to legacy now; ${share(move)} are on the new system.`,
      "It stays there, held by you, until somebody resumes it.",
    ],
  },
};

/** Asks about one verb of the board. `current()` is the move as it stands whenever it is asked. */
export function orderMove(verb, current) {
  const words = MOVES[verb];
  let seen = null; // what the person had before their eyes when they decided
  const { scope } = current();
  ask({
    title: `${words.title}: ${clean(scope)}`,
    symbol: words.symbol,
    kind: words.kind,
    facts: () => {
      seen = current();
      return [`Now: ${stageWord(seen.stage)}, ${share(seen)} on new.`, ...words.facts(seen)];
    },
    fields: [WHY, ...(words.fields ?? [])],
    submit: words.title,
    send: (filled) => send({ verb, subject: scope, reason: filled.reason, expected: seen.version, values: words.values?.(filled) ?? {} }),
    done: `${words.title}: done`,
  });
}

export function stopEverything() {
  ask({
    title: "Emergency stop",
    symbol: "critical",
    kind: "danger",
    facts: () => ["Every command of every user goes to legacy, at once and in every process.", "Nothing goes up again until somebody lifts the stop."],
    fields: [WHY],
    submit: "Stop now",
    send: ({ reason }) => send({ verb: "stop", reason }),
    done: "Stopped: every command goes to legacy",
    after: askRights,
  });
}

export function liftStop() {
  ask({
    title: "Lift the emergency stop",
    symbol: "play",
    facts: () => ["Commands are routed by their flags again, as before the stop.", "Look at the board first: scopes may have been rolled back meanwhile."],
    fields: [WHY],
    submit: "Lift the stop",
    send: ({ reason }) => send({ verb: "start", reason }),
    done: "The stop is lifted",
  });
}

export function acknowledge(alert) {
  ask({
    title: "Acknowledge the alert",
    symbol: "check",
    facts: () => [`“${clean(alert.summary)}”`, "Reminders stop; people are still told when it is over or gets worse."],
    fields: [{ ...WHY, label: "Note", required: false, hint: null }],
    submit: "Acknowledge",
    send: ({ reason }) => send({ verb: "alert.ack", subject: alert.key, reason }),
    done: "Acknowledged",
  });
}

export function silence(alert) {
  const labels = labelsText(alert.labels);
  ask({
    title: "Silence",
    symbol: "mute",
    facts: () => [`No messages about the rule ${clean(alert.rule)}${labels ? ` where ${labels}` : ""}, on any channel.`, "It stays on this page, and the judge still rolls back."],
    fields: [FOR, WHY],
    submit: "Silence",
    send: ({ reason, for: howLong }) =>
      send({ verb: "alert.silence", reason, values: { rule: alert.rule, labels: alert.labels ?? {}, for: howLong } }),
    done: "Silenced",
  });
}

/** Ends a silence, a maintenance window or a freeze. */
export function endOne(verb, id, what) {
  ask({
    title: `End ${what}`,
    symbol: "check",
    facts: () => [verb === "freeze.end" ? "Scopes go up again by their plans." : "Messages are sent again from now on."],
    fields: [{ ...WHY, required: false, hint: null }],
    submit: "End it",
    send: ({ reason }) => send({ verb, subject: verb === "freeze.end" ? "" : id, reason }),
    done: "Ended",
  });
}

const addWindow = (verb, words) =>
  ask({
    ...words,
    fields: [FOR, WHY],
    send: ({ reason, for: howLong }) => send({ verb, reason, values: { until: untilOf(howLong) } }),
  });

export const addMaintenance = () =>
  addWindow("maintenance.add", {
    title: "Maintenance window",
    symbol: "pause",
    facts: () => ["No messages are sent while it lasts, starting now.", "Alerts still stand on this page, and the judge still rolls back."],
    submit: "Begin",
    done: "The maintenance window has begun",
  });

export const addFreeze = () =>
  addWindow("freeze.add", {
    title: "Freeze the move",
    symbol: "lock",
    facts: () => ["Nothing goes up while it lasts, in any scope, starting now.", "Roll backs still work, by the judge and by hand."],
    submit: "Freeze",
    done: "Frozen",
  });
