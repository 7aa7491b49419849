// The evidence for a roll back over time, on a log scale, against the line at which it acts.

import { attr, h, text } from "./dom.js";
import { odds } from "./move.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 160,
  HEIGHT = 36;

function shape(tag, className) {
  const node = document.createElementNS(SVG, tag);
  node.setAttribute("class", className);
  return node;
}

/** {node, update(verdict)}: the curve, and under it the odds in words. */
export function makeSpark() {
  const area = shape("path", "spark-area"),
    line = shape("path", "spark-line"),
    limit = shape("path", "spark-limit"),
    svg = shape("svg", "spark-picture");
  attr(svg, "viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  attr(svg, "preserveAspectRatio", "none");
  attr(svg, "aria-hidden", "true");
  svg.append(area, line, limit);
  const value = h("b"),
    needed = h("span");
  const node = h("div.spark", { role: "img" }, svg, h("p.spark-words", { "aria-hidden": "true" }, value, needed));
  return {
    node,
    update(verdict) {
      const found = verdict?.rollback;
      const isOver = found != null && found.value >= found.threshold;
      attr(node, "data-tone", isOver ? "critical" : "none");
      text(value, found ? odds(found.value) : "no evidence yet");
      text(needed, found ? `acts at ${odds(found.threshold)}` : "");
      attr(node, "aria-label", found ? `Evidence for a roll back: ${odds(found.value)}; it acts at ${odds(found.threshold)}` : "No evidence yet");
      draw(verdict?.curve ?? [], Math.log10(found?.threshold || 1), { area, line, limit });
    },
  };
}

function draw(curve, threshold, { area, line, limit }) {
  const points = curve.filter(([at, value]) => Number.isFinite(at) && Number.isFinite(value));
  const values = points.map(([, value]) => value);
  const low = Math.min(-0.6, ...values),
    high = Math.max(threshold * 1.12, 1, ...values.map((value) => value * 1.05));
  const y = (value) => (HEIGHT - 1 - ((value - low) / (high - low)) * (HEIGHT - 2)).toFixed(1);
  attr(limit, "d", `M0 ${y(threshold)}H${WIDTH}`);
  if (points.length < 2) {
    attr(line, "d", `M0 ${y(values[0] ?? 0)}H${WIDTH}`);
    attr(area, "d", "");
    return;
  }
  const [first, last] = [points[0][0], points.at(-1)[0]];
  const x = (at) => (((at - first) / (last - first || 1)) * WIDTH).toFixed(1);
  const path = points.map(([at, value], i) => `${i ? "L" : "M"}${x(at)} ${y(value)}`).join("");
  attr(line, "d", path);
  attr(area, "d", `${path}V${HEIGHT}H0Z`);
}
