// How far the judge can be trusted on this bot's own traffic: false rollbacks, and how soon a fault is found.

import { attr, cssVar, h, keyed, styleSheet, text } from "./dom.js";
import { clean, clock, count, percent, ratio, span, utc } from "./format.js";

/** Kept once the panel's own style sheet applies. */
export const styled = styleSheet("calibration.css");

const $ = (id) => document.getElementById(id);
let parts = null;

/** Fills the panel of index.html, which stays hidden until there is a calibration. */
export function renderCalibration({ calibration = null }) {
  $("calibration").hidden = calibration === null;
  if (calibration === null) return;
  parts ??= build();
  const { detections, false_runs: runs, false_rollbacks: wrong, false_high: high, alpha } = calibration;
  text(parts.when, `made ${clock(calibration.at, Date.now())}`);
  attr(parts.when, "title", utc(calibration.at));
  text(parts.wrong, `${count(wrong)} of ${count(runs)}`);
  const chance = runs * alpha + 3 * Math.sqrt(runs * alpha); // more of them are no bad luck
  attr(parts.verdict, "data-tone", wrong > chance ? "warning" : "ok");
  text(parts.bound, `runs without a fault were rolled back: at most ${ratio(high)}, asked for ${ratio(alpha)}`);
  const { share_percent: share, commands, history, executions } = calibration;
  text(parts.how, `${percent(share)} on the new system, ${count(commands)} commands, drawn from ${count(history)} executions of legacy, ${count(executions)} a run`);
  const most = Math.max(10, ...detections.flatMap(({ median, p90 }) => [median ?? 0, p90 ?? 0]));
  const powers = Math.ceil(Math.log10(most));
  const ticks = Array.from({ length: powers + 1 }, (_, power) => ({ value: 10 ** power, at: power / powers }));
  keyed(parts.axis, ticks, ({ value, at }) => `${value} ${at}`, makeTick);
  keyed(parts.rows, detections.map((one) => ({ ...one, powers })), ({ fault }) => fault, makeDetection);
}

function build() {
  const wrong = h("b"),
    bound = h("span"),
    when = h("time.quiet"),
    how = h("p.quiet"),
    rows = h("ul.detections", { "aria-label": "How soon a fault is found" }),
    axis = h("div.detection-axis", { "aria-hidden": "true" });
  const verdict = h("p.calibration-wrong", {}, wrong, bound);
  const legend = h("p.detection-legend", {}, "Executions of the new system until it is found ", h("i.detection-half", { "aria-hidden": "true" }), "in half of the runs ", h("i.detection-most", { "aria-hidden": "true" }), "in nine of ten");
  $("calibration").querySelector(".panel-head").append(when);
  $("calibration").append(h("div.calibration-text", {}, verdict, how), legend, h("div.detection-head", { "aria-hidden": "true" }, axis), rows);
  return { wrong, bound, verdict, when, how, rows, axis };
}

function makeTick() {
  const label = h("small"),
    node = h("span", {}, label);
  return {
    node,
    update({ value, at }) {
      cssVar(node, "--at", at.toFixed(4));
      text(label, count(value));
    },
  };
}

function makeDetection() {
  const name = h("span.detection-name"),
    figure = h("b"),
    detail = h("small"),
    bar = h("i.detection-bar"),
    line = h("i.detection-line");
  const track = h("span.detection-track", { "aria-hidden": "true" }, bar, line);
  const node = h("li", {}, name, track, h("span.detection-figure", {}, figure, detail));
  return {
    node,
    update(one) {
      const { median, p90, powers, found, runs } = one;
      const place = (value) => (Math.log10(Math.max(1, value)) / powers).toFixed(4);
      text(name, clean(one.fault));
      bar.hidden = median === null;
      line.hidden = median === null || p90 === null;
      if (!bar.hidden) cssVar(track, "--half", place(median));
      if (!line.hidden) cssVar(track, "--most", place(p90));
      attr(node, "data-tone", found * 2 < runs ? "warning" : null);
      text(figure, median === null ? `${count(found)} of ${count(runs)} runs` : count(median));
      text(detail, detailOf(one));
      attr(node, "title", titleOf(one));
    },
  };
}

function detailOf({ median, median_hours: hours, found, runs }) {
  if (median === null) return "found too seldom";
  const about = hours === null ? "" : `about ${span(Math.max(60, hours * 3600))}`;
  const missed = found < runs ? `found in ${count(found)} of ${count(runs)}` : "";
  return [about, missed].filter(Boolean).join(", ");
}

function titleOf({ fault, found, runs, median, p90, p90_hours: hours, misplaced }) {
  const slow = p90 === null ? "" : `; nine of ten within ${count(p90)}${hours === null ? "" : `, about ${span(Math.max(60, hours * 3600))}`}`;
  const half = median === null ? "" : `, half within ${count(median)} executions${slow}`;
  return `${clean(fault)}: found in ${count(found)} of ${count(runs)} runs${half}${misplaced ? `; in ${count(misplaced)} another command was blamed` : ""}`;
}
