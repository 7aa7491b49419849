// The page's one short road: a snapshot comes, each view shows its part of it.

import { renderBoard } from "./board.js";
import { renderCards } from "./cards.js";
import { Charts } from "./charts.js";
import { Feed } from "./feed.js";
import { renderFiring } from "./firing.js";
import * as header from "./header.js";
import { renderMigration } from "./migration.js";
import { SCHEMA, systemsOf } from "./model.js";
import { addressOf, isPlace, placeOfHash } from "./place.js";
import { renderStopped } from "./stopped.js";
import { CommandTable } from "./table.js";

const main = document.getElementById("main");
const overview = document.getElementById("values");
const single = document.getElementById("command");
const charts = new Charts(document.getElementById("charts"));
const table = new CommandTable();
let place = placeOfHash();
let newest = null;
let commandPage = null; // of command.js, once a command was opened
let left = { scroll: 0, focus: null }; // where the overview was left

const everywhere = [header.renderHealth, header.renderAsOf, renderStopped, renderFiring];
const onOverview = [
  (snapshot, systems) => charts.render(snapshot, systems), // first: what the eye waits for
  renderMigration,
  renderBoard,
  renderCards,
  (snapshot, systems) => table.render(snapshot, systems),
];
let below = null; // the views of late.js

function onSnapshot(snapshot) {
  if (snapshot.schema_version !== SCHEMA) {
    throw new Error(
      `this page reads schema ${SCHEMA}, the monitor writes ${snapshot.schema_version}; reload`,
    );
  }
  newest = snapshot;
  render();
  main.setAttribute("aria-busy", "false");
  if (below === null) loadBelow();
}

function render() {
  const systems = systemsOf(newest);
  const isOverview = place.command === null;
  const views = isOverview ? [...onOverview, ...everywhere, ...(below ?? [])] : everywhere;
  for (const view of views) {
    try {
      view(newest, systems);
    } catch (error) {
      console.error(error); // one part's trouble is not the others'
    }
  }
  if (!isOverview) commandPage?.render(newest);
}

async function loadBelow() {
  below = [];
  const late = await import("./late.js");
  below = late.views;
  late.start(newest);
  render();
}

function go(to) {
  const was = place;
  place = to;
  if (to.window !== was.window) {
    main.setAttribute("aria-busy", "true");
    header.selectWindow(to.window);
    charts.forgetZoom();
    feed.restart(to.window);
  }
  if (to.command !== null) openCommand(was);
  else if (was.command !== null) closeCommand();
}

async function openCommand(was) {
  const { command, window } = place;
  if (was.command === null) left = { scroll: scrollY, focus: document.activeElement };
  overview.hidden = true;
  single.hidden = false;
  if (command !== was.command) scrollTo(0, 0);
  const { CommandPage, styled } = await import("./command.js");
  await styled;
  commandPage ??= new CommandPage(single);
  if (place.command === command) commandPage.open(command, window, newest);
}

function closeCommand() {
  commandPage?.close();
  single.hidden = true;
  overview.hidden = false;
  if (newest !== null) render();
  scrollTo(0, left.scroll);
  left.focus?.focus({ preventScroll: true });
}

const feed = new Feed(place.window, { onSnapshot, onState: header.renderState });

header.themeToggle(() => {
  charts.repaint();
  commandPage?.repaint();
});
header.windowSwitch(place.window, (window) => {
  history.replaceState(null, "", addressOf({ ...place, window }));
  go({ ...place, window });
});
header.onLiveToggle((isPaused) => (isPaused ? feed.restart() : feed.pause()));
header.onRetry(() => feed.restart());
addEventListener("hashchange", () => go(placeOfHash()));
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href^='#']");
  if (!link || isPlace(link.hash)) return;
  event.preventDefault(); // the hash holds the place, so a jump within the page must not change it
  document.querySelector(link.hash).focus();
});
if (place.command !== null) openCommand({ command: null });
feed.restart();
