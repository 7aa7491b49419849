// The board of the move: one row a scope, with its ladder, the judge's verdict, and what people may do.

import { attr, h, icon, keyed, setIcon, text } from "./dom.js";
import { ago, clean, clock, percent, span, utc } from "./format.js";
import { makeLadder } from "./ladder.js";
import { actorName, decidingVerdict, decisionOf, modeWords, stageWord, verdictsOf } from "./move.js";
import { act, may, onRights } from "./rights.js";
import { makeSpark } from "./spark.js";

const $ = (id) => document.getElementById(id);
const opened = new Set();
let newest = null;
let makeScope = null; // of scope.js, once a row was opened

/** Shows nothing at all for a monitor that knows no moves. */
export function renderBoard(snapshot) {
  newest = snapshot;
  const { moves } = snapshot;
  $("board").hidden = moves == null;
  if (moves == null) return;
  const verdicts = verdictsOf(snapshot);
  const rows = moves.map((move) => ({ move, verdict: decidingVerdict(move, verdicts), verdicts, snapshot }));
  keyed($("moves"), rows, ({ move }) => move.scope, makeRow);
  $("board-empty").hidden = moves.length > 0;
  const done = moves.filter(({ stage }) => stage === "done").length;
  text($("board-count"), moves.length ? `${done} of ${moves.length} done` : "");
  keyed($("freezes"), snapshot.freezes ?? [], ({ id }) => id, makeFreeze);
  $("freeze-add").hidden = !may("freeze.add") || moves.length === 0;
}

$("freeze-add").addEventListener("click", () => act("addFreeze"));
onRights(() => newest && renderBoard(newest));

function makeRow({ move: first }) {
  const id = `scope-${$("moves").childElementCount}-${Math.random().toString(36).slice(2, 8)}`;
  let now = null;
  const name = h("span.name"),
    expander = h("button.expander", { type: "button", "aria-expanded": "false", "aria-controls": id }, icon("play"), name);
  const about = h("small"),
    share = h("b"),
    stage = h("small");
  const ladder = makeLadder(),
    spark = makeSpark(),
    said = makeVerdict();
  const facts = h("ul.move-facts"),
    buttons = h("div.move-actions", { role: "group" }),
    inside = h("div.scope", { id, hidden: "" });
  const node = h(
    "li.move",
    {},
    h(
      "div.move-line",
      {},
      h("div.move-name", {}, h("h3", {}, expander), about),
      h("p.move-share", {}, share, stage),
      ladder.node,
      said.node,
      spark.node,
    ),
    h("div.move-foot", {}, facts, buttons),
    inside,
  );
  let scope = null;
  const toggle = async (isOpen) => {
    attr(expander, "aria-expanded", isOpen);
    inside.hidden = !isOpen;
    if (isOpen) {
      opened.add(first.scope);
      makeScope ??= (await import("./scope.js")).makeScope;
      if (scope === null) inside.append((scope = makeScope()).node);
      scope.update(now);
    } else opened.delete(first.scope);
  };
  expander.addEventListener("click", () => toggle(inside.hidden));
  if (opened.has(first.scope)) toggle(true);
  return {
    node,
    update(row) {
      now = row;
      const { move, verdict } = row;
      text(name, clean(move.scope));
      attr(name, "title", clean(move.scope));
      const [word, why] = modeWords(move.mode);
      text(about, `${word} · ${move.commands.length} ${move.commands.length === 1 ? "command" : "commands"}`);
      attr(about, "title", why || null);
      text(share, percent(move.share_percent ?? 0));
      text(stage, stageWord(move.stage));
      attr(stage, "title", move.since ? `since ${utc(move.since)}` : null);
      ladder.update(move);
      said.update(verdict, move);
      spark.update(verdict);
      keyed(facts, factsOf(move), (fact) => fact.key, makeFact);
      attr(buttons, "aria-label", `What may be done with ${clean(move.scope)}`);
      keyed(buttons, actionsOf(move), (action) => action.key, (action) => makeAction(action, () => now.move));
      if (scope !== null && !inside.hidden) scope.update(row);
    },
  };
}

/** A chip with the decision and one sentence of why: {node, update(verdict, move)}. */
export function makeVerdict() {
  const chip = h("span.chip", {}, icon("none"), h("b")),
    who = h("code"),
    reason = h("span");
  const node = h("p.verdict", {}, chip, h("span.verdict-why", {}, who, reason));
  return {
    node,
    update(verdict, move = null) {
      const { tone, icon: symbol, word } = decisionOf(verdict);
      attr(chip, "data-tone", tone);
      setIcon(chip.firstElementChild, symbol);
      text(chip.lastElementChild, word);
      const why = verdict ? clean(verdict.reason).replaceAll("`", "") : "Nothing was judged yet";
      const isOne = verdict && move && verdict.scope !== move.scope && !why.startsWith(`${clean(verdict.scope)}:`);
      text(who, isOne ? `${clean(verdict.scope)}: ` : "");
      text(reason, why);
      attr(node, "title", why);
    },
  };
}

