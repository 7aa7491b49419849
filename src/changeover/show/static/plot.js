// One chart: a uPlot with our axes, colours, legend, zoom and gaps. Knows nothing of snapshots.

import { attr, h, keyed, text } from "./dom.js";
import { clock, tick } from "./format.js";
import { Marks } from "./marks.js";

export const AXIS_FONT = '11px "Inter", "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif';
const LEFT = 54,
  RIGHT = 50;

/**
 * A chart in a card. `spec`: {id, title, note, kind: "bars"|"lines", axes: [{scale, format, floor, whole}],
 * series: [{key, label, tone, scale, format, dash}]}; the series are fixed, their data are not.
 */
export class Plot {
  #u = null;
  #spec;
  #palette;
  #zoom;
  #raw = []; // the values as they are, of each series; bars are drawn in piles
  #step = 1;
  #span = [0, 1];
  #isReadByKey = false;
  #threshold = null; // {value, scale, text}
  #host = h("div.plot");
  #stage = h("div.stage", {}, this.#host);
  #when = h("time");
  #note = h("span");
  #keys = h("ul.keys");
  #empty = h("p.empty", { hidden: "" });
  #reset = h("button.button.reset", { type: "button", hidden: "" }, "Reset zoom");
  #marks = new Marks(this.#stage);
  #observer = new ResizeObserver(() => this.#resize());

