// The figures of both systems side by side.

import { attr, h, keyed, text } from "./dom.js";
import { change, clean, count, ms, ratio } from "./format.js";
import { makeIntervals, scaleOf } from "./interval.js";
import { difference, verdictOn } from "./model.js";

const ROWS = [
  { key: "total", label: "Executions", say: count },
  { key: "errors", label: "Errors", say: count },
  { key: "error_rate", label: "Error rate", say: ratio },
  { key: "p50_ms", label: "p50", say: ms, isTime: true },
  { key: "p95_ms", label: "p95", say: ms, isTime: true },
  { key: "p99_ms", label: "p99", say: ms, isTime: true },
  { key: "max_ms", label: "Slowest", say: ms, isTime: true },
];

export function makeVersus() {
  const heads = ["legacy", "new"].map((id) => h("th", { scope: "col" }, h("div", {}, h("i.mark", { "data-system": id, "aria-hidden": "true" }), h("span"))));
  const body = h("tbody");
  const rates = makeIntervals();
  const title = h("h2", { id: "versus-title" }, "Both systems");
  const node = h(
    "section.card.chart.versus",
    { "aria-labelledby": title.id },
    h("div.card-head", {}, title),
    h("table", { "aria-labelledby": title.id }, h("thead", {}, h("tr", {}, h("td"), ...heads, h("th", { scope: "col" }, "Change"))), body),
    h("div.versus-rates", {}, h("p.quiet", {}, "Error rates as the judge sees them, with intervals that hold however often one looks"), rates.node),
  );
  return {
    node,
    update({ legacy, fresh, names, verdict }) {
      names.forEach((name, i) => text(heads[i].querySelector("span"), clean(name)));
      keyed(body, ROWS.map((row) => ({ ...row, legacy, fresh })), ({ key }) => key, makeRow);
      rates.node.parentElement.hidden = !verdict;
      if (verdict) rates.update(verdict, scaleOf([verdict]));
    },
  };
}

function makeRow({ label }) {
  const cells = [h("td"), h("td"), h("td")];
  return {
    node: h("tr", {}, h("th", { scope: "row" }, label), ...cells),
    update({ key, say, isTime, legacy, fresh }) {
      text(cells[0], say(legacy?.[key]));
      text(cells[1], say(fresh?.[key]));
      const delta = isTime ? difference(fresh?.[key], legacy?.[key]) : null;
      text(cells[2], isTime ? change(delta) : "");
      const { tone, word } = verdictOn(delta, Math.min(fresh?.total ?? 0, legacy?.total ?? 0));
      attr(cells[2], "data-tone", isTime ? tone : null);
      attr(cells[2], "title", isTime ? word : null);
    },
  };
}
