// Numbers and times as people read them, in the reader's own locale and time zone.

export const NONE = "–";
const MINUTE = 60,
  HOUR = 3600,
  DAY = 86400;

const cache = new Map();

function number(value, minimumFractionDigits, maximumFractionDigits = minimumFractionDigits) {
  const key = minimumFractionDigits * 10 + maximumFractionDigits;
  if (!cache.has(key)) {
    cache.set(key, new Intl.NumberFormat(undefined, { minimumFractionDigits, maximumFractionDigits }));
  }
  return cache.get(key).format(value);
}

const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const HOUR_MINUTE = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const DATE = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/** [number, unit] of each quantity, so that a big figure can set its unit smaller. */
export const parts = {
  count: (value) => (isNumber(value) ? [number(value, 0), ""] : [NONE, ""]),
  /** Events a second, told by the minute or hour where they are rare. */
  rate(value) {
    if (!isNumber(value)) return [NONE, ""];
    const [times, unit] =
      value >= 1 || value === 0
        ? [value, "/s"]
        : value * MINUTE >= 1
          ? [value * MINUTE, "/min"]
          : [value * HOUR, "/h"];
    return [number(times, 0, times < 10 ? 1 : 0), unit];
  },
  ms(value) {
    if (!isNumber(value)) return [NONE, ""];
    if (value < 0.995) return [number(value, value === 0 ? 0 : 2), "ms"];
    if (value < 9.95) return [number(value, 1), "ms"];
    if (value < 999.5) return [number(value, 0), "ms"];
    return [number(value / 1000, value < 99_950 ? 2 : 0), "s"];
  },
  /** A fraction 0..1 as a percentage. */
  ratio(value) {
    if (!isNumber(value)) return [NONE, ""];
    const percent = value * 100;
    if (percent > 0 && percent < 0.01) return ["<" + number(0.01, 2), "%"];
    return [number(percent, 0, percent < 10 ? 2 : 1), "%"];
  },
  percent: (value) => (isNumber(value) ? [number(value, 0, value < 10 ? 2 : 1), "%"] : [NONE, ""]),
  mb(value) {
    if (!isNumber(value)) return [NONE, ""];
    if (value >= 1024) return [number(value / 1024, 1), "GB"];
    return [number(value, 0, value < 10 ? 1 : 0), "MB"];
  },
};

const joined = ([value, unit]) =>
  unit === "" || unit === "%" || unit[0] === "/" ? value + unit : `${value} ${unit}`;

export const count = (value) => joined(parts.count(value));
export const rate = (value) => joined(parts.rate(value));
export const ms = (value) => joined(parts.ms(value));
export const ratio = (value) => joined(parts.ratio(value));
export const percent = (value) => joined(parts.percent(value));
export const mb = (value) => joined(parts.mb(value));
export const compact = (value) => COMPACT.format(value);

/** A value in one of an alert's units. */
export function quantity(value, unit) {
  if (unit === "ratio") return ratio(value);
  if (unit === "ms") return ms(value);
  if (unit === "MB") return mb(value);
  return isNumber(value) ? `${number(value, 0, 2)} ${clean(unit ?? "")}`.trim() : NONE;
}

/** A signed change: 0.12 becomes "+12%"; from double on, 30 becomes "×31". */
export function change(value) {
  if (!isNumber(value)) return NONE;
  if (value >= 1) return times(value);
  const percents = Math.round(value * 100);
  if (percents === 0) return "±0%";
  return (percents > 0 ? "+" : "−") + number(Math.abs(percents), 0) + "%";
}

/** What a change of 1 or more multiplies by: "×2.4", "×31". */
export const times = (value) => `×${number(value + 1, value < 9 ? 1 : 0)}`;

/** Seconds as "12s", "3m", "2h 5m", "4d". */
export function span(seconds) {
  if (!isNumber(seconds)) return NONE;
  const whole = Math.max(0, Math.round(seconds));
  if (whole < MINUTE) return `${whole}s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)}m`;
  const [unit, small, names] = whole < DAY ? [HOUR, MINUTE, "hm"] : [DAY, HOUR, "dh"];
  const rest = Math.floor((whole % unit) / small);
  return `${Math.floor(whole / unit)}${names[0]}${rest ? ` ${rest}${names[1]}` : ""}`;
}

export const ago = (seconds) => (seconds < 2 ? "just now" : `${span(seconds)} ago`);

const dateOf = (value) => (value == null ? null : new Date(value));
const isDate = (date) => date !== null && !Number.isNaN(date.getTime());

/** Local hh:mm:ss, with the day before it when `now` is another day. */
export function clock(value, now = value) {
  const date = dateOf(value);
  if (!isDate(date)) return NONE;
  const today = date.toDateString() === new Date(now).toDateString();
  return today ? CLOCK.format(date) : `${DATE.format(date)}, ${CLOCK.format(date)}`;
}

/** The exact moment in UTC, for titles. */
export function utc(value) {
  const date = dateOf(value);
  return isDate(date) ? date.toISOString().replace("T", " ").replace("Z", " UTC") : "";
}

/** A tick of the time axis: epoch seconds, and the distance of the ticks in seconds. */
export function tick(at, every) {
  const date = new Date(at * 1000);
  const midnight = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0;
  if (every >= DAY || (midnight && every >= HOUR)) return DATE.format(date);
  return (every >= MINUTE ? HOUR_MINUTE : CLOCK).format(date);
}

// Invisible and direction-changing characters: a name must not dress up as another one.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Text of strangers with what cannot be seen made visible: "a\u202eb" becomes "a⟨202E⟩b". */
export function clean(value) {
  return String(value ?? "").replace(INVISIBLE, (char) =>
    /[\n\t]/.test(char) ? " " : `⟨${char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`,
  );
}
