// The right end of the bar: the emergency stop, and who is logged in.

import { attr, h, setIcon, text } from "./dom.js";
import { clean } from "./format.js";
import { actorName } from "./move.js";
import { askRights, onMe, post } from "./orders.js";
import { act, may, onRights } from "./rights.js";

const $ = (id) => document.getElementById(id);
const ROLES = new Map([
  ["viewer", "Viewer: may look"],
  ["operator", "Operator: may move, hold, roll back, silence and stop"],
  ["admin", "Admin: may do everything"],
]);
const WAYS = new Map([
  ["token", "by the token that the browser sends"],
  ["session", "by a login on this page"],
  ["loopback", "because the page is opened on the bot's own machine"],
]);

const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);

function showMe({ name, role, via, takesOrders }) {
  const account = $("account");
  account.hidden = !takesOrders;
  const isStranger = role === null;
  text(account.querySelector("b"), isStranger ? "Log in" : capital(clean(role)));
  setIcon(account.querySelector("svg"), isStranger ? "lock" : "person");
  attr(account, "title", isStranger ? "Log in to act" : `${clean(name ?? "")} ${capital(clean(role))}`.trim());
  attr(account, "aria-label", isStranger ? "Log in" : `${actorName(name ?? "you")}, ${clean(role)}`);
  attr(account, "popovertarget", isStranger ? null : "who");
  text($("who-name"), name ? actorName(name) : "You");
  attr($("who-name"), "title", name ? clean(name) : null);
  text($("who-role"), ROLES.get(role) ?? clean(role ?? ""));
  text($("who-way"), WAYS.has(via) ? `Known ${WAYS.get(via)}` : "");
  $("log-out").hidden = via !== "session";
  $("log-in-other").hidden = via === "session";
  if (isStranger && $("who").matches(":popover-open")) $("who").hidePopover();
}

async function logIn() {
  const { ask } = await import("./dialog.js");
  ask({
    title: "Log in",
    symbol: "lock",
    facts: () => ["With a token that changeover token create made. It is exchanged for a cookie that scripts cannot read."],
    fields: [{ name: "token", label: "Token", type: "password", required: true, autocomplete: "off" }],
    submit: "Log in",
    send: ({ token }) => post("api/login", { token: token.trim() }).then(loginWords),
    done: "You are logged in",
    after: askRights,
  });
}

/** A refused login says what is wrong with the token, not with a login. */
function loginWords(refused) {
  return refused?.status === 401 ? { ...refused, words: "Nobody has this token, or it has expired or was revoked." } : refused;
}

$("account").addEventListener("click", () => {
  if ($("account").getAttribute("popovertarget") === null) logIn();
});
$("log-in-other").addEventListener("click", () => {
  $("who").hidePopover();
  logIn();
});
$("log-out").addEventListener("click", async () => {
  await post("api/logout", {});
  await askRights();
  $("account").focus();
});
$("stop").addEventListener("click", () => act("stopEverything"));
onRights(() => {
  $("stop").hidden = !may("stop");
});
onMe(showMe);

/** Things that only show once somebody may use them are asked for after the first picture. */
export const startAccount = askRights;
