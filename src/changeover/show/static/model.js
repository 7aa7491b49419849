// What the views share about a snapshot: which systems there are, and their names and colours.

export const SCHEMA = 1;
export const WINDOWS = ["30s", "5m", "1h", "24h", "7d", "30d"];
export const DEFAULT_WINDOW = "1h";

const EXTRA_TONES = ["extra1", "extra2", "extra3"];
const EMPTY = {
  total: 0,
  by_outcome: {},
  errors: 0,
  error_rate: null,
  mean_ms: null,
  p50_ms: null,
  p95_ms: null,
  p99_ms: null,
  max_ms: null,
};

/** JSON objects keyed by other people's names become Maps, so that "__proto__" is a name like any. */
export const mapOf = (object) => new Map(Object.entries(object ?? {}));

/**
 * The systems to show, legacy and new first: [{id, name, label, tone}].
 * `name` is short ("New"), `label` complete ("New (ddd)"); others appear once they have a call.
 */
export function systemsOf(snapshot) {
  const { legacy, new: fresh } = snapshot.systems;
  const systems = [
    {
      id: legacy,
      name: "Legacy",
      label: legacy === "legacy" ? "Legacy" : `Legacy (${legacy})`,
      tone: "legacy",
    },
    { id: fresh, name: "New", label: fresh === "new" ? "New" : `New (${fresh})`, tone: "new" },
  ];
  let extras = 0;
  for (const [id, stats] of mapOf(snapshot.by_system)) {
    if (id === legacy || id === fresh || !(stats.total > 0)) continue;
    if (id === "unknown")
      systems.push({ id, name: "Unknown", label: "Unknown (failed before the choice)", tone: "unknown" });
    else systems.push({ id, name: id, label: id, tone: EXTRA_TONES[extras++ % EXTRA_TONES.length] });
  }
  return systems;
}

/** The statistics of one system, or those of nothing at all. */
export const statsOf = (bySystem, id) => mapOf(bySystem).get(id) ?? EMPTY;

/** The relative difference of two values, null where that says nothing. */
export const difference = (fresh, legacy) => (fresh == null || !(legacy > 0) ? null : fresh / legacy - 1);

// Differences of latency are drawn in colour from here on; below, they are noise to the eye.
// Display only: what is judged and alerted is decided on the server.
const NOTABLE = 0.1;
const FEW = 20;

/** How a difference of latency is to be read: {tone, icon, word}. */
export function verdictOn(delta, calls) {
  if (delta === null) return { tone: "none", icon: null, word: "no data" };
  const word = delta > 0 ? "slower" : "faster";
  if (calls < FEW) return { tone: "none", icon: delta > 0 ? "up" : "down", word: `${word}, from few calls` };
  if (Math.abs(delta) < NOTABLE) return { tone: "none", icon: null, word: "about the same" };
  return delta > 0 ? { tone: "warning", icon: "up", word } : { tone: "ok", icon: "down", word };
}

/** The tone of an error rate against its threshold from the API. */
export function rateTone(rate, threshold) {
  if (rate === null || rate === undefined) return "none";
  return threshold != null && rate > threshold ? "critical" : "ok";
}

export const STATUS = new Map([
  ["healthy", { tone: "ok", icon: "check", word: "Healthy" }],
  ["ok", { tone: "ok", icon: "check", word: "OK" }],
  ["degraded", { tone: "warning", icon: "warning", word: "Degraded" }],
  ["unhealthy", { tone: "critical", icon: "critical", word: "Unhealthy" }],
  ["no_data", { tone: "none", icon: "none", word: "No data" }],
]);

export const statusOf = (status) =>
  STATUS.get(status) ?? { tone: "none", icon: "none", word: String(status ?? "Unknown") };
