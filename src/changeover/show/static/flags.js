// The list of flags: what each is set to, by whom, and which are misspelt.

import { attr, cssVar, h, icon, keyed, text } from "./dom.js";
import { ago, clean, percent, utc } from "./format.js";

const $ = (id) => document.getElementById(id);

export function renderFlags({ flags }) {
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
