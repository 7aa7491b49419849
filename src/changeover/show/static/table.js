// The table of all commands: sorted by any column, filtered by name or category.

import { attr, cssVar, h, icon, keyed, setIcon, text } from "./dom.js";
import { change, clean, count, ms, percent, ratio } from "./format.js";
import { commandAddress } from "./place.js";
import { difference, rateTone, statsOf, verdictOn } from "./model.js";

const $ = (id) => document.getElementById(id);

const REASONS = new Map([
  ["master_off", "master switch off"],
  ["integration_off", "integration off"],
  ["no_flag", "no flag"],
  ["no_new_handler", "no new implementation"],
  ["no_legacy_handler", "no legacy implementation"],
  ["no_id", "no id to share by"],
]);

/** What decided where this command goes. */
export const decidedBy = ({ reason, flag }) =>
  reason === "flag" && flag ? clean(flag) : (REASONS.get(reason) ?? clean(reason ?? "").replaceAll("_", " "));

/**
 * The columns: {id, group, label, name (for the select), sort(command), make()}; `make` gives
 * {nodes, update(command)} of the cell. Unknown systems get a column of counts only.
 */
function columnsOf(systems, names) {
  const pair = systems.filter(({ id }) => id === names.legacy || id === names.new);
  const stats = (command, id) => statsOf(command.systems, id);
  const delta = (command) =>
    difference(stats(command, names.new).p95_ms, stats(command, names.legacy).p95_ms);
  return [
    { id: "command", label: "Command", sort: (command) => command.command, make: nameCell },
    {
      id: "category",
      label: "Category",
      sort: (command) => command.category,
      make: () => plainCell((command) => clean(command.category)),
    },
    {
      id: "share",
      label: "Share on new",
      sort: (command) => (command.has_new ? command.share_percent : -1),
      make: shareCell,
    },
    { id: "reason", label: "Decided by", sort: decidedBy, make: () => plainCell(decidedBy) },
    ...systems.map((system) => ({
      id: `calls:${system.id}`,
      group: "Calls",
      label: clean(system.name),
      system,
      sort: (command) => stats(command, system.id).total,
      make: () => callsCell(system.id),
    })),
    ...pair.map((system) => ({
      id: `errors:${system.id}`,
      group: "Error rate",
      label: system.name,
      system,
      sort: (command) => stats(command, system.id).error_rate,
      make: () => errorCell(system.id),
    })),
    ...pair.map((system) => ({
      id: `p95:${system.id}`,
      group: "p95",
      label: system.name,
      system,
      sort: (command) => stats(command, system.id).p95_ms,
      make: () => plainCell((command) => ms(stats(command, system.id).p95_ms)),
    })),
    {
      id: "delta",
      group: "p95",
      label: "Change",
      sort: delta,
      make: () =>
        deltaCell(delta, (command) =>
          Math.min(stats(command, names.new).total, stats(command, names.legacy).total),
        ),
    },
  ];
}

function plainCell(say) {
  const value = h("span");
  return {
    nodes: [value],
    update(command) {
      const said = say(command);
      text(value, said);
      value.classList.toggle("quiet", said === "–");
      attr(value, "title", said.length > 16 ? said : null);
    },
  };
}

function nameCell() {
  const name = h("a.name"),
    category = h("small");
  return {
    nodes: [name, category],
    update(command) {
      text(name, clean(command.command));
      attr(name, "title", `${clean(command.command)}: its own page`);
      attr(name, "href", commandAddress(command.command));
      text(category, clean(command.category));
    },
  };
}

function shareCell() {
  const bar = h("span.share", { "aria-hidden": "true" }),
    value = h("span");
  return {
    nodes: [bar, value],
    update(command) {
      const { share_percent: share, has_new: hasNew } = command;
      cssVar(bar, "--size", String((hasNew ? (share ?? 0) : 0) / 100));
      bar.classList.toggle("missing", !hasNew);
      const [said, why] = shareWords(command);
      text(value, said);
      value.classList.toggle("quiet", !hasNew);
      attr(value, "title", why);
    },
  };
}

/** What the share says, and why if that is not plain. */
function shareWords({ share_percent: share, has_new: hasNew, has_legacy: hasLegacy, registered }) {
  if (registered === false) return ["unregistered", "It was called, but the adapter does not know it"];
  if (!hasNew) return ["not built", "There is no new implementation yet"];
  return [percent(share), hasLegacy ? null : "There is no legacy implementation"];
}

function callsCell(id) {
  return plainCell((command) => {
    const { total } = statsOf(command.systems, id);
    return total > 0 ? count(total) : "–";
  });
}

function errorCell(id) {
  const mark = icon("critical"),
    value = h("span");
  return {
    nodes: [mark, value],
    update(command) {
      const { error_rate: rate, errors, total } = statsOf(command.systems, id);
      const tone = rateTone(rate, command.threshold);
      mark.classList.toggle("gone", tone !== "critical");
      attr(value, "data-tone", tone === "critical" ? tone : null);
      text(value, ratio(rate));
      value.classList.toggle("quiet", rate == null || rate === 0);
      attr(
        value,
        "title",
        rate == null
          ? "No data"
          : `${count(errors)} of ${count(total)}${tone === "critical" ? ", above the alert's threshold" : ""}`,
      );
    },
  };
}

function deltaCell(delta, calls) {
  const mark = icon("none"),
    value = h("span");
  return {
    nodes: [mark, value],
    update(command) {
      const verdict = verdictOn(delta(command), calls(command));
      mark.classList.toggle("gone", verdict.icon === null);
      setIcon(mark, verdict.icon ?? "none");
      text(value, change(delta(command)));
      attr(value, "title", verdict.word);
      value.classList.toggle("quiet", verdict.tone === "none");
      attr(value, "data-tone", verdict.tone);
      attr(mark, "data-tone", verdict.tone);
    },
  };
}

