// The strip that says how far the move is: one segment for each command, by category.

import { makeRow } from "./cards.js";
import { attr, cssVar, h, keyed, text } from "./dom.js";
import { clean, count, percent, ratio } from "./format.js";
import { statsOf } from "./model.js";

const MANY = 60; // more segments than this are no longer told apart

export function renderMigration({ migration, commands, by_system: bySystem, systems, totals }) {
  const strip = document.getElementById("migration");
  const isEmpty = migration.total === 0;
  attr(strip, "data-tone", isEmpty ? "none" : migration.complete ? "ok" : "");
  text(strip.querySelector(".number"), isEmpty ? "No data" : percent(migration.percent));
  text(strip.querySelector(".note"), isEmpty ? "No commands are known yet" : migrationNote(migration));
  const segments = strip.querySelector(".segments");
  attr(
    segments,
    "aria-label",
    isEmpty ? "No data" : `${migrationNote(migration)}, ${migration.with_new} have a new implementation`,
  );
  const known = commands.filter((command) => command.registered !== false);
  const ordered = [...known].sort((a, b) => byText(a.category, b.category) || byText(a.command, b.command));
  keyed(segments, known.length > MANY ? [] : groupsOf(ordered), (group) => group.category, makeGroup);
  segments.classList.toggle("plain", known.length > MANY);
  cssVar(segments, "--size", String((migration.percent ?? 0) / 100));
  const fresh = statsOf(bySystem, systems.new).total;
  keyed(
    strip.querySelector(".traffic"),
    [
      {
        key: "traffic",
        label: "Calls on new",
        value: totals.total > 0 ? ratio(Math.round((fresh / totals.total) * 1000) / 1000) : "–",
      },
      {
        key: "ready",
        label: "Implemented",
        value: isEmpty ? "–" : `${count(migration.with_new)} of ${count(migration.total)}`,
        more: missingNote(migration.missing),
        title: migration.missing.map(clean).join(", ") || null,
      },
    ],
    (row) => row.key,
    makeRow,
  );
}

const byText = (a, b) => String(a ?? "").localeCompare(String(b ?? ""));

function migrationNote({ complete, on_new: onNew, total }) {
  const noun = total === 1 ? "command" : "commands";
  return complete
    ? `Complete: all ${count(total)} ${noun} are on new`
    : `${count(onNew)} of ${count(total)} ${noun} on new`;
}

function missingNote(missing) {
  const named = missing.slice(0, 2).map(clean).join(", ");
  return missing.length === 0
    ? ""
    : `missing: ${named}${missing.length > 2 ? `, ${missing.length - 2} more` : ""}`;
}

function groupsOf(commands) {
  const groups = new Map();
  for (const command of commands) {
    const category = command.category ?? "";
    if (!groups.has(category)) groups.set(category, { category, commands: [] });
    groups.get(category).commands.push(command);
  }
  return [...groups.values()];
}

function makeGroup() {
  const cells = h("span.cells"),
    label = h("span.label");
  const node = h("span.group", {}, cells, label);
  return {
    node,
    update(group) {
      keyed(cells, group.commands, (command) => command.command, makeSegment);
      cssVar(node, "--count", String(group.commands.length));
      text(label, clean(group.category) || "other");
    },
  };
}

function makeSegment() {
  const node = h("i.segment");
  return {
    node,
    update({ command, share_percent: share, has_new: hasNew }) {
      attr(node, "data-kind", kindOf(share, hasNew));
      cssVar(node, "--size", String((hasNew ? (share ?? 0) : 0) / 100));
      attr(
        node,
        "title",
        `${clean(command)}: ${hasNew ? `${percent(share)} on new` : "no new implementation"}`,
      );
    },
  };
}

function kindOf(share, hasNew) {
  if (!hasNew) return "missing";
  return share >= 100 ? "full" : share > 0 ? "part" : "legacy";
}
