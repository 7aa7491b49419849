// A command's own page: both systems over each other, the verdict and its reasons. Loaded when it is opened.

import { actionsOf, makeAction } from "./board.js";
import { Charts } from "./charts.js";
import { Distribution } from "./distribution.js";
import { attr, cssVar, h, keyed, styleSheet, text } from "./dom.js";
import { knowSystems, makeFailure } from "./failures.js";
import { flipKey, makeFlip } from "./flips.js";
import { clean, percent } from "./format.js";
import { makeJudgement } from "./judgement.js";
import { systemsOf } from "./model.js";
import { stageWord } from "./move.js";
import { Palette } from "./palette.js";
import { addressOf } from "./place.js";
import { decidedBy } from "./table.js";
import { makeVersus } from "./versus.js";

const REFRESH_MS = 2_000;
/** Kept once the page's own style sheet applies. */
export const styled = styleSheet("command.css");
const palette = new Palette();

/** What the heading says: name, category, share, who decided, and what may be done. */
class Heading {
  #back = h("a.button", {}, "All commands");
  #name = h("h2", { id: "command-title", tabindex: "-1" });
  #tags = h("p.command-tags");
  #bar = h("span.share", { "aria-hidden": "true" });
  #share = h("b");
  #why = h("span");
  #buttons = h("div.move-actions", { role: "group", "aria-label": "What may be done with its scope" });
  #move = null;

  constructor() {
    this.node = h(
      "header.command-head",
      {},
      this.#back,
      h("div.command-name", {}, this.#name, this.#tags),
      h("p.command-share", {}, this.#bar, this.#share, h("span", {}, "on new"), this.#why),
      this.#buttons,
    );
  }

  open(name, window) {
    text(this.#name, clean(name));
    attr(this.#back, "href", addressOf({ window, command: null }));
    this.#name.focus({ preventScroll: true });
  }

  show(answer, move) {
    this.#move = move;
    const tags = [clean(answer.category ?? "no category"), move ? `${move.scope === answer.category ? "" : `${clean(move.scope)}: `}${stageWord(move.stage)}` : null].filter(Boolean);
    keyed(this.#tags, tags, (tag) => tag, makeTag);
    cssVar(this.#bar, "--size", String((answer.share_percent ?? 0) / 100));
    text(this.#share, percent(answer.share_percent ?? 0));
    const by = decidedBy(answer);
    text(this.#why, by ? `decided by ${by}` : "");
    keyed(this.#buttons, move ? actionsOf(move) : [], ({ key }) => key, (action) => makeAction(action, () => this.#move));
  }
}

function makeTag(label) {
  return { node: h("span.tag", {}, label), update() {} };
}

export class CommandPage {
  #heading = new Heading();
  #trouble = h("p.empty", { role: "status", hidden: "" });
  #parts = h("div.command-parts", { hidden: "" });
  #distribution = new Distribution(palette);
  #versus = makeVersus();
  #judgement = makeJudgement();
  #chartBox = h("div.charts.command-charts");
  #charts = new Charts(this.#chartBox, { prefix: "command-", hasRuntime: false });
  #failures = new Map();
  #flips = h("ul.list");
  #noFlips = h("p.empty", {}, "Nothing was changed about this command");
  #asked = { name: null, window: null, at: -Infinity, isOpen: false };

  constructor(parent) {
    const pair = h("div.command-failures", {}, ...["legacy", "new"].map((id) => this.#failureList(id)));
    const flips = h(
      "section.card.panel",
      { "aria-label": "Flips of this command" },
      h("div.panel-head", {}, h("h2", {}, "Flips")),
      this.#flips,
      this.#noFlips,
    );
    this.#parts.append(
      h("div.command-pair", {}, this.#distribution.node, this.#versus.node),
      h("div.command-pair", {}, this.#judgement.node, flips),
      this.#chartBox,
      pair,
    );
    parent.replaceChildren(this.#heading.node, this.#trouble, this.#parts);
  }

  #failureList(id) {
    const list = h("ul.list"),
      none = h("p.empty", {}, "No failures in this window"),
      word = h("span");
    this.#failures.set(id, { list, none, word });
    const head = h("div.panel-head", {}, h("i.mark", { "data-system": id, "aria-hidden": "true" }), h("h2", {}, "Newest failures, ", word));
    return h("section.card.panel", {}, head, list, none);
  }

  open(name, window, snapshot) {
    const isOther = name !== this.#asked.name;
    this.#asked = { name, window, at: -Infinity, isOpen: true };
    if (isOther) {
      this.#parts.hidden = true;
      this.#say("Reading ...");
    }
    this.#heading.open(name, window);
    if (snapshot) this.render(snapshot);
  }

  close() {
    this.#asked = { ...this.#asked, isOpen: false };
  }

  repaint() {
    palette.forget();
    this.#charts.repaint();
    this.#distribution.draw();
  }

  /** A new snapshot came: time to look again, while somebody looks and not too often. */
  async render(snapshot) {
    const { name, window, at, isOpen } = this.#asked;
    if (!isOpen || performance.now() - at < REFRESH_MS) return;
    this.#asked.at = performance.now();
    const asked = this.#asked;
    let answer;
    try {
      answer = await read(name, window);
    } catch (error) {
      console.warn(error);
      return; // the feed's banner says that nobody answers; what is there stays
    }
    if (asked !== this.#asked) return; // another page meanwhile
    if (answer === null) {
      this.#parts.hidden = true;
      this.#say("Nobody knows a command of this name: no handler and no execution in this window.");
      return;
    }
    this.#say("");
    this.#parts.hidden = false;
    this.#show(answer, snapshot);
  }

  #say(words) {
    text(this.#trouble, words);
    this.#trouble.hidden = words === "";
  }

  #show(answer, snapshot) {
    const known = systemsOf(snapshot);
    const pair = known.slice(0, 2);
    knowSystems(known);
    const { legacy: legacyId, new: freshId } = snapshot.systems;
    const { systems = {} } = answer;
    const stats = (id) => systems[id]?.stats;
    const move = snapshot.moves?.find(({ commands }) => commands.includes(answer.command)) ?? null;
    this.#heading.show(answer, move);
    this.#distribution.show(
      pair.map(({ id, tone, label }) => {
        const { p50_ms: p50, p95_ms: p95 } = stats(id) ?? {};
        return { tone, label: clean(label), distribution: systems[id]?.distribution, p50, p95 };
      }),
    );
    const { verdict = null, flips = [] } = answer;
    this.#versus.update({ legacy: stats(legacyId), fresh: stats(freshId), names: pair.map(({ name }) => name), verdict });
    this.#judgement.update(verdict);
    this.#charts.render({ timeline: answer.timeline, alerts: snapshot.alerts, flips, unavailable: answer.timeline ? [] : ["timeline"] }, pair);
    for (const { id, tone, label } of pair) this.#showFailures(this.#failures.get(tone), answer.failures?.[id] ?? [], label);
    keyed(this.#flips, flips, flipKey, makeFlip);
    this.#noFlips.hidden = flips.length > 0;
  }

  #showFailures({ list, none, word }, failures, label) {
    text(word, clean(label));
    keyed(list, failures, ({ fingerprint }) => fingerprint, makeFailure);
    none.hidden = failures.length > 0;
  }
}

/** The answer about a command; null for one that nobody knows. */
async function read(name, window) {
  const path = `api/commands/${encodeURIComponent(name)}?window=${encodeURIComponent(window)}`;
  const response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(8_000), headers: { Accept: "application/json" } });
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`the monitor answered with error ${response.status}`);
  return response.json();
}
