// What whoever looks may ask for. Empty until late.js has asked; then buttons appear by themselves.

let verbs = new Set();
const listeners = new Set();

export const may = (verb) => verbs.has(verb);

export function setRights(names) {
  verbs = new Set(names);
  for (const listener of listeners) listener();
}

/** Calls `listener` now and whenever the rights change. */
export function onRights(listener) {
  listeners.add(listener);
  listener();
}

/** Opens the dialog of an action; its module comes only when somebody asks for one. */
export async function act(name, ...about) {
  const actions = await import("./actions.js");
  actions[name](...about);
}
