import type { Digest } from "../../merkle/hash.js";
import { verifyIndexed } from "../../merkle/indexed-root.js";
import { proved, readDigest } from "../reading.js";
import { originOf } from "../values.js";
import type { StepContext } from "./step.js";

/**
 * Checks a commitment to a graph input or a weight at the index that the plan gives it: inputs
 * against the receipt's root, weights against the root that the referee got with the model.
 */
export function verifySource(
  { rules, claim }: StepContext,
  value: number,
  commitment: Digest,
  siblings: readonly Digest[],
): void {
  const { plan, hasher } = rules;
  const origin = originOf(plan, value);
  if (origin.kind !== "input" && origin.kind !== "weight") {
    throw new RangeError(`value ${value} is neither an input nor a weight`);
  }
  const kind = origin.kind === "input" ? "inputs" : "weights";
  const root = kind === "inputs" ? readDigest(claim.inputs, "the inputs root") : rules.weights;
  proved("wrong-proof", () =>
    verifyIndexed(hasher, kind, root, plan[kind].length, origin.index, commitment, siblings),
  );
}