  constructor(parent, spec, palette, zoom) {
    this.#spec = spec;
    this.#palette = palette;
    this.#zoom = zoom;
    const title = h("h2", { id: `chart-${spec.id}-title` }, spec.title);
    this.node = h(
      "section.card.chart",
      { id: `chart-${spec.id}`, "aria-labelledby": title.id },
      h("div.card-head", {}, title, this.#note, this.#when, this.#reset),
      this.#keys,
      this.#stage,
    );
    this.#stage.append(this.#empty);
    parent.append(this.node);
    attr(this.#host, "tabindex", "0");
    attr(this.#host, "role", "img");
    this.#host.addEventListener("keydown", (event) => this.#onKey(event));
    this.#host.addEventListener("blur", () => this.#moveTo(null));
    this.#reset.addEventListener("click", () => zoom.set(null));
    this.#observer.observe(this.#host);
  }

  get keys() {
    return this.#spec.series.map((series) => series.key).join("\n");
  }

  /** `start`: slot starts in epoch seconds; `columns`: one list of values for each series; `marks`: see marks.js. */
  show({ start, step, note, columns, empty, threshold = null, marks = [] }) {
    this.#marks.show(marks);
    this.#raw = columns;
    this.#step = step;
    this.#threshold = threshold;
    this.#span = start.length ? [start[0], start.at(-1) + step] : [0, 1];
    text(this.#note, note);
    const middle = start.map((at) => at + step / 2);
    const drawn = this.#spec.kind === "bars" ? piled(columns) : columns;
    const data = [middle, ...drawn];
    if (this.#u === null) this.#build(data);
    else this.#update(data);
    text(this.#empty, empty);
    this.#empty.hidden = columns.some((column) =>
      column.some((value) => value !== null && (value !== 0 || this.#spec.kind !== "bars")),
    );
    this.showLegend();
    this.#describe();
  }

  #update(data) {
    const [min, max] = this.#zoom.get() ?? this.#span;
    this.#u.batch(() => {
      this.#u.setData(data, false);
      this.#u.setScale("x", { min, max });
    });
    this.#reset.hidden = this.#zoom.get() === null;
  }

  rescale() {
    if (this.#u !== null) this.#update(this.#u.data);
  }

  repaint() {
    this.#u?.redraw(false, true);
  }

  destroy() {
    this.#observer.disconnect();
    this.#u?.destroy();
    this.node.remove();
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.#host;
    if (this.#u !== null && width > 0 && (this.#u.width !== width || this.#u.height !== height))
      this.#u.setSize({ width, height });
  }

  #build(data) {
    const color = (name) => () => this.#palette.get(name);
    const { axes, series, kind } = this.#spec;
    const grid = { stroke: color("grid"), width: 1 };
    const axis = (extra) => ({ stroke: color("muted"), font: AXIS_FONT, ticks: { show: false }, ...extra });
    // Piles are drawn from the whole down to the lowest part, so the highest series comes first.
    const order = kind === "bars" ? [...series].reverse() : series;
    const options = {
      width: this.#host.clientWidth || 300,
      height: this.#host.clientHeight || 190,
      padding: [8, axes.length > 1 ? 0 : 20, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        sync: { key: "changeover", setSeries: false },
        drag: { x: true, y: false, setScale: false },
        points: kind === "lines" ? { size: 7 } : { show: false },
        bind: {
          dblclick: () => () => {
            this.#zoom.set(null);
            return null;
          },
        },
      },
      scales: {
        x: { time: true },
        ...Object.fromEntries(
          axes.map((one) => [
            one.scale,
            { range: (u, low, high) => rangeOf(high, one.floor, this.#mustShow(one.scale)) },
          ]),
        ),
      },
      axes: [
        axis({
          grid: { show: false },
          size: 26,
          gap: 6,
          space: 64,
          values: (u, at, i, space, every) => at.map((one) => tick(one, every)),
        }),
        ...axes.map((one, i) =>
          axis({
            scale: one.scale,
            side: i === 0 ? 3 : 1,
            size: i === 0 ? LEFT : RIGHT,
            gap: 6,
            space: 34,
            grid: i === 0 ? grid : { show: false },
            incrs: one.whole ? WHOLE : undefined,
            values: (u, at) => at.map(one.format),
          }),
        ),
      ],
      series: [{}, ...order.map((one) => this.#seriesOptions(one, color(one.tone)))],
      hooks: {
        setCursor: [(u) => this.#onCursor(u)],
        setSelect: [(u) => this.#onSelect(u)],
        draw: [(u) => this.#drawThreshold(u), (u) => this.#marks.draw(u, this.#palette), markFirst],
      },
    };
    this.#u = new uPlot(options, data, this.#host);
    this.#update(data);
  }

  #seriesOptions(series, stroke) {
    if (this.#spec.kind === "bars") {
      return {
        scale: series.scale,
        stroke,
        fill: this.#fillOf(series),
        width: 0,
        paths: uPlot.paths.bars({ size: [0.82, 64], align: 0 }),
        points: { show: false },
      };
    }
    const alone = (u, i) => lonely(u.data[i]);
    return {
      scale: series.scale,
      stroke,
      width: series.width ?? 1.75,
      dash: series.dash,
      spanGaps: false,
      points: { show: true, size: 4, fill: stroke, filter: alone },
    };
  }

  #fillOf({ tone }) {
    return () => this.#palette.get(`${tone}-fill`);
  }

  #mustShow(scale) {
    const threshold = this.#threshold;
    return threshold?.scale === scale && threshold.always ? threshold.value * 1.35 : 0;
  }

  #onCursor(u) {
    this.showLegend();
    this.#marks.hover(u, u.cursor.left ?? -1);
  }

  #onSelect(u) {
    const { left, width } = u.select;
    if (width < 6) return;
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.#zoom.set([u.posToVal(left, "x"), u.posToVal(left + width, "x")]);
  }

  #drawThreshold(u) {
    const threshold = this.#threshold;
    if (threshold === null || threshold.value > (u.scales[threshold.scale]?.max ?? 0)) return;
    const { ctx, bbox } = u,
      ratio = devicePixelRatio;
    const y = Math.round(u.valToPos(threshold.value, threshold.scale, true));
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = this.#palette.get("critical");
    ctx.lineWidth = ratio;
    ctx.setLineDash([4 * ratio, 4 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.font = AXIS_FONT.replace("11px", `${11 * ratio}px`);
    ctx.textAlign = "right";
    ctx.textBaseline = "bottom";
    ctx.fillText(threshold.text, bbox.left + bbox.width, y - 3 * ratio);
    ctx.restore();
  }

  /** The names, and the values under the cursor while there is one. */
  showLegend() {
    const at = this.#u?.cursor.idx ?? null;
    const start = at === null || !this.#u.data[0].length ? null : this.#u.data[0][at] - this.#step / 2;
    text(this.#when, start === null ? "" : clock(start * 1000, Date.now()));
    this.node.classList.toggle("is-read", start !== null);
    keyed(
      this.#keys,
      this.#spec.series.map((series, i) => ({
        series,
        value: start === null ? null : this.#raw[i]?.[at],
        isRead: start !== null,
      })),
      (row) => row.series.key,
      makeKey,
    );
  }

  /** The chart in a sentence: its newest values. */
  #summary() {
    const said = this.#spec.series.map((series, i) => {
      const newest = this.#raw[i].findLast((value) => value !== null);
      return `${series.label} ${newest === undefined ? "no data" : series.format(newest)}`;
    });
    const flips = this.#marks.countIn(this.#span);
    const marked = flips ? ` ${flips} ${flips === 1 ? "flip is" : "flips are"} marked.` : "";
    return `${this.#spec.title} over time. Newest: ${said.join(", ")}.${marked} Arrow keys read single values.`;
  }

  #onKey(event) {
    const last = (this.#u?.data[0].length ?? 0) - 1;
    if (last < 0) return;
    const now = this.#u.cursor.idx ?? last + 1;
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: last, Escape: null }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    if (to === null) this.#zoom.set(null);
    this.#moveTo(to === null ? null : Math.max(0, Math.min(last, to)));
  }

  #moveTo(index) {
    if (this.#u === null) return;
    const left = index === null ? -10 : this.#u.valToPos(this.#u.data[0][index], "x");
    this.#u.setCursor({ left, top: index === null ? -10 : 10 });
    this.#isReadByKey = index !== null;
    this.showLegend();
    this.#describe();
  }

  /** The chart's name: the values under a cursor set by keyboard, which updates keep, or all in all. */
  #describe() {
    const said = [...this.#keys.children]
      .map((key) =>
        [...key.children]
          .map((part) => part.textContent)
          .join(" ")
          .trim(),
      )
      .join(", ");
    attr(
      this.#host,
      "aria-label",
      this.#isReadByKey ? `${this.#when.textContent}: ${said}` : this.#summary(),
    );
  }
}

let isMarked = false;

/** For whoever measures how soon the first chart is there: seen in the browser's own timeline. */
function markFirst() {
  if (!isMarked) performance.mark("changeover:first-chart");
  isMarked = true;
}

const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7];

/** From zero to a little over the highest value, never a scale of nothing. */
function rangeOf(high, floor, must) {
  return [0, Math.max((high ?? 0) * 1.12, floor, must)];
}

/** Columns as piles for bars: the highest pile first, each with all that lies under it. */
function piled(columns) {
  const piles = [];
  let under = columns[0]?.map(() => 0) ?? [];
  for (const column of columns) {
    under = column.map((value, i) => (value ?? 0) + under[i]);
    piles.unshift(under);
  }
  return piles;
}

/** The indices of values without neighbours: no line goes through them, so they get a point. */
function lonely(values) {
  const found = [];
  for (let i = 0; i < values.length; i += 1) {
    if (values[i] != null && values[i - 1] == null && values[i + 1] == null) found.push(i);
  }
  return found;
}

function makeKey() {
  const mark = h("i.mark", { "aria-hidden": "true" }),
    label = h("span"),
    value = h("b");
  return {
    node: h("li", {}, mark, label, value),
    update({ series, value: shown, isRead }) {
      attr(mark, "data-system", series.tone);
      text(label, series.label);
      text(value, isRead ? (shown == null ? "no data" : series.format(shown)) : "");
    },
  };
}
