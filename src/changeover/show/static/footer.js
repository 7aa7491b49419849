// The line at the bottom: whose numbers these are, of when, and what is missing in them.

import { attr, h, icon, keyed, text } from "./dom.js";
import { clean, clock, count, utc } from "./format.js";
import { mapOf } from "./model.js";

const $ = (id) => document.getElementById(id);

export function renderFooter({ instance, version, as_of: asOf, window, dropped }) {
  const lost = [...mapOf(dropped)].filter(([, times]) => times > 0);
  keyed(
    $("footer"),
    [
      { key: "instance", label: "Instance", value: clean(instance) },
      { key: "version", label: "Version", value: clean(version) },
      { key: "as of", label: "As of", value: clock(asOf, Date.now()), title: utc(asOf) },
      {
        key: "counted",
        label: "Counted",
        value: `${clock(window.counted_from, Date.now())} – ${clock(window.counted_to, Date.now())}, exact to the ${clean(window.exact_to)}`,
        title: `${utc(window.counted_from)} – ${utc(window.counted_to)}`,
      },
      {
        key: "dropped",
        label: "Dropped",
        value: lost.length
          ? lost.map(([reason, times]) => `${count(times)} ${clean(reason).replaceAll("_", " ")}`).join(", ")
          : "none",
        tone: lost.length ? "warning" : null,
      },
    ],
    (row) => row.key,
    makeFact,
  );
}

function makeFact() {
  const mark = icon("warning"),
    label = h("span.quiet"),
    value = h("span");
  const node = h("span.fact", {}, mark, label, value);
  return {
    node,
    update(fact) {
      text(label, fact.label);
      text(value, fact.value);
      attr(value, "title", fact.title);
      attr(node, "data-tone", fact.tone);
      mark.classList.toggle("gone", !fact.tone);
    },
  };
}
