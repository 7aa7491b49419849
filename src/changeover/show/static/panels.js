// Flags, alerts, failures, and the footer.

import { attr, cssVar, h, icon, keyed, setIcon, text } from "./dom.js";
import { ago, clean, clock, count, percent, quantity, span, utc } from "./format.js";
import { announce } from "./header.js";
import { mapOf } from "./model.js";

const $ = (id) => document.getElementById(id);
const TITLE = document.title;

const PHASES = new Map([
  ["firing", { word: "Firing", icon: "critical" }],
  ["pending", { word: "Pending", icon: "pending" }],
  ["resolved", { word: "Resolved", icon: "check" }],
]);

export function renderPanels(snapshot, systems) {
  renderFiring(snapshot.alerts.active);
  renderFlags(snapshot.flags);
  renderAlerts(snapshot.alerts);
  renderFailures(snapshot, systems);
  renderFooter(snapshot);
}

const BANNERS = 3; // more of them would push everything else out of sight
let announced = "";

function renderFiring(active) {
  const firing = active.filter((alert) => alert.phase === "firing");
  $("firing").hidden = firing.length === 0;
  keyed($("firing").firstElementChild, firing.slice(0, BANNERS), (alert) => alert.key, makeAlert);
  $("firing").lastElementChild.hidden = firing.length <= BANNERS;
  text($("firing").lastElementChild, `and ${firing.length - BANNERS} more firing`);
  document.title = firing.length ? `(${firing.length}) ${TITLE}` : TITLE;
  const message = firing.map((alert) => alert.key).join();
  if (message !== announced)
    announce(
      firing.length
        ? `${firing.length} firing: ${firing.map((alert) => clean(alert.summary)).join("; ")}`
        : "No alerts firing",
    );
  announced = message;
}

const toneOf = ({ phase, severity }) =>
  phase === "resolved"
    ? "ok"
    : phase === "pending"
      ? "pending"
      : severity === "critical"
        ? "critical"
        : "warning";

function makeAlert() {
  const mark = icon("warning"),
    word = h("b.word"),
    summary = h("span.summary"),
    value = h("span.detail"),
    since = h("time.quiet");
  const node = h(
    "li.alert",
    {},
    mark,
    h("div", {}, h("p", {}, word, summary), h("p.detail-line", {}, value, since)),
  );
  return {
    node,
    update(alert) {
      const tone = toneOf(alert);
      attr(node, "data-tone", tone);
      setIcon(mark, alert.phase === "firing" ? tone : (PHASES.get(alert.phase)?.icon ?? "none"));
      text(
        word,
        alert.phase === "firing"
          ? tone === "critical"
            ? "Critical"
            : "Warning"
          : (PHASES.get(alert.phase)?.word ?? clean(alert.phase)),
      );
      text(summary, clean(alert.summary));
      text(value, alertValue(alert));
      showSince(since, alert);
    },
  };
}

function alertValue({ phase, value, peak, threshold, unit }) {
  const shown = phase === "resolved" ? `peak ${quantity(peak, unit)}` : `now ${quantity(value, unit)}`;
  return `${shown}, threshold ${quantity(threshold, unit)}`;
}

function showSince(node, alert) {
  const from = alert.fired_at ?? alert.since;
  if (alert.phase === "resolved") {
    text(
      node,
      `resolved ${clock(alert.resolved_at, Date.now())} after ${span((Date.parse(alert.resolved_at) - Date.parse(from)) / 1000)}`,
    );
    attr(node, "title", `${utc(from)} to ${utc(alert.resolved_at)}`);
  } else {
    text(node, `since ${clock(from, Date.now())}`);
    attr(node, "title", utc(from));
  }
}

function renderAlerts({ active, past, thresholds }) {
  keyed(
    $("alerts"),
    [...active, ...past],
    (alert) => `${alert.key} ${alert.phase} ${alert.fired_at ?? alert.since}`,
    makeAlert,
  );
  const isEmpty = active.length + past.length === 0;
  $("alerts-empty").hidden = !isEmpty;
  text($("alerts-empty"), "Nothing has fired");
  text($("alert-count"), isEmpty ? "" : `${active.length} active, ${past.length} past`);
  text(
    $("rules"),
    `Alerts above: error rate ${quantity(thresholds.error_rate, "ratio")}, response time ${quantity(thresholds.response_time_ms, "ms")}, memory ${quantity(thresholds.memory_mb, "MB")}`,
  );
}

function renderFlags(flags) {
  keyed($("flags"), flags, (flag) => flag.name, makeFlag);
  $("flags-empty").hidden = flags.length > 0;
  text($("flags-empty"), "No flags are set; every command goes to legacy");
  text($("flag-count"), flags.length ? String(flags.length) : "");
}