function factsOf(move) {
  const facts = [];
  const add = (key, symbol, label, title = null, tone = "none") => facts.push({ key, symbol, label, title, tone });
  if (move.held_by)
    add("held", "pause", `Held by ${actorName(move.held_by)}${move.held_because ? `: “${clean(move.held_because)}”` : ""}`, clean(move.held_by), "warning");
  else if (move.waits_for) add("waits", "pending", `Waits for ${clean(move.waits_for)}`); // a hold is what it waits for
  if (move.approved_by) add("approved", "check", `Approved by ${actorName(move.approved_by)}`, clean(move.approved_by), "ok");
  const cooling = move.cooldown_until ? (Date.parse(move.cooldown_until) - Date.now()) / 1000 : 0;
  if (cooling > 0) add("cooling", "pending", `Cools down for ${span(cooling)}`, utc(move.cooldown_until));
  if (move.rolled_back_at)
    add("back", "down", backWords(move), move.rollback_reason ? clean(move.rollback_reason) : utc(move.rolled_back_at), "critical");
  if (move.retries > 0) add("retries", "retry", `${move.retries} ${move.retries === 1 ? "roll back" : "roll backs"} so far`);
  return facts;
}

function backWords({ rolled_back_at: at, rolled_back: alone }) {
  const names = (alone ?? []).slice(0, 2).map(clean).join(", ");
  const more = (alone?.length ?? 0) > 2 ? `, ${alone.length - 2} more` : "";
  return `Rolled back ${names ? `${names}${more} ` : ""}${ago((Date.now() - Date.parse(at)) / 1000)}`;
}

function makeFact() {
  const mark = icon("none"),
    label = h("span");
  const node = h("li", {}, mark, label);
  return {
    node,
    update(fact) {
      attr(node, "data-tone", fact.tone);
      setIcon(mark, fact.symbol);
      text(label, fact.label);
      attr(node, "title", fact.title);
    },
  };
}

/** The buttons of those who may; what is not possible now has none. */
export function actionsOf(move) {
  const next = move.proposal_percent == null ? "" : ` ${percent(move.proposal_percent)}`;
  const isUp = move.stage === "done";
  const mayApprove = move.mode === "approve" && next && !move.approved_by;
  const all = [
    { verb: "stage.approve", label: `Approve${next}`, symbol: "check", kind: "primary", is: mayApprove },
    { verb: "stage.advance", label: next ? `Advance to${next}` : "Advance", symbol: "up", is: !isUp && !mayApprove },
    { verb: "stage.resume", label: "Resume", symbol: "play", is: Boolean(move.held_by) },
    { verb: "stage.hold", label: "Hold", symbol: "pause", is: !isUp && !move.held_by },
    { verb: "stage.rollback", label: "Roll back", symbol: "down", kind: "danger", is: move.stage !== "off" },
  ];
  return all.filter(({ is, verb }) => is && may(verb)).map((action) => ({ ...action, key: action.verb }));
}

/** A button that opens the dialog of its verb: {node, update(action)}. */
export function makeAction({ verb, kind }, current) {
  const label = h("span"),
    mark = icon("none");
  const node = h("button.button", { type: "button", "data-kind": kind, "data-verb": verb }, mark, label);
  node.addEventListener("click", () => act("orderMove", verb, current));
  return {
    node,
    update(action) {
      setIcon(mark, action.symbol);
      text(label, action.label);
      attr(node, "aria-label", `${action.label}: ${clean(current().scope)}`);
    },
  };
}

function makeFreeze({ id }) {
  const words = h("span"),
    end = h("button.button", { type: "button" }, "End");
  end.addEventListener("click", () => act("endOne", "freeze.end", id, "the freeze"));
  return {
    node: h("li.freeze", {}, icon("lock"), words, end),
    update({ from, until, reason, actor }) {
      const starts = Date.parse(from) > Date.now() ? `from ${clock(from, Date.now())} ` : "";
      text(words, `Frozen ${starts}until ${clock(until, Date.now())} by ${actorName(actor)}: “${clean(reason)}”. Nothing moves up; roll backs still work.`);
      end.hidden = !may("freeze.end");
    },
  };
}
