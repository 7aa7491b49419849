// The one dialog of the page: says what will happen, asks what it must know, shows refusals in plain words.

import { attr, h, icon, keyed, setIcon, styleSheet, text } from "./dom.js";
import { announce } from "./header.js";

const styled = styleSheet("dialog.css");
const mark = icon("none"),
  title = h("h2", { id: "dialog-title" }),
  facts = h("ul.dialog-facts", { id: "dialog-facts" }),
  fields = h("div.dialog-fields"),
  refused = h("p.dialog-refusal", { role: "alert" }),
  cancel = h("button.button", { type: "button" }, "Cancel"),
  submit = h("button.button", { type: "submit" }, "Send");
const form = h(
  "form",
  { novalidate: "" },
  h("header", {}, mark, title),
  facts,
  fields,
  refused,
  h("footer", {}, cancel, submit),
);
const dialog = h("dialog.dialog", { "aria-labelledby": title.id, "aria-describedby": facts.id }, form);
const toast = h("p.toast", { "aria-hidden": "true", popover: "manual" });
document.body.append(dialog, toast);

let asked = null;
let inputs = new Map();
let toastTimer;
let following;
const FOLLOW_MS = 500;

/**
 * Asks, sends, and closes when it is done. `question`: {title, symbol, kind, facts() (sentences, read again after a
 * refusal), fields: [{name, label, type, options, required, hint}], submit (the button's words), send(values)
 * (a promise of null or {status, words}), done (a sentence), after()}.
 */
export async function ask(question) {
  await styled;
  asked = question;
  text(title, question.title);
  setIcon(mark, question.symbol ?? "none");
  attr(dialog, "data-kind", question.kind ?? "plain");
  text(submit, question.submit);
  attr(submit, "data-kind", question.kind ?? "primary");
  showFacts();
  showRefusal("");
  inputs = new Map(question.fields.map((field) => [field.name, makeField(field)]));
  fields.replaceChildren(...[...inputs.values()].map(({ node }) => node));
  setBusy(false);
  dialog.showModal();
  (inputs.values().next().value?.input ?? cancel).focus();
}

const showFacts = () =>
  keyed(
    facts,
    asked.facts().map((fact, i) => ({ key: `${i}`, fact })),
    ({ key }) => key,
    makeFact,
  );

function makeFact() {
  const node = h("li");
  return { node, update: ({ fact }) => text(node, fact) };
}

function showRefusal(words) {
  text(refused, words);
  refused.hidden = words === "";
}

function makeField({ name, label, type = "text", options, required = false, hint = null, value = "", autocomplete = "off" }) {
  const id = `dialog-${name}`;
  const shared = { id, name, autocomplete, "aria-required": required, "aria-describedby": hint ? `${id}-hint` : null };
  const input =
    type === "select"
      ? h("select", shared, ...options.map(([key, words]) => h("option", { value: key }, words)))
      : h("input", { ...shared, type, maxlength: "500", spellcheck: "false" });
  if (value) input.value = value;
  const node = h("div.field", {}, h("label", { for: id }, label, required ? null : h("small", {}, " (optional)")), input, hint ? h("small", { id: `${id}-hint` }, hint) : null);
  return { node, input, label, required };
}

function setBusy(isBusy) {
  submit.disabled = isBusy;
  attr(form, "aria-busy", isBusy);
}

/** The first field that must be filled and is not. */
function missing() {
  for (const field of inputs.values()) {
    const isMissing = field.required && field.input.value.trim() === "";
    attr(field.input, "aria-invalid", isMissing);
    if (isMissing) return field;
  }
  return null;
}

async function onSubmit(event) {
  event.preventDefault();
  const empty = missing();
  if (empty) {
    showRefusal(`${empty.label} is missing.`);
    empty.input.focus();
    return;
  }
  const question = asked;
  showRefusal("");
  setBusy(true);
  const values = Object.fromEntries([...inputs].map(([name, { input }]) => [name, input.value]));
  const answer = await question.send(values);
  if (question !== asked) return; // somebody closed it, and perhaps opened another
  setBusy(false);
  if (answer) {
    showRefusal(answer.words);
    followFacts();
    return;
  }
  dialog.close();
  say(question.done);
  question.after?.();
}

/** After a refusal things may have changed: the next attempt is about what is shown then. */
function followFacts() {
  showFacts();
  clearInterval(following);
  following = setInterval(showFacts, FOLLOW_MS);
}

function say(words) {
  announce(words);
  text(toast, words);
  toast.showPopover?.();
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => toast.hidePopover?.(), 4_000);
}

form.addEventListener("submit", onSubmit);
cancel.addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => {
  asked = null;
  clearInterval(following);
  fields.replaceChildren(); // a token must not stay in the page
});
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});
