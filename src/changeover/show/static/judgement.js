// What the judge says of one command and why: each test's evidence as a bar against its threshold.

import { makeVerdict } from "./board.js";
import { attr, cssVar, h, icon, keyed, text } from "./dom.js";
import { clean, count, span } from "./format.js";
import { odds } from "./move.js";
import { makeSpark } from "./spark.js";

const TESTS = new Map([
  ["errors", "Fails more often than legacy"],
  ["error_limit", "Fails more often than allowed"],
  ["latency", "Is slower than legacy"],
  ["no_worse_errors", "Fails no more often than legacy"],
  ["no_slower_median", "Half of the calls are as fast as on legacy"],
  ["no_slower_p95", "The slow calls are as fast as on legacy"],
  ["slower_than_wished", "Is slower than wished, short of a roll back"],
  ["user_errors", "Refuses users more or less often than legacy"],
  ["no_worse_latency", "Is no slower than legacy"],
  ["within_error_limit", "Stays below the allowed failures"],
]);
/** What only warns: no roll back follows from it. */
const WARNS = new Set(["slower_than_wished", "user_errors"]);
const testWords = (name) => TESTS.get(name) ?? clean(name).replaceAll("_", " ");

export function makeJudgement() {
  const said = makeVerdict(),
    spark = makeSpark(),
    missing = h("p.quiet"),
    concerns = h("ul.concerns"),
    body = h("tbody"),
    none = h("p.empty", {}, "The judge has not seen an execution of this command yet");
  const heads = ["What would be true", "Evidence", "Needs"].map((label) => h("th", { scope: "col" }, label));
  const table = h("table.evidence", { "aria-label": "Evidence" }, h("thead", {}, h("tr", {}, ...heads)), body);
  const title = h("h2", { id: "judgement-title" }, "What the judge says");
  const mode = h("span");
  const node = h(
    "section.card.chart.judgement",
    { "aria-labelledby": title.id },
    h("div.card-head", {}, title, mode),
    h("div.judgement-said", {}, said.node, missing, concerns),
    table,
    spark.node,
    none,
  );
  return {
    node,
    update(verdict) {
      const isThere = verdict != null;
      for (const part of [said.node, table, spark.node]) part.hidden = !isThere;
      none.hidden = isThere;
      text(mode, isThere ? (verdict.mode === "baseline" ? "against legacy as it was recorded: weaker" : "against legacy beside it") : "");
      text(missing, missingWords(verdict));
      missing.hidden = !missing.textContent;
      keyed(concerns, verdict?.concerns ?? [], (concern) => concern, makeConcern);
      if (!isThere) return;
      said.update(verdict);
      spark.update(verdict);
      keyed(body, verdict.evidence ?? [], ({ name }) => name, makeTest);
    },
  };
}

function missingWords(verdict) {
  if (!(verdict?.missing > 0)) return "";
  const when = verdict.eta_s == null ? "" : `, about ${span(verdict.eta_s)} at today's rate`;
  return `Still missing: ${count(verdict.missing)} ${verdict.missing === 1 ? "execution" : "executions"} of the new system${when}`;
}

function makeConcern() {
  const words = h("span");
  return { node: h("li", { "data-tone": "warning" }, icon("warning"), words), update: (concern) => text(words, clean(concern)) };
}

/** On a log scale from 1 (says nothing) to the threshold and a third beyond. */
function fill(value, threshold) {
  if (!(value > 1)) return 0;
  return Math.min(1, (Math.log(value) / Math.log(Math.max(threshold, 1.0001))) * 0.75);
}

function makeTest() {
  const name = h("span"),
    bar = h("span.evidence-bar", { "aria-hidden": "true" }),
    value = h("b"),
    needed = h("span.quiet");
  const node = h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, h("div", {}, bar, value)), h("td", {}, needed));
  return {
    node,
    update(test) {
      const isOver = test.value >= test.threshold;
      const isGood = /^(no_|within_)/.test(test.name);
      text(name, testWords(test.name));
      attr(node, "data-tone", isOver ? (isGood ? "ok" : WARNS.has(test.name) ? "warning" : "critical") : "none");
      cssVar(bar, "--size", fill(test.value, test.threshold).toFixed(3));
      text(value, odds(test.value));
      text(needed, `${odds(test.threshold)}${isOver ? ", reached" : ""}`);
    },
  };
}
