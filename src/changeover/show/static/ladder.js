// The track of a move: where it stands, what is behind it, and where it would go next.

import { attr, cssVar, h, icon, setIcon } from "./dom.js";
import { percent } from "./format.js";
import { RUNGS, placeOf, placeOfShare, stageWord } from "./move.js";

const STATES = new Map([
  ["held", "pause"],
  ["back", "critical"],
  ["done", "check"],
]);

/** {node, update(move)}: a picture with a sentence for those who cannot see it. */
export function makeLadder() {
  const rungs = RUNGS.map((rung, i) => makeRung(rung, i / (RUNGS.length - 1)));
  const fill = h("i.ladder-fill"),
    next = h("i.ladder-next"),
    mark = icon("none"),
    here = h("i.ladder-here", {}, mark);
  const node = h("div.ladder", { role: "img" }, h("div.ladder-track", {}, fill, ...rungs.map((one) => one.node), next, here));
  return {
    node,
    update(move) {
      const at = placeOf(move);
      const state = stateOf(move);
      attr(node, "data-state", state);
      attr(node, "aria-label", sentence(move));
      cssVar(node, "--at", at.toFixed(4));
      for (const rung of rungs) rung.update(at);
      const proposal = move.proposal_percent;
      next.hidden = proposal == null || placeOfShare(proposal) <= at;
      cssVar(next, "--at", proposal == null ? "0" : placeOfShare(proposal).toFixed(4));
      attr(next, "title", proposal == null ? null : `Next: ${percent(proposal)}`);
      mark.toggleAttribute("hidden", !STATES.has(state));
      setIcon(mark, STATES.get(state) ?? "none");
    },
  };
}

function makeRung(rung, at) {
  const isShare = typeof rung === "number";
  const node = h("span.rung", { "data-kind": isShare ? "share" : rung }, h("i"), h("small", {}, isShare ? (rung === 100 ? "100%" : String(rung)) : rung));
  cssVar(node, "--at", at.toFixed(4));
  return {
    node,
    update(here) {
      node.classList.toggle("passed", at <= here + 1e-6);
      node.classList.toggle("current", Math.abs(at - here) < 1e-3);
    },
  };
}

function stateOf({ stage, held_by: heldBy, rolled_back_at: back, cooldown_until: until }) {
  if (heldBy) return "held";
  if (back && until && Date.parse(until) > Date.now()) return "back";
  return stage === "done" ? "done" : "going";
}

function sentence({ stage, share_percent: share, proposal_percent: proposal, held_by: heldBy }) {
  return [
    `${stageWord(stage)}, ${percent(share ?? 0)} on new`,
    proposal == null ? null : `next would be ${percent(proposal)}`,
    heldBy ? "held" : null,
  ]
    .filter(Boolean)
    .join(", ");
}
