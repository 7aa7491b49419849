// What the address says after its hash: the window, and the command whose own page is shown.

import { DEFAULT_WINDOW, WINDOWS } from "./model.js";

/** {window, command}: command is null on the overview. */
export function placeOfHash(hash = location.hash) {
  const asked = new URLSearchParams(hash.slice(1));
  const window = asked.get("window");
  return { window: WINDOWS.includes(window) ? window : DEFAULT_WINDOW, command: asked.get("command") };
}

export const addressOf = ({ window, command }) =>
  command === null ? `#window=${window}` : `#command=${encodeURIComponent(command)}&window=${window}`;

/** The page of a command, in the window that is looked at now. */
export const commandAddress = (command) => addressOf({ window: placeOfHash().window, command });

export const isPlace = (hash) => /^#(window|command)=/.test(hash);
