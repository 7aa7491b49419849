// What is below the first picture: loaded once that is drawn, so that nobody waits for it.

import { startAccount } from "./account.js";
import { renderAlerts } from "./alerts.js";
import { renderChannels } from "./channels.js";
import { renderFailures } from "./failures.js";
import { renderFlags } from "./flags.js";
import { renderFlips } from "./flips.js";
import { renderFooter } from "./footer.js";
import { may } from "./rights.js";

let calibration = null; // of calibration.js, once there is one to show

export const views = [renderFlags, renderAlerts, renderChannels, renderFailures, renderFlips, renderCalibration, renderFooter];

/** Few bots were calibrated: those that were not need not load how it is drawn. */
async function renderCalibration(snapshot) {
  if (snapshot.calibration == null && calibration === null) return;
  try {
    calibration ??= import("./calibration.js");
    const { renderCalibration: render, styled } = await calibration;
    await styled;
    render(snapshot);
  } catch (error) {
    console.warn(error);
    calibration = null; // with the next snapshot again
  }
}

/** Rights need orders, and a monitor that knows no moves knows no orders. */
export function start(snapshot) {
  if (snapshot.moves === undefined) return;
  startAccount().then(() => may("stop") && import("./actions.js")); // a stop must not wait for a module
}
