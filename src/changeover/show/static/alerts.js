// The alerts' panel: those that are active, those that are over, and who is not told for now.

import { attr, h, icon, keyed, text } from "./dom.js";
import { clean, clock, quantity, utc } from "./format.js";
import { makeAlert } from "./firing.js";
import { actorName, labelsText } from "./move.js";
import { act, may, onRights } from "./rights.js";

const $ = (id) => document.getElementById(id);
let newest = null;

export function renderAlerts(snapshot) {
  newest = snapshot;
  const { active, past, thresholds } = snapshot.alerts;
  keyed($("alerts"), active, keyOf, makeAlert);
  $("alerts-empty").hidden = active.length > 0;
  text($("alerts-empty"), past.length ? "Nothing is firing" : "Nothing has fired");
  text($("alert-count"), active.length + past.length ? `${active.length} active, ${past.length} past` : "");
  renderPast(past);
  renderQuiet(snapshot);
  text(
    $("rules"),
    `Alerts above: error rate ${quantity(thresholds.error_rate, "ratio")}, response time ${quantity(thresholds.response_time_ms, "ms")}, memory ${quantity(thresholds.memory_mb, "MB")}`,
  );
}

$("past-filter").addEventListener("input", () => newest && renderPast(newest.alerts.past));
$("maintenance-add").addEventListener("click", () => act("addMaintenance"));
onRights(() => newest && renderAlerts(newest));

const keyOf = (alert) => `${alert.key} ${alert.phase} ${alert.fired_at ?? alert.since}`;

function renderPast(past) {
  const wanted = $("past-filter").value.trim().toLowerCase();
  const shown = past.filter(({ summary, rule, key, severity }) =>
    `${summary} ${rule} ${key} ${severity}`.toLowerCase().includes(wanted),
  );
  keyed($("past"), shown, keyOf, makeAlert);
  $("past-part").hidden = past.length === 0;
  text($("past-count"), shown.length === past.length ? String(past.length) : `${shown.length} of ${past.length}`);
  $("past-empty").hidden = shown.length > 0;
}

/** Silences and maintenance windows: what keeps messages from being sent. */
function renderQuiet({ silences = [], maintenance = [] }) {
  const rows = [
    ...(silences ?? []).map((one) => ({ ...one, kind: "silence" })),
    ...(maintenance ?? []).map((one) => ({ ...one, kind: "maintenance" })),
  ];
  $("quiet-part").hidden = rows.length === 0 && !may("maintenance.add");
  $("quiet-empty").hidden = rows.length > 0;
  $("maintenance-add").hidden = !may("maintenance.add");
  keyed($("quiet"), rows, ({ kind, id }) => `${kind} ${id}`, makeQuiet);
}

const KINDS = {
  silence: { word: "Silence", verb: "alert.unsilence", what: "the silence", symbol: "mute" },
  maintenance: { word: "Maintenance", verb: "maintenance.end", what: "the maintenance window", symbol: "pause" },
};

function makeQuiet({ kind, id }) {
  const { word, verb, what, symbol } = KINDS[kind];
  const about = h("span.summary"),
    when = h("time.quiet"),
    why = h("span.detail"),
    end = h("button.button", { type: "button" }, "End");
  end.addEventListener("click", () => act("endOne", verb, id, what));
  return {
    node: h("li.quiet-row", {}, icon(symbol), h("div", {}, h("p", {}, h("b", {}, word), " ", about), h("p.detail-line", {}, when, why)), end),
    update(one) {
      const labels = labelsText(one.labels);
      text(about, kind === "silence" ? `${clean(one.rule)}${labels ? ` (${labels})` : ""}` : "no messages at all");
      const isLater = one.from && Date.parse(one.from) > Date.now();
      text(when, `${isLater ? `from ${clock(one.from, Date.now())} ` : ""}until ${clock(one.until, Date.now())}`);
      attr(when, "title", `${one.from ? `${utc(one.from)} to ` : ""}${utc(one.until)}`);
      text(why, `by ${actorName(one.actor)}${one.reason ? `: “${clean(one.reason)}”` : ""}`);
      attr(end, "aria-label", `End ${what}: ${clean(one.rule ?? one.reason)}`);
      end.hidden = !may(verb);
    },
  };
}
