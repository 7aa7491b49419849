// Flips on a chart over time: thin lines, and what each was for whoever points at it.

import { attr, h, keyed, text } from "./dom.js";
import { clean, clock } from "./format.js";
import { actorName, readFlip, subjectName } from "./move.js";

const NEAR_PX = 6;
const MOST = 3; // labels at once

/** Flips of shares and stops as marks: [{at (epoch seconds), tone, words}]. */
export const marksOf = (flips) =>
  (flips ?? [])
    .filter(({ subject }) => /^(flag|stage|stop)\b/.test(String(subject ?? "")))
    .map((flip) => {
      const { tone, word, old, new: now } = readFlip(flip);
      const name = subjectName(flip.subject);
      const told = word.includes("top") ? word : `${word}: ${name} ${old} → ${now}`;
      const why = flip.reason ? ` “${clean(flip.reason)}”` : "";
      return { at: Date.parse(flip.at) / 1000, tone, words: `${told}, by ${actorName(flip.actor)}${why}` };
    })
    .filter(({ at }) => Number.isFinite(at));

export class Marks {
  #marks = [];
  #list = h("ul.mark-words", { hidden: "" });

  constructor(host) {
    host.append(this.#list);
  }

  show(marks) {
    this.#marks = marks;
  }

  /** How many there are in [from, to], for the chart's sentence. */
  countIn([from, to]) {
    return this.#marks.filter(({ at }) => at >= from && at <= to).length;
  }

  draw(u, palette) {
    const { ctx, bbox } = u,
      ratio = devicePixelRatio,
      { min, max } = u.scales.x;
    ctx.save();
    ctx.lineWidth = ratio;
    for (const { at, tone } of this.#marks) {
      if (at < min || at > max) continue;
      const x = Math.round(u.valToPos(at, "x", true)) + 0.5;
      ctx.strokeStyle = ctx.fillStyle = palette.get(tone === "none" ? "muted" : tone);
      ctx.setLineDash(tone === "critical" ? [] : [2 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      flag(ctx, x, bbox.top, ratio, tone);
    }
    ctx.restore();
  }

  /** Says what is near the cursor; `left` is its place in CSS pixels, negative for none. */
  hover(u, left) {
    const near = this.#marks.filter(({ at }) => left >= 0 && Math.abs(u.valToPos(at, "x") - left) <= NEAR_PX);
    this.#list.hidden = near.length === 0;
    if (near.length === 0) return;
    const isRight = left > u.over.clientWidth / 2;
    attr(this.#list, "data-side", isRight ? "right" : "left");
    this.#list.style.setProperty("--x", `${u.over.offsetLeft + left}px`);
    keyed(this.#list, near.slice(0, MOST), ({ at, words }) => `${at} ${words}`, makeLabel);
  }
}

/** A small flag on top of the line; upwards for a step up, downwards for a step back. */
function flag(ctx, x, top, ratio, tone) {
  const size = 4 * ratio;
  const [tip, base] = tone === "ok" ? [top, top + size * 1.5] : [top + size * 1.5, top];
  ctx.beginPath();
  ctx.moveTo(x, tip);
  ctx.lineTo(x - size, base);
  ctx.lineTo(x + size, base);
  ctx.closePath();
  ctx.fill();
}

function makeLabel() {
  const when = h("time"),
    words = h("span"),
    node = h("li", {}, when, words);
  return {
    node,
    update(mark) {
      attr(node, "data-tone", mark.tone);
      text(when, clock(mark.at * 1000, Date.now()));
      text(words, mark.words);
    },
  };
}
