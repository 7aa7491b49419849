// The newest failures, by kind.

import { attr, h, icon, keyed, text } from "./dom.js";
import { clean, clock, count, utc } from "./format.js";
import { mapOf } from "./model.js";

const $ = (id) => document.getElementById(id);

let names = new Map(); // the systems of the newest snapshot, by id

/** How the rows call the systems; whoever shows failures says it first. */
export function knowSystems(systems) {
  names = new Map(systems.map((system) => [system.id, system]));
}

export function renderFailures({ failures, unavailable = [] }, systems) {
  knowSystems(systems);
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

/** A kind of failure that opens to all of its message: {node, update(failure)}. */
export function makeFailure() {
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
