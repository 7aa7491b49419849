// The four charts over time, on one cursor and one zoom.

import { clean, compact, count, mb, ms, ratio, span } from "./format.js";
import { mapOf } from "./model.js";
import { marksOf } from "./marks.js";
import { Palette } from "./palette.js";
import { Plot } from "./plot.js";

/** Memory and lag are sampled so often; one sample missed is a gap. */
const SAMPLE_EVERY_S = 30;
const NO_COLUMNS = { count: [], error_rate: [], p50_ms: [], p95_ms: [] };

/** The part of the time axis somebody chose, shared by all charts; null for all of it. */
class Zoom {
  #range = null;

  constructor(onChange) {
    this.onChange = onChange;
  }

  get() {
    return this.#range;
  }

  set(range) {
    this.#range = range;
    this.onChange();
  }
}

export class Charts {
  #parent;
  #plots = new Map();
  #palette = new Palette();
  #zoom = new Zoom(() => this.#each((plot) => plot.rescale()));

  #prefix;
  #hasRuntime;

  /** `prefix` tells the charts of two places apart; those of one command have no memory and lag. */
  constructor(parent, { prefix = "", hasRuntime = true } = {}) {
    this.#parent = parent;
    this.#prefix = prefix;
    this.#hasRuntime = hasRuntime;
  }

  render({ timeline, alerts, flips = [], unavailable = [] }, systems) {
    const shown = systems.map((system) => ({
      ...system,
      columns: mapOf(timeline.systems).get(system.id) ?? NO_COLUMNS,
    }));
    const { error_rate: errorRate, response_time_ms: responseTime, memory_mb: memory } = alerts.thresholds;
    const empty = unavailable.includes("timeline")
      ? "The store is away: no history for now"
      : "No data in this window";
    const base = { start: timeline.start, step: timeline.step_s, empty, marks: marksOf(flips) };
    const step = span(timeline.step_s);
    const note = `${step} steps`;
    const perSystem = (column) => shown.map(({ columns }) => filled(columns[column], timeline.start));

    this.#plot(commandsSpec(shown)).show({ ...base, note: `per ${step}`, columns: perSystem("count") });
    this.#plot(responseSpec(shown)).show({
      ...base,
      note: `p95, ${note}`,
      columns: perSystem("p95_ms"),
      threshold: line(responseTime, "y", ms),
    });
    this.#plot(errorSpec(shown)).show({
      ...base,
      note,
      columns: perSystem("error_rate"),
      threshold: line(errorRate, "y", ratio, true),
    });
    if (!this.#hasRuntime) return;
    this.#plot(RUNTIME).show({
      ...base,
      note,
      columns: [timeline.memory_mb, timeline.loop_lag_ms].map((column) =>
        held(filled(column, timeline.start), SAMPLE_EVERY_S / timeline.step_s),
      ),
      threshold: line(memory, "y", mb),
    });
  }

  destroy() {
    this.#each((plot) => plot.destroy());
    this.#plots.clear();
  }

  repaint() {
    this.#palette.forget();
    this.#each((plot) => plot.repaint());
  }

  forgetZoom() {
    this.#zoom.set(null);
  }

  /** The chart of this spec; made anew when its series are others than before. */
  #plot(spec) {
    const known = this.#plots.get(spec.id);
    if (known && known.keys === spec.series.map((series) => series.key).join("\n")) return known;
    const named = { ...spec, id: `${this.#prefix}${spec.id}` };
    const plot = new Plot(this.#parent, named, this.#palette, this.#zoom);
    if (known) {
      known.node.before(plot.node);
      known.destroy();
    }
    this.#plots.set(spec.id, plot);
    return plot;
  }

  #each(action) {
    for (const plot of this.#plots.values()) action(plot);
  }
}

/** As many values as there are slots, null where the answer has none. */
const filled = (values, start) => start.map((_, i) => values?.[i] ?? null);

/** Each value kept until the next sample is due, so that short steps show a line and not dots. */
const held = (values, slots) => {
  let left = 0;
  let last = null;
  return values.map((value) => {
    if (value == null) return left-- > 0 ? last : null;
    [last, left] = [value, Math.ceil(slots)];
    return value;
  });
};

const line = (value, scale, format, always = false) =>
  value == null ? null : { value, scale, always, text: `alert above ${format(value)}` };

const seriesOf = (systems, format) =>
  systems.map((system) => ({
    key: system.id,
    label: clean(system.label),
    tone: system.tone,
    scale: "y",
    format,
  }));

const commandsSpec = (systems) => ({
  id: "commands",
  title: "Commands",
  kind: "bars",
  axes: [{ scale: "y", format: compact, floor: 5, whole: true }],
  series: seriesOf(systems, count),
});

const responseSpec = (systems) => ({
  id: "response",
  title: "Response time",
  kind: "lines",
  axes: [{ scale: "y", format: ms, floor: 10 }],
  series: seriesOf(systems, ms),
});

const errorSpec = (systems) => ({
  id: "errors",
  title: "Error rate",
  kind: "lines",
  axes: [{ scale: "y", format: ratio, floor: 0.001 }],
  series: seriesOf(systems, ratio),
});

const RUNTIME = {
  id: "runtime",
  title: "Memory and event loop lag",
  kind: "lines",
  axes: [
    { scale: "y", format: mb, floor: 16 },
    { scale: "lag", format: ms, floor: 10 },
  ],
  series: [
    { key: "memory", label: "Memory", tone: "memory", scale: "y", format: mb },
    { key: "lag", label: "Loop lag", tone: "lag", scale: "lag", format: ms, dash: [5, 3] },
  ],
};