function makeFlag() {
  const name = h("code.name"),
    bar = h("span.share", { "aria-hidden": "true" }),
    value = h("b"),
    source = h("span"),
    age = h("span.quiet");
  const why = h("span.detail"),
    warning = h("span"),
    warned = h("p.chip", { "data-tone": "warning" }, icon("warning"), warning);
  const node = h(
    "li.flag",
    {},
    h("div.flag-line", {}, name, h("span.flag-value", {}, bar, value)),
    h("p.detail-line", {}, source, age, why),
    warned,
  );
  return {
    node,
    update(flag) {
      text(name, clean(flag.name));
      attr(name, "title", clean(flag.name));
      cssVar(bar, "--size", String((flag.share_percent ?? 0) / 100));
      text(value, flagValue(flag));
      value.classList.toggle("quiet", !flag.enabled);
      text(source, flag.source === "default" ? "" : clean(flag.source));
      text(
        age,
        flag.age_s == null ? "" : `changed ${ago(flag.age_s)}${flag.actor ? ` by ${clean(flag.actor)}` : ""}`,
      );
      attr(age, "title", flag.updated_at ? utc(flag.updated_at) : null);
      text(why, flag.reason ? `“${clean(flag.reason)}”` : "");
      warned.hidden = flag.known;
      text(
        warning,
        `Unknown flag, decides nothing${flag.nearest ? `; did you mean ${clean(flag.nearest)}?` : ""}`,
      );
    },
  };
}

function flagValue({ share_percent: share, enabled, source }) {
  if (source === "default") return "Not set"; // not off: that would win over a category's flag
  if (!enabled || share === 0) return "Off";
  return share == null || share >= 100 ? "On" : percent(share);
}

let names = new Map(); // the systems of the newest snapshot, by id

function renderFailures({ failures, unavailable = [] }, systems) {
  names = new Map(systems.map((system) => [system.id, system]));
  keyed($("failures"), failures, (failure) => failure.fingerprint, makeFailure);
  $("failures-empty").hidden = failures.length > 0;
  text(
    $("failures-empty"),
    unavailable.includes("failures")
      ? "The store is away: no single failures for now"
      : "No failures in this window",
  );
  text(
    $("failure-count"),
    failures.length ? `${failures.length} ${failures.length === 1 ? "kind" : "kinds"}` : "",
  );
}

function makeFailure() {
  const times = h("b.times"),
    type = h("code.name"),
    message = h("span.message"),
    where = h("span.where"),
    when = h("time.quiet"),
    full = h("p.message"),
    first = h("p.quiet");
  const node = h(
    "li.failure",
    {},
    h(
      "details",
      {},
      h(
        "summary",
        {},
        h("span.failure-head", {}, type, times, icon("play")),
        message,
        h("span.detail-line", {}, where, when),
      ),
      full,
      first,
    ),
  );
  return {
    node,
    update(failure) {
      text(times, `${count(failure.count)}×`);
      text(type, clean(failure.type));
      text(message, clean(failure.message));
      text(full, clean(failure.message));
      keyed(where, placesOf(failure), (place) => place.key, makePlace);
      text(when, clock(failure.last_at, Date.now()));
      attr(when, "title", utc(failure.last_at));
      text(
        first,
        `First ${clock(failure.first_at, Date.now())}, last ${clock(failure.last_at, Date.now())}, fingerprint ${clean(failure.fingerprint)}`,
      );
      attr(first, "title", `${utc(failure.first_at)} to ${utc(failure.last_at)}`);
    },
  };
}

function placesOf({ commands, systems }) {
  const shown = commands.slice(0, 4).map((command) => ({ key: `c ${command}`, label: clean(command) }));
  if (commands.length > 4) shown.push({ key: "more", label: `and ${commands.length - 4} more` });
  for (const [id, times] of mapOf(systems)) {
    const system = names.get(id);
    shown.push({
      key: `s ${id}`,
      tone: system?.tone ?? "unknown",
      label: `${clean(system?.name ?? id)} ${count(times)}`,
    });
  }
  return shown;
}

function makePlace() {
  const mark = h("i.mark", { "aria-hidden": "true" }),
    label = h("span");
  return {
    node: h("span.tag", {}, mark, label),
    update(place) {
      mark.hidden = !place.tone;
      attr(mark, "data-system", place.tone);
      text(label, place.label);
    },
  };
}

function renderFooter({ instance, version, as_of: asOf, window, dropped }) {
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
