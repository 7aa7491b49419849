// Asking the server who we are, what we may do, and to do it; and what its refusals mean.

import { clean } from "./format.js";
import { setRights } from "./rights.js";

const LIMIT_MS = 15_000;
const listeners = new Set();
let me = { name: null, role: null, via: "none", takesOrders: false };

/** Calls `listener(me)` now and after each login: {name, role, via, takesOrders}. */
export function onMe(listener) {
  listeners.add(listener);
  listener(me);
}

/** Asks again who we are. A server without orders leaves the page read-only. */
export async function askRights() {
  const [who, verbs] = await Promise.all([told("api/me"), told("api/orders")]);
  me = {
    name: who.body?.name ?? null,
    role: who.body?.role ?? null,
    via: who.body?.via ?? "none",
    takesOrders: verbs.status !== 404 && verbs.status !== 0,
  };
  setRights((verbs.body?.orders ?? []).map(({ verb }) => verb));
  for (const listener of listeners) listener(me);
}

async function told(path) {
  try {
    const response = await fetch(path, { cache: "no-store", headers: { Accept: "application/json" } });
    return { status: response.status, body: response.ok ? await response.json() : null };
  } catch {
    return { status: 0, body: null }; // the feed says that nobody answers
  }
}

/** What the server says to an order or a login: null when it is done, else {status, words}. */
export async function post(path, body) {
  let response;
  try {
    response = await fetch(path, {
      method: "POST",
      cache: "no-store",
      signal: AbortSignal.timeout(LIMIT_MS),
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    return { status: 0, words: "The monitor did not answer. Nobody knows whether it was done: look before you try again." };
  }
  if (response.ok) return null;
  const answer = await response.json().catch(() => null);
  return { status: response.status, words: refusal(response.status, answer?.error ?? answer ?? {}) };
}

const OPENINGS = new Map([
  [400, "The monitor did not understand this"],
  [401, "You are not logged in, or your login has ended"],
  [403, "You may not do this"],
  [404, "This is not there any more"],
  [409, "Changed meanwhile"],
  [422, "This cannot be done as things are"],
  [429, "Too many attempts; wait a little"],
  [503, "The monitor cannot do this now"],
]);

function refusal(status, { message }) {
  const opening = OPENINGS.get(status) ?? `The monitor answered with error ${status}`;
  return message ? `${opening}: ${clean(message)}` : `${opening}.`;
}

/** Sends one order: {verb, subject, reason, expected, values}. Answers as `post`. */
export async function send({ verb, subject = "", reason = "", expected = null, values = {} }) {
  const refused = await post("api/orders", { verb, subject, reason, expected, values });
  if (refused?.status === 401) askRights();
  return refused;
}
