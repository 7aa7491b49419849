// The bar on top and what hangs on it: health, window, live or paused, theme, troubles.

import { attr, h, icon, keyed, setIcon, text } from "./dom.js";
import { ago, clean, clock, span, utc } from "./format.js";
import { WINDOWS, statusOf } from "./model.js";

const $ = (id) => document.getElementById(id);
const LONG = new Map([
  ["30s", "30 seconds"],
  ["5m", "5 minutes"],
  ["1h", "1 hour"],
  ["24h", "24 hours"],
  ["7d", "7 days"],
  ["30d", "30 days"],
]);
const SEVERITY = ["ok", "none", "warning", "critical"];

/** Radio buttons, so that arrow keys and screen readers know them. */
export function windowSwitch(current, onChange) {
  for (const window of WINDOWS) {
    const input = h("input", {
      type: "radio",
      name: "window",
      value: window,
      "aria-label": LONG.get(window),
    });
    input.checked = window === current;
    input.addEventListener("change", () => onChange(window));
    $("windows").append(h("label", {}, input, h("span", {}, window)));
  }
}

export function selectWindow(current) {
  for (const input of $("windows").querySelectorAll("input")) input.checked = input.value === current;
}

const systemDark = matchMedia("(prefers-color-scheme: dark)");

/** The button goes to the other theme; the system's own needs no memory. */
export function themeToggle(onChange) {
  const root = document.documentElement;
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : systemDark.matches);
  const show = () => {
    attr($("theme"), "aria-label", `Switch to the ${isDark() ? "light" : "dark"} theme`);
    setIcon($("theme").firstElementChild, isDark() ? "sun" : "moon");
    onChange();
  };
  $("theme").addEventListener("click", () => {
    const chosen = isDark() ? "light" : "dark";
    const isSystems = (chosen === "dark") === systemDark.matches;
    if (isSystems) delete root.dataset.theme;
    else root.dataset.theme = chosen;
    remember(isSystems ? null : chosen);
    show();
  });
  systemDark.addEventListener("change", show);
  show();
}

function remember(theme) {
  try {
    if (theme === null) localStorage.removeItem("changeover-theme");
    else localStorage.setItem("changeover-theme", theme);
  } catch {
    // Storage may be forbidden; then the choice lasts as long as the page.
  }
}

export function renderHealth({ health, version }) {
  const { tone, icon: name, word } = statusOf(health.status);
  const pill = $("health");
  const worst = health.checks
    .filter((check) => statusOf(check.status).tone !== "ok")
    .sort((a, b) => SEVERITY.indexOf(statusOf(b.status).tone) - SEVERITY.indexOf(statusOf(a.status).tone))[0];
  attr(pill, "data-tone", tone);
  setIcon(pill.querySelector("svg"), name);
  text(pill.querySelector("b"), word);
  const why = tone !== "ok" && worst ? `${clean(worst.name)}: ${clean(worst.detail || worst.status)}` : "";
  text(pill.querySelector(".why"), why);
  attr(pill, "title", why || "Health checks");
  text($("uptime"), `Up ${span(health.uptime_s)} · version ${clean(version)}`);
  keyed($("check-list"), health.checks, (check) => check.name, makeCheck);
}

/** Nobody knows how the bot is while the monitor does not answer. */
function forgetHealth() {
  attr($("health"), "data-tone", "none");
  setIcon($("health").querySelector("svg"), "none");
  text($("health").querySelector("b"), "Unknown");
  text($("health").querySelector(".why"), "");
}

function makeCheck() {
  const mark = icon("none"),
    name = h("b"),
    word = h("span.tag"),
    detail = h("span.detail"),
    age = h("span.quiet");
  const node = h("li", {}, mark, h("span.check-name", {}, name, word), age, detail);
  return {
    node,
    update(check) {
      const status = statusOf(check.status);
      attr(node, "data-tone", status.tone);
      setIcon(mark, status.icon);
      text(name, clean(check.name));
      text(word, clean(status.word));
      text(detail, clean(check.detail));
      text(age, check.age_s == null ? "" : ago(check.age_s));
    },
  };
}

const LIVE = new Map([
  ["connecting", ["Connecting", "pause"]],
  ["live", ["Live", "pause"]],
  ["paused", ["Paused", "play"]],
  ["stale", ["Stale", "pause"]],
  ["denied", ["Denied", "pause"]],
]);

/** The live button, the banner, and the dimming of what is not current. */
export function renderState({ phase, reason, asOf }) {
  const [word, symbol] = LIVE.get(phase);
  const live = $("live");
  attr(live, "data-phase", phase);
  attr(live, "title", phase === "paused" ? "Resume" : "Pause");
  text(live.querySelector("b"), word);
  setIcon(live.querySelector("svg"), symbol);
  const isTrouble = phase === "stale" || phase === "denied";
  // While a new attempt is under way, the old trouble stays in sight until it is known to be over.
  if (isTrouble || phase === "live" || phase === "paused") showTrouble(isTrouble, phase, reason, asOf);
}

function showTrouble(isTrouble, phase, reason, asOf) {
  const banner = $("trouble");
  const was = banner.hidden ? "" : banner.textContent;
  document.documentElement.classList.toggle("is-stale", isTrouble);
  banner.hidden = !isTrouble;
  if (!isTrouble) {
    if (was) announce("Live again");
    return;
  }
  forgetHealth();
  attr(banner, "data-tone", phase === "denied" ? "critical" : "warning");
  setIcon(banner.querySelector("svg"), phase === "denied" ? "lock" : "offline");
  text(banner.querySelector("b"), headline(phase, asOf));
  text(banner.querySelector("span"), explanation(phase, reason));
  banner.querySelector("button").hidden = phase !== "denied";
  attr(banner, "title", asOf ? utc(asOf) : null);
  if (!was) announce(`${headline(phase, asOf)}. ${explanation(phase, reason)}`);
}

function headline(phase, asOf) {
  if (phase === "denied") return "Access denied";
  return asOf ? `Stale since ${clock(asOf, Date.now())}` : "No connection";
}

function explanation(phase, reason) {
  const said = reason[0].toUpperCase() + reason.slice(1);
  if (phase === "denied")
    return `${said}: this monitor asks for its token, and the one the browser has is not right.`;
  return `${said}. Trying again by itself every few seconds.`;
}

export function onRetry(retry) {
  $("trouble").querySelector("button").addEventListener("click", retry);
}

export function onLiveToggle(toggle) {
  $("live").addEventListener("click", () => toggle($("live").dataset.phase === "paused"));
}

export function renderAsOf({ as_of: asOf }) {
  const time = $("live").querySelector("time");
  text(time, clock(asOf, Date.now()));
  attr(time, "title", utc(asOf));
  attr(time, "datetime", asOf);
}

/** For screen readers: what changed, once. */
export function announce(message) {
  text($("announcer"), message);
}
