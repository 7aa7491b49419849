// The banner of the emergency stop: by whom, when, why, and how to lift it.

import { attr, text } from "./dom.js";
import { clean, clock, utc } from "./format.js";
import { announce } from "./header.js";
import { actorName } from "./move.js";
import { act, may, onRights } from "./rights.js";

const banner = document.getElementById("stopped");
const lift = banner.querySelector("button");
let newest = null;

export function renderStopped({ stopped = null }) {
  const was = newest !== null;
  newest = stopped;
  banner.hidden = stopped === null;
  attr(document.documentElement, "data-stopped", stopped !== null);
  if (stopped === null) {
    if (was) announce("The emergency stop is lifted");
    return;
  }
  const when = clock(stopped.at, Date.now());
  const why = stopped.reason ? `: “${clean(stopped.reason)}”` : "";
  text(banner.querySelector("span"), `Every command goes to legacy since ${when}, by ${actorName(stopped.actor)}${why}.`);
  text(banner.querySelector("small"), may("start") ? "" : "An operator lifts it here, or with changeover resume-all on the bot's machine.");
  attr(banner, "title", `${utc(stopped.at)}, ${clean(stopped.actor)}`);
  lift.hidden = !may("start");
  if (!was) announce(`Emergency stop. ${banner.querySelector("span").textContent}`);
}

lift.addEventListener("click", () => act("liftStop"));
onRights(() => renderStopped({ stopped: newest }));
