// The status cards.

import { attr, cssVar, h, icon, keyed, setIcon, text } from "./dom.js";
import { ago, clean, count, mb, ms, parts, percent, rate, ratio, times } from "./format.js";
import { difference, rateTone, statsOf, verdictOn } from "./model.js";

const $ = (id) => document.getElementById(id);

/** Title, figures, a line of judgement, a bar, and rows of name and value. */
class Card {
  #figures = h("p.figure");
  #chip = h("p.chip", {}, icon("none"), h("span"));
  #bar = h("div.bar", { "aria-hidden": "true" });
  #rows = h("dl.rows");

  constructor(id, title) {
    this.node = h(
      "section.card.stat",
      { id: `card-${id}`, "aria-labelledby": `card-${id}-title` },
      h("div.card-head", {}, h("h2", { id: `card-${id}-title` }, title), this.#chip),
      this.#figures,
      this.#bar,
      this.#rows,
    );
    $("cards").append(this.node);
  }

  /** `figures`: [{parts, caption}]; `chip`: {tone, icon, text} or null; `bar`: [{key, tone, size}]; `rows`: see rowOf. */
  show({ figures, chip = null, bar = [], rows = [], tone = "" }) {
    const shown = figures.some((figure) => figure.parts[0] !== "–")
      ? figures
      : [{ parts: ["No data", ""], none: true }];
    attr(this.node, "data-tone", shown === figures ? tone : "none");
    keyed(this.#figures, shown, (figure) => figure.caption ?? "", makeFigure);
    this.#chip.hidden = chip === null;
    if (chip) {
      attr(this.#chip, "data-tone", chip.tone);
      setIcon(this.#chip.firstElementChild, chip.icon);
      text(this.#chip.lastElementChild, chip.text);
    }
    this.#bar.hidden = bar.length === 0;
    keyed(this.#bar, bar, (piece) => piece.key, makePiece);
    keyed(this.#rows, rows, (row) => row.key, makeRow);
  }
}

function makeFigure(first) {
  const value = h("b"),
    unit = h("i"),
    caption = h("small");
  const node = h("span", {}, h("span.number", {}, value, unit), caption);
  node.classList.toggle("none", Boolean(first.none));
  return {
    node,
    update(figure) {
      text(value, figure.parts[0]);
      text(unit, figure.parts[1]);
      text(caption, figure.caption);
    },
  };
}

function makePiece() {
  const node = h("i");
  return {
    node,
    update({ tone, size }) {
      attr(node, "data-system", tone);
      cssVar(node, "--size", String(Math.max(0, Math.min(1, size))));
    },
  };
}

/** A line of a definition list: {label, value, more, title, system}. */
export function makeRow() {
  const mark = h("i.mark", { "aria-hidden": "true" }),
    label = h("span"),
    value = h("b"),
    more = h("small");
  const node = h("div", {}, h("dt", {}, mark, label), h("dd", {}, value, more));
  return {
    node,
    update(row) {
      mark.hidden = !row.system;
      attr(mark, "data-system", row.system);
      text(label, row.label);
      attr(node, "title", row.title);
      text(value, row.value);
      text(more, row.more);
    },
  };
}

const cards = new Map();

function card(id, title) {
  if (!cards.has(id)) cards.set(id, new Card(id, title));
  return cards.get(id);
}

/** A row for each system: `say(stats)` gives {value, more}. */
const perSystem = (snapshot, systems, say) =>
  systems.map((system) => ({
    key: `system:${system.id}`,
    system: system.tone,
    label: clean(system.name),
    title: clean(system.label),
    ...say(statsOf(snapshot.by_system, system.id)),
  }));

export function renderCards(snapshot, systems) {
  renderCommands(snapshot, systems);
  renderResponse(snapshot, systems);
  renderErrors(snapshot, systems);
  renderMemory(snapshot);
  renderLag(snapshot);
}

function renderCommands(snapshot, systems) {
  const { total } = snapshot.totals;
  const share = (stats) => (total > 0 ? stats.total / total : null);
  card("commands", "Commands").show({
    figures: [
      { parts: parts.count(total > 0 ? total : null), caption: rate(total / snapshot.window.seconds) },
    ],
    bar: systems.map((system) => ({
      key: system.id,
      tone: system.tone,
      size: share(statsOf(snapshot.by_system, system.id)) ?? 0,
    })),
    rows: perSystem(snapshot, systems, (stats) => ({
      value: count(stats.total),
      more: total > 0 ? ratio(Math.round(share(stats) * 1000) / 1000) : "",
    })),
  });
}

function renderResponse(snapshot, systems) {
  const { totals, systems: names } = snapshot;
  const legacy = statsOf(snapshot.by_system, names.legacy),
    fresh = statsOf(snapshot.by_system, names.new);
  const delta = difference(fresh.p95_ms, legacy.p95_ms);
  const verdict = verdictOn(delta, Math.min(fresh.total, legacy.total));
  card("response", "Response time").show({
    figures: [
      { parts: parts.ms(totals.p50_ms), caption: "p50" },
      { parts: parts.ms(totals.p95_ms), caption: "p95" },
    ],
    chip:
      delta === null
        ? null
        : { tone: verdict.tone, icon: verdict.icon ?? "none", text: `New ${relation(delta)}` },
    rows: perSystem(snapshot, systems, (stats) => ({
      value: ms(stats.p95_ms),
      more: `p50 ${ms(stats.p50_ms)}`,
    })),
  });
}

/** A difference of latency in words: in percent, or in times from double on. */
function relation(delta) {
  const percents = Math.round(Math.abs(delta) * 100);
  if (percents === 0) return "equally fast";
  if (delta >= 1) return `${times(delta)} slower`;
  return `${percents}% ${delta > 0 ? "slower" : "faster"}`;
}

function renderErrors(snapshot, systems) {
  const threshold = snapshot.alerts.thresholds.error_rate;
  const { error_rate: value, errors } = snapshot.totals;
  const tone = rateTone(value, threshold);
  const chips = {
    ok: { tone, icon: "check", text: `within ${ratio(threshold)}` },
    critical: { tone, icon: "critical", text: `above ${ratio(threshold)}` },
    none: null,
  };
  card("errors", "Error rate").show({
    figures: [
      { parts: parts.ratio(value), caption: `${count(errors)} ${errors === 1 ? "error" : "errors"}` },
    ],
    tone: tone === "critical" ? tone : "",
    chip: threshold == null ? null : chips[tone],
    rows: perSystem(snapshot, systems, (stats) => ({
      value: ratio(stats.error_rate),
      more: `${count(stats.errors)} of ${count(stats.total)}`,
    })),
  });
}

function staleChip({ stale, age_s: age }) {
  return stale ? { tone: "none", icon: "pending", text: age == null ? "stale" : `stale, ${ago(age)}` } : null;
}

function renderMemory({ resources, alerts }) {
  const { memory_mb: used, memory_limit_mb: limit } = resources;
  const threshold = alerts.thresholds.memory_mb;
  const isOver = used != null && threshold != null && used > threshold;
  card("memory", "Memory").show({
    figures: [{ parts: parts.mb(used), caption: limit ? `of ${mb(limit)}` : "resident" }],
    tone: isOver ? "critical" : "",
    chip:
      staleChip(resources) ??
      (isOver ? { tone: "critical", icon: "critical", text: `above ${mb(threshold)}` } : null),
    bar: used != null && limit ? [{ key: "used", tone: "memory", size: used / limit }] : [],
    rows: [
      {
        key: "cpu",
        label: "CPU",
        value: percent(resources.cpu_machine_percent),
        more: "of the machine",
        title: `${percent(resources.cpu_core_percent)} of one core`,
      },
      {
        key: "threads",
        label: "Threads",
        value: count(resources.threads),
        more: resources.open_files == null ? "" : `${count(resources.open_files)} open files`,
      },
    ],
  });
}

/** The slowest shard; nothing while no bot is attached. */
function gatewayRows({ gateway }) {
  if (!gateway) return [];
  const known = Object.values(gateway.latency_ms).filter((value) => value != null);
  const shards = Object.keys(gateway.latency_ms).length;
  const facts = [
    `${count(gateway.guilds)} ${gateway.guilds === 1 ? "guild" : "guilds"}`,
    ...(shards > 1 ? [`${count(shards)} shards`] : []),
  ];
  const title = `${count(gateway.reconnects)} reconnects, rate limited ${count(gateway.rate_limited)} times in the window`;
  return [
    {
      key: "gateway",
      label: "Gateway",
      value: gateway.ready ? ms(known.length ? Math.max(...known) : null) : "not ready",
      more: gateway.ready ? facts.join(", ") : "",
      title,
    },
  ];
}

function renderLag(snapshot) {
  const { resources } = snapshot;
  card("lag", "Event loop lag").show({
    figures: [{ parts: parts.ms(resources.loop_lag_ms), caption: "worst" }],
    chip: staleChip(resources),
    rows: [
      { key: "gc", label: "GC pause", value: ms(resources.gc_pause_max_ms), more: "longest" },
      { key: "age", label: "Sampled", value: resources.age_s == null ? "–" : ago(resources.age_s) },
      ...gatewayRows(snapshot),
    ],
  });
}
