// The few DOM verbs the page needs. Values only ever become text nodes or attributes, never markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element: h("b.cls", {title}, ...children); null children are left out. */
export function h(spec, props = {}, ...children) {
  const [tag, ...classes] = spec.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  for (const [name, value] of Object.entries(props)) attr(node, name, value);
  node.append(...children.filter((child) => child != null));
  return node;
}

/** An icon of the sprite in index.html; always decoration, a word stands beside it. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(SVG, "use"));
  setIcon(svg, name);
  return svg;
}

export function setIcon(svg, name) {
  attr(svg.firstElementChild, "href", `#i-${name}`);
}

/** Sets or (null, false) removes an attribute, and only if that changes anything. */
export function attr(node, name, value) {
  if (value == null || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

export function text(node, value) {
  const string = value == null ? "" : String(value);
  if (node.textContent !== string) node.textContent = string;
}

/** A custom property through CSSOM, which a strict style-src allows. */
export function cssVar(node, name, value) {
  node.style.setProperty(name, value);
}

/** A style sheet of ours that only a late part needs; the promise is kept once it applies. */
export function styleSheet(name) {
  const link = h("link", { rel: "stylesheet", href: new URL(name, import.meta.url).href });
  const applies = new Promise((resolve) => {
    link.addEventListener("load", resolve);
    link.addEventListener("error", resolve); // plain is better than nothing
  });
  document.head.append(link);
  return applies;
}

const KEPT = new WeakMap();

/**
 * Makes the children of `parent` follow `items`, keeping the nodes of those that stay.
 * `make(item)` answers {node, update(item)}; of equal keys the first wins.
 */
export function keyed(parent, items, keyOf, make) {
  const old = KEPT.get(parent) ?? new Map();
  const kept = new Map();
  let at = parent.firstChild;
  for (const item of items) {
    const key = keyOf(item);
    if (kept.has(key)) continue;
    const row = old.get(key) ?? make(item);
    row.update(item);
    if (row.node === at) at = at.nextSibling;
    else parent.insertBefore(row.node, at);
    kept.set(key, row);
    old.delete(key);
  }
  for (const row of old.values()) row.node.remove();
  KEPT.set(parent, kept);
}
