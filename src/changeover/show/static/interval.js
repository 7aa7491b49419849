// Two error rates with their always-valid intervals on one axis: a mark and a line for each system.

import { attr, cssVar, h, keyed, text } from "./dom.js";
import { ratio } from "./format.js";

const SCALES = [0.02, 0.1, 0.3, 1];
const TICKS = new Map([
  [0.02, [0, 0.005, 0.01, 0.02]],
  [0.1, [0, 0.01, 0.03, 0.1]],
  [0.3, [0, 0.02, 0.1, 0.3]],
  [1, [0, 0.05, 0.25, 1]],
]);

/** The least axis that holds all of `verdicts`; few of them, so that it seldom changes. */
export function scaleOf(verdicts) {
  const highs = verdicts.flatMap(({ legacy, new: fresh }) => [legacy?.error_high, fresh?.error_high]);
  const high = Math.max(0, ...highs.filter(Number.isFinite));
  return SCALES.find((scale) => scale >= high) ?? 1;
}

// A square root draws small rates apart, where systems differ, and still has a zero.
const place = (value, scale) => Math.sqrt(Math.max(0, Math.min(1, value / scale)));

/** The ticks of the axis: {node, update(scale)}. */
export function makeAxis() {
  const node = h("div.interval-axis", { "aria-hidden": "true" });
  return {
    node,
    update(scale) {
      const ticks = TICKS.get(scale).map((value) => ({ value, at: place(value, scale) }));
      keyed(node, ticks, ({ at, value }) => `${at} ${value}`, makeTick);
    },
  };
}

function makeTick() {
  const label = h("small"),
    node = h("span", {}, label);
  return {
    node,
    update({ value, at }) {
      cssVar(node, "--at", at.toFixed(4));
      text(label, ratio(value));
    },
  };
}

/** Both systems of a verdict: {node, update(verdict, scale)}. */
export function makeIntervals() {
  const arms = [
    ["legacy", "Legacy"],
    ["new", "New"],
  ].map(([id, word]) => ({ id, word, ...makeArm(id) }));
  const ticks = makeAxis();
  const node = h("div.intervals", { role: "img" }, ticks.node, ...arms.map((arm) => arm.node));
  return {
    node,
    update(verdict, scale) {
      ticks.update(scale);
      for (const arm of arms) arm.update(verdict?.[arm.id], scale);
      attr(node, "aria-label", arms.map(({ id, word }) => `${word} ${words(verdict?.[id])}`).join("; "));
      attr(node, "title", node.getAttribute("aria-label"));
    },
  };
}

function words(arm) {
  if (arm?.error_rate == null) return "no data";
  return `${ratio(arm.error_rate)}, between ${ratio(arm.error_low ?? 0)} and ${ratio(arm.error_high ?? 1)}`;
}

function makeArm(id) {
  const line = h("i.interval-line"),
    mark = h("i.mark", { "data-system": id });
  const node = h("div.interval", { "data-system": id }, line, mark);
  return {
    node,
    update(arm, scale) {
      const isKnown = arm?.error_rate != null;
      node.classList.toggle("gone", !isKnown);
      if (!isKnown) return;
      cssVar(node, "--low", place(arm.error_low ?? 0, scale).toFixed(4));
      cssVar(node, "--high", place(arm.error_high ?? 1, scale).toFixed(4));
      cssVar(node, "--at", place(arm.error_rate, scale).toFixed(4));
    },
  };
}
