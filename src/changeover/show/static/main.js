// The page's one short road: a snapshot comes, each view shows its part of it.

import { renderCards } from "./cards.js";
import { Charts } from "./charts.js";
import { Feed } from "./feed.js";
import * as header from "./header.js";
import { renderMigration } from "./migration.js";
import { DEFAULT_WINDOW, SCHEMA, WINDOWS, systemsOf } from "./model.js";
import { renderPanels } from "./panels.js";
import { CommandTable } from "./table.js";

const charts = new Charts(document.getElementById("charts"));
const table = new CommandTable();
const main = document.getElementById("main");
const views = [
  (snapshot, systems) => charts.render(snapshot, systems), // first: what the eye waits for
  header.renderHealth,
  header.renderAsOf,
  renderMigration,
  renderCards,
  (snapshot, systems) => table.render(snapshot, systems),
  renderPanels,
];

function onSnapshot(snapshot) {
  if (snapshot.schema_version !== SCHEMA) {
    throw new Error(
      `this page reads schema ${SCHEMA}, the monitor writes ${snapshot.schema_version}; reload`,
    );
  }
  const systems = systemsOf(snapshot);
  for (const view of views) {
    try {
      view(snapshot, systems);
    } catch (error) {
      console.error(error); // one part's trouble is not the others'
    }
  }
  main.setAttribute("aria-busy", "false");
}

function windowOfHash() {
  const asked = new URLSearchParams(location.hash.slice(1)).get("window");
  return WINDOWS.includes(asked) ? asked : DEFAULT_WINDOW;
}

function show(window) {
  main.setAttribute("aria-busy", "true");
  header.selectWindow(window);
  charts.forgetZoom();
  feed.restart(window);
}

const feed = new Feed(windowOfHash(), { onSnapshot, onState: header.renderState });

header.themeToggle(() => charts.repaint());
header.windowSwitch(windowOfHash(), (window) => {
  history.replaceState(null, "", `#window=${window}`);
  show(window);
});
header.onLiveToggle((isPaused) => (isPaused ? feed.restart() : feed.pause()));
header.onRetry(() => feed.restart());
addEventListener("hashchange", () => show(windowOfHash()));
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href^='#']");
  if (!link) return;
  event.preventDefault(); // the hash holds the window, so a jump within the page must not change it
  document.querySelector(link.hash).focus();
});
feed.restart();
