import type { PlanNode } from "../../graph/plan.js";
import { locateElement, tensorGeometry } from "../../merkle/geometry.js";
import { toHex } from "../../receipt/hex.js";
import type { Evidence } from "../evidence.js";
import type { Hex, ShownLeaf } from "../moves.js";
import { readFields } from "../reading.js";
import { demand } from "../refusals.js";
import type { Stretch } from "../state.js";
import { type Target, targetOf } from "../targets.js";
import type { StepContext } from "./step.js";
import { improperTile, requireTile } from "./tile.js";

export type ClaimedElement =
  | { readonly kind: "element"; readonly claimed: Hex }
  /** The tile that holds it convicts as it is. */
  | { readonly kind: "improper"; readonly evidence: Evidence };

/** The committed bytes of the element: known, or from the tile that is shown now. */
export function claimedElement(
  context: StepContext,
  { claimed, target, element, operator }: Stretch,
  claim: ShownLeaf | null,
): ClaimedElement {
  demand((claim === null) === (claimed !== null), "malformed", "the element's tile, once");
  if (claim === null) return { kind: "element", claimed: claimed as Hex };
  readFields(claim, ["bytes", "siblings", "proof"], "the element's tile");
  const node = context.rules.plan.nodes[operator.node] as PlanNode;
  const { type } = targetOf(node, target) as Target;
  const geometry = tensorGeometry(type.dtype, type.dims);
  const { tile, position } = locateElement(geometry, element);
  const of = { kind: "target", target } as const;
  const bytes = requireTile(context, operator, of, tile, claim);
  const evidence = improperTile(context, operator, of, tile, bytes);
  if (evidence) return { kind: "improper", evidence };
  const size = geometry.elementSize;
  const shown = bytes.subarray(position * size, (position + 1) * size);
  return { kind: "element", claimed: toHex(shown) };
}
