// The commands of a scope, opened on the board: both systems beside each other, and the verdict on each.

import { makeVerdict } from "./board.js";
import { attr, cssVar, h, keyed, text } from "./dom.js";
import { clean, count, ms, percent } from "./format.js";
import { makeIntervals, scaleOf } from "./interval.js";
import { commandAddress } from "./place.js";
import { makeSpark } from "./spark.js";

const HEADS = ["Command", "Share on new", "Executions", "Error rate, with its interval", "p95", "Verdict", "Evidence for a roll back"];

/** {node, update({move, verdicts, snapshot})}. */
export function makeScope() {
  const body = h("tbody", { role: "rowgroup" });
  const heads = HEADS.map((label) => h("th", { scope: "col", role: "columnheader" }, label));
  const table = h("table.scope-table", { role: "table" }, h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, ...heads)), body);
  const empty = h("p.empty", {}, "No command belongs to this scope yet");
  return {
    node: h("div", {}, table, empty),
    update({ move, verdicts, snapshot }) {
      const commands = new Map(snapshot.commands.map((command) => [command.command, command]));
      const rows = move.commands.map((name) => ({ name, move, command: commands.get(name), verdict: verdicts.get(name) }));
      const scale = scaleOf(rows.map(({ verdict }) => verdict).filter(Boolean));
      attr(table, "aria-label", `Commands of ${clean(move.scope)}`);
      table.hidden = rows.length === 0;
      empty.hidden = rows.length > 0;
      keyed(
        body,
        rows.map((row) => ({ ...row, scale })),
        ({ name }) => name,
        makeRow,
      );
    },
  };
}

function makeRow() {
  const link = h("a.name"),
    back = h("span.chip", { "data-tone": "critical" }, "rolled back");
  const bar = h("span.share", { "aria-hidden": "true" }),
    share = h("span");
  const calls = makePair(),
    slow = makePair(),
    rates = makeIntervals(),
    said = makeVerdict(),
    missing = h("small.quiet"),
    spark = makeSpark();
  const cell = (label, ...nodes) => h("td", { role: "cell", "data-label": label }, h("div", {}, ...nodes));
  const node = h(
    "tr",
    { role: "row" },
    h("th", { scope: "row", role: "rowheader" }, h("div", {}, link, back)),
    cell("Share on new", bar, share),
    cell("Executions", calls.node),
    cell("Error rate", rates.node),
    cell("p95", slow.node),
    cell("Verdict", said.node, missing),
    cell("Evidence", spark.node),
  );
  return {
    node,
    update({ name, move, command, verdict, scale }) {
      text(link, clean(name));
      attr(link, "href", commandAddress(name));
      attr(link, "title", `${clean(name)}: its own page`);
      back.hidden = !(move.rolled_back ?? []).includes(name);
      const on = command?.share_percent ?? 0;
      cssVar(bar, "--size", String(on / 100));
      text(share, command ? (command.has_new ? percent(on) : "not built") : "unknown");
      calls.update(count(verdict?.legacy?.executions), count(verdict?.new?.executions));
      slow.update(ms(verdict?.legacy?.p95_ms), ms(verdict?.new?.p95_ms));
      rates.update(verdict, scale ?? 1);
      said.update(verdict);
      text(missing, (verdict?.concerns ?? []).map(clean).join("; "));
      missing.hidden = !missing.textContent;
      spark.update(verdict);
    },
  };
}

/** Two values under each other, legacy first: {node, update(legacy, fresh)}. */
function makePair() {
  const rows = ["legacy", "new"].map((id) => ({ value: h("span"), id }));
  const line = ({ id, value }) =>
    h("span.pair-line", {}, h("i.mark", { "data-system": id, "aria-hidden": "true" }), h("span.hidden", {}, id === "new" ? "New" : "Legacy"), value);
  return {
    node: h("span.pair", {}, ...rows.map(line)),
    update(legacy, fresh) {
      text(rows[0].value, legacy);
      text(rows[1].value, fresh);
    },
  };
}
