// The colours of the style sheet as the canvas needs them; read again when the theme changes.

import { h } from "./dom.js";

export class Palette {
  #probe = h("i.hidden", { "aria-hidden": "true" });
  #known = new Map();

  constructor() {
    document.body.append(this.#probe);
  }

  forget() {
    this.#known.clear();
  }

  get(name) {
    if (!this.#known.has(name)) {
      this.#probe.style.color = `var(--${name})`;
      this.#known.set(name, getComputedStyle(this.#probe).color);
    }
    return this.#known.get(name);
  }
}
