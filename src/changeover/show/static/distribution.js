// Both systems' response times over each other: how many calls took how long, on a log axis.

import { attr, h, keyed, text } from "./dom.js";
import { ms } from "./format.js";
import { AXIS_FONT } from "./plot.js";

const BINS_A_DECADE = 14;
const TICKS = [1, 2, 5];
const LEFT = 16,
  RIGHT = 16,
  TOP = 34,
  BOTTOM = 24;

const binOf = (value) => Math.floor(Math.log10(value) * BINS_A_DECADE);
const edgeOf = (bin) => 10 ** (bin / BINS_A_DECADE);

/** Counts by bin, as parts of all, so that ten calls and ten thousand have the same height. */
function partsOf(distribution) {
  const bins = new Map();
  let total = 0;
  for (const [upper, count] of distribution ?? []) {
    if (!(upper > 0) || !(count > 0)) continue;
    bins.set(binOf(upper), (bins.get(binOf(upper)) ?? 0) + count);
    total += count;
  }
  for (const [bin, count] of bins) bins.set(bin, count / total);
  return bins;
}

export class Distribution {
  #canvas = h("canvas");
  #empty = h("p.empty", { hidden: "" }, "No executions in this window");
  #keys = h("ul.keys");
  #stage = h("div.stage.distribution", { role: "img" }, this.#canvas, this.#empty);
  #palette;
  #shown = [];

  constructor(palette) {
    this.#palette = palette;
    const title = h("h2", { id: "distribution-title" }, "How long calls take");
    this.node = h(
      "section.card.chart",
      { id: "distribution", "aria-labelledby": title.id },
      h("div.card-head", {}, title, h("span", {}, "part of all calls, log scale")),
      this.#keys,
      this.#stage,
    );
    new ResizeObserver(() => this.draw()).observe(this.#stage);
  }

  /** `systems`: [{tone, label, distribution, p50, p95}] in milliseconds. */
  show(systems) {
    this.#shown = systems.map((system) => ({ ...system, bins: partsOf(system.distribution) }));
    keyed(this.#keys, this.#shown, ({ tone }) => tone, makeKey);
    this.#empty.hidden = this.#shown.some(({ bins }) => bins.size > 0);
    const said = this.#shown.map(({ label, p50, p95 }) => `${label}: half within ${ms(p50)}, 95% within ${ms(p95)}`);
    attr(this.#stage, "aria-label", `How long calls take. ${said.join("; ")}.`);
    this.draw();
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.#stage;
    const ratio = devicePixelRatio;
    if (!(width > 0)) return;
    if (this.#canvas.width !== Math.round(width * ratio)) this.#canvas.width = Math.round(width * ratio);
    if (this.#canvas.height !== Math.round(height * ratio)) this.#canvas.height = Math.round(height * ratio);
    const ctx = this.#canvas.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    const bins = this.#shown.flatMap((one) => [...one.bins.keys()]);
    if (bins.length === 0) return;
    const first = Math.min(...bins) - 1,
      last = Math.max(...bins) + 2;
    const top = Math.max(...this.#shown.flatMap((one) => [...one.bins.values()]));
    const scale = {
      x: (bin) => LEFT + ((bin - first) / (last - first)) * (width - LEFT - RIGHT),
      y: (part) => height - BOTTOM - (part / top) * (height - TOP - BOTTOM),
      first,
      last,
      ground: height - BOTTOM,
    };
    this.#drawAxis(ctx, scale, width);
    for (const system of this.#shown) this.#drawHill(ctx, scale, system);
    this.#shown.forEach((system, row) => this.#drawNeedles(ctx, scale, system, row));
    this.#shown.forEach((system, row) => this.#drawWords(ctx, scale, system, row));
  }

  #drawAxis(ctx, { x, first, last, ground }, width) {
    ctx.font = AXIS_FONT;
    ctx.textAlign = "center";
    ctx.textBaseline = "top";
    ctx.strokeStyle = this.#palette.get("grid");
    ctx.fillStyle = this.#palette.get("muted");
    ctx.setLineDash([]);
    let free = -Infinity;
    for (let decade = Math.floor(first / BINS_A_DECADE); decade <= last / BINS_A_DECADE; decade += 1) {
      for (const tick of TICKS) {
        const value = tick * 10 ** decade;
        const at = x(Math.log10(value) * BINS_A_DECADE);
        if (at < LEFT || at > width - RIGHT) continue;
        ctx.beginPath();
        ctx.moveTo(at, TOP);
        ctx.lineTo(at, ground + 3);
        ctx.stroke();
        if (at - free < 46) continue;
        ctx.fillText(ms(value), at, ground + 7);
        free = at;
      }
    }
  }

  #drawHill(ctx, { x, y, first, last, ground }, { tone, bins }) {
    if (bins.size === 0) return;
    ctx.beginPath();
    ctx.moveTo(x(first), ground);
    for (let bin = first; bin < last; bin += 1) {
      ctx.lineTo(x(bin), y(bins.get(bin) ?? 0));
      ctx.lineTo(x(bin + 1), y(bins.get(bin) ?? 0));
    }
    ctx.lineTo(x(last), ground);
    ctx.globalAlpha = 0.22;
    ctx.fillStyle = this.#palette.get(tone);
    ctx.fill();
    ctx.globalAlpha = 1;
    ctx.strokeStyle = this.#palette.get(tone);
    ctx.lineWidth = 1.75;
    ctx.setLineDash(tone === "legacy" ? [5, 3] : []);
    ctx.stroke();
  }

  /** p50 and p95 as lines through the hill. */
  #drawNeedles(ctx, { x, ground }, { tone, ...values }, row) {
    ctx.strokeStyle = this.#palette.get(tone);
    ctx.lineWidth = 1.25;
    ctx.setLineDash(tone === "legacy" ? [5, 3] : []);
    for (const [, at] of needlesOf(values, x)) {
      ctx.beginPath();
      ctx.moveTo(at, 4 + row * 14);
      ctx.lineTo(at, ground);
      ctx.stroke();
    }
  }

  #drawWords(ctx, { x }, { tone, ...values }, row) {
    ctx.textBaseline = "top";
    for (const [words, at] of needlesOf(values, x)) this.#label(ctx, words, at + 4, 3 + row * 14, tone);
  }

  /** On the ground of the card, so that no other needle runs through the words. */
  #label(ctx, words, x, y, tone) {
    ctx.textAlign = "left";
    ctx.fillStyle = this.#palette.get("surface");
    ctx.fillRect(x - 2, y - 1, ctx.measureText(words).width + 4, 13);
    ctx.fillStyle = this.#palette.get(tone);
    ctx.fillText(words, x, y);
  }
}

/** [words, place] of those that are known. */
const needlesOf = ({ p50, p95 }, x) =>
  Object.entries({ p50, p95 })
    .filter(([, value]) => value > 0)
    .map(([name, value]) => [`${name} ${ms(value)}`, x(Math.log10(value) * BINS_A_DECADE)]);

function makeKey() {
  const mark = h("i.mark", { "aria-hidden": "true" }),
    label = h("span");
  return {
    node: h("li", {}, mark, label),
    update(system) {
      attr(mark, "data-system", system.tone);
      text(label, system.label);
    },
  };
}