export class CommandTable {
  #table = document.querySelector("table.commands");
  #columns = [];
  #shape = ""; // the systems the head was made for
  #sort = { id: "category", isDescending: false };
  #filter = "";
  #commands = [];

  constructor() {
    $("filter").addEventListener("input", (event) => {
      this.#filter = event.target.value.trim().toLowerCase();
      this.#show();
    });
    $("sort").addEventListener("change", (event) => this.#sortBy(event.target.value));
    addEventListener("keydown", (event) => {
      const isTyping = /^(input|select|textarea)$/i.test(event.target.tagName ?? "");
      if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      $("filter").focus();
    });
  }

  render(snapshot, systems) {
    const shape = systems.map(({ id }) => id).join("\n");
    if (shape !== this.#shape) this.#makeHead(systems, snapshot.systems);
    this.#shape = shape;
    const threshold = snapshot.alerts.thresholds.error_rate;
    this.#commands = snapshot.commands.map((command) => ({ ...command, threshold }));
    this.#show();
  }

  #makeHead(systems, names) {
    this.#columns = columnsOf(systems, names);
    const groups = h("tr", { role: "row" }),
      labels = h("tr", { role: "row" });
    for (const column of this.#columns) {
      if (column.group === undefined) groups.append(h("td", { "data-column": column.id, role: "cell" }));
      else if (groups.lastElementChild.textContent === column.group) groups.lastElementChild.colSpan += 1;
      else groups.append(h("th", { scope: "colgroup", role: "columnheader" }, h("span", {}, column.group)));
      labels.append(this.#headCell(column));
    }
    this.#table.tHead.replaceChildren(groups, labels);
    keyed(
      this.#table.tBodies[0],
      [],
      () => "",
      () => null,
    ); // cells of the old columns
    $("sort").replaceChildren(
      ...this.#columns.map((column) => h("option", { value: column.id }, fullLabel(column))),
    );
  }

  #headCell(column) {
    const mark = icon("sort");
    const label = [
      column.system ? h("i.mark", { "data-system": column.system.tone, "aria-hidden": "true" }) : null,
      h("span", {}, column.label),
    ];
    // Numbers stand at the right of their column, so there the arrow stands at the left of the label.
    const button = h(
      "button",
      { type: "button", "aria-label": `Sort by ${fullLabel(column)}` },
      ...(column.group ? [mark, ...label] : [...label, mark]),
    );
    button.addEventListener("click", () => this.#sortBy(column.id, true));
    const cell = h(
      "th",
      { scope: "col", role: "columnheader", "data-column": column.id, "data-group": column.group },
      button,
    );
    column.head = { cell, mark };
    return cell;
  }

  #sortBy(id, mayTurn = false) {
    const isText = ["command", "category", "reason"].includes(id);
    const isDescending = mayTurn && this.#sort.id === id ? !this.#sort.isDescending : !isText;
    this.#sort = { id, isDescending };
    this.#show();
  }

  #show() {
    for (const { id, head } of this.#columns) {
      const isSorted = id === this.#sort.id;
      attr(head.cell, "aria-sort", isSorted ? (this.#sort.isDescending ? "descending" : "ascending") : null);
      setIcon(head.mark, isSorted ? (this.#sort.isDescending ? "down" : "up") : "sort");
    }
    $("sort").value = this.#sort.id;
    const shown = this.#sorted().filter(({ command, category }) =>
      `${command} ${category ?? ""}`.toLowerCase().includes(this.#filter),
    );
    keyed(
      this.#table.tBodies[0],
      shown,
      ({ command }) => command,
      () => this.#makeRow(),
    );
    text(
      $("command-count"),
      shown.length === this.#commands.length
        ? String(shown.length)
        : `${shown.length} of ${this.#commands.length}`,
    );
    $("commands-empty").hidden = shown.length > 0;
    this.#table.hidden = shown.length === 0;
    text(
      $("commands-empty"),
      this.#commands.length ? "No command fits the filter" : "No data: no commands are known yet",
    );
  }

  #sorted() {
    const column = this.#columns.find(({ id }) => id === this.#sort.id) ?? this.#columns[0];
    const sign = this.#sort.isDescending ? -1 : 1;
    return [...this.#commands].sort(
      (a, b) => compare(column.sort(a), column.sort(b), sign) || compare(a.command, b.command, 1),
    );
  }

  #makeRow() {
    const cells = this.#columns.map((column) => ({ column, ...column.make() }));
    const node = h("tr", { role: "row" }, ...cells.map(({ column, nodes }) => cellOf(column, nodes)));
    return {
      node,
      update(command) {
        for (const cell of cells) cell.update(command);
      },
    };
  }
}

const fullLabel = ({ group, label }) => (group ? `${group}, ${label.toLowerCase()}` : label);

function cellOf(column, nodes) {
  const isName = column.id === "command";
  return h(
    isName ? "th" : "td",
    {
      scope: isName ? "row" : null,
      role: isName ? "rowheader" : "cell",
      "data-column": column.id,
      "data-group": column.group,
      "data-label": column.label,
      "data-system": column.system?.tone,
    },
    h("div", {}, ...nodes),
  );
}

/** Missing values come last, whichever way it is sorted. */
function compare(a, b, sign) {
  if (a == null || b == null) return (a == null) - (b == null);
  return sign * (typeof a === "string" ? a.localeCompare(b) : a - b);
}
