import {
  bytesEqual,
  elementCount,
  firstNonCanonical,
  type TensorType,
} from "../../../operators/index.js";
import type { PlanNode } from "../../graph/plan.js";
import {
  type TensorGeometry,
  tensorGeometry,
  tileByteLength,
  tileElements,
} from "../../merkle/geometry.js";
import type { Digest } from "../../merkle/hash.js";
import { indexedBody, verifyIndexed } from "../../merkle/indexed-root.js";
import { tensorCommitment, tileHash } from "../../merkle/tensor-tree.js";
import { emptyRoot, leafHash, rootFromProof } from "../../merkle/tree.js";
import { toHex } from "../../receipt/hex.js";
import type { Evidence, NamedTensor } from "../evidence.js";
import type { Hex, ShownLeaf } from "../moves.js";
import { elementAt, elementBits, nameTarget } from "../name.js";
import { proved, readBytes, readDigest, readProof } from "../reading.js";
import { demand } from "../refusals.js";
import type { TensorOrigin } from "../sources.js";
import type { OpenedOperator, Phase } from "../state.js";
import { committedSlices, committedTarget, sliceCount, type Target, targetOf } from "../targets.js";
import { committedResults, nameOperator, nameTensor, originOf } from "../values.js";
import { verifySource } from "./source.js";
import type { StepContext } from "./step.js";

/** Tiles that the asserter shows, proved into its own commitments. */

/** Refuses a tile that is not where the plan says that its tensor is committed. */
export function requireTile(
  context: StepContext,
  operator: OpenedOperator,
  of: TensorOrigin,
  tile: number,
  shown: ShownLeaf,
): Uint8Array {
  const { hasher } = context.rules;
  const type = typeOf(context, operator, of);
  const geometry = tensorGeometry(type.dtype, type.dims);
  const bytes = readTileBytes(geometry, tile, shown.bytes);
  const siblings = readProof(shown.siblings, "a tile");
  const proof = readProof(shown.proof, "the proof of a tile's tensor");
  const leaf = tileHash(hasher, bytes);
  const root = proved("wrong-proof", () =>
    rootFromProof(hasher, geometry.tiles, { level: 0, index: tile }, leaf, siblings),
  );
  requireTensor(context, operator, of, tensorCommitment(hasher, type, root), proof);
  return bytes;
}

export function readTileBytes(geometry: TensorGeometry, tile: number, given: unknown): Uint8Array {
  const bytes = readBytes(given, "a tile");
  const due = tileByteLength(geometry, tile);
  demand(bytes.length === due, "wrong-tensor", `a tile has ${bytes.length} bytes, not ${due}`);
  return bytes;
}

function typeOf({ rules }: StepContext, { node }: OpenedOperator, of: TensorOrigin): TensorType {
  const { plan } = rules;
  if (of.kind === "value") return plan.values[of.value] as TensorType;
  return (targetOf(plan.nodes[node] as PlanNode, of.target) as Target).type;
}

/** Refuses a commitment that is not the asserter's to a value or a result. */
function requireTensor(
  context: StepContext,
  operator: OpenedOperator,
  of: TensorOrigin,
  commitment: Digest,
  proof: readonly Digest[],
): void {
  const { plan, hasher } = context.rules;
  if (of.kind === "value" && originOf(plan, of.value).kind !== "node") {
    verifySource(context, of.value, commitment, proof);
    return;
  }
  const node = plan.nodes[operator.node] as PlanNode;
  const slice = of.kind === "target" ? targetOf(node, of.target)?.slice : undefined;
  if (slice !== undefined) {
    const root = readDigest(committedSlices(plan, operator), "the slices' root");
    proved("wrong-proof", () =>
      verifyIndexed(hasher, "slices", root, sliceCount(node), slice, commitment, proof),
    );
    return;
  }
  const expected =
    of.kind === "target"
      ? committedTarget(plan, operator, of.target)
      : committedResults(plan, operator)(of.value);
  const same = toHex(commitment) === expected;
  demand(same && proof.length === 0, "wrong-tensor", `the tile does not belong to ${expected}`);
}

/**
 * Evidence where a shown tile holds bits that no tensor may hold. Weights are the model's, not the
 * asserter's: whoever registers a model checks them.
 */
export function improperTile(
  context: StepContext,
  operator: OpenedOperator,
  of: TensorOrigin,
  tile: number,
  bytes: Uint8Array,
): Evidence | undefined {
  const { plan } = context.rules;
  if (of.kind === "value" && originOf(plan, of.value).kind === "weight") return undefined;
  const { dtype, dims } = typeOf(context, operator, of);
  const improper = firstNonCanonical(dtype, bytes);
  if (improper < 0) return undefined;
  const element = tileElements(tensorGeometry(dtype, dims), tile)[improper] as number;
  return {
    fault: "non-canonical",
    segment: operator.segment,
    operator: nameOperator(plan, operator.node),
    tensor: nameOf(context, operator, of),
    element: elementAt(element, dims),
    claimed: elementBits(dtype, bytes, improper),
  };
}

function nameOf({ rules }: StepContext, { node }: OpenedOperator, of: TensorOrigin): NamedTensor {
  return of.kind === "value"
    ? nameTensor(rules.plan, of.value)
    : nameTarget(rules.plan, node, of.target);
}

/**
 * Where the tree of a result is opened, or, if it has no elements and so no tree, the verdict about
 * its commitment. `leaf` is the hash of a slice's entry.
 */
export function tensorPhase(
  { rules }: StepContext,
  operator: OpenedOperator,
  target: number,
  leaf: Hex | null,
): Phase {
  const { plan, hasher } = rules;
  const { type } = targetOf(plan.nodes[operator.node] as PlanNode, target) as Target;
  if (elementCount(type.dims) > 0) {
    return { name: "openNode", place: { tree: "tensor", operator, target, leaf }, at: null };
  }
  const claimed = leaf ?? committedTarget(plan, operator, target);
  const commitment = tensorCommitment(hasher, type, emptyRoot(hasher));
  const { slice } = targetOf(plan.nodes[operator.node] as PlanNode, target) as Target;
  const correct = toHex(
    slice === undefined ? commitment : leafHash(hasher, indexedBody("slices", slice, commitment)),
  );
  const tensor = nameTarget(plan, operator.node, target);
  const about = { operator: nameOperator(plan, operator.node), tensor };
  const { segment } = operator;
  return claimed === correct
    ? { name: "ended", outcome: { kind: "not-refuted", checked: { what: "empty", ...about } } }
    : refuted({ fault: "wrong-commitment", segment, ...about, claimed, correct });
}

/** Refuses the Merkle root of a result that is not the committed one. */
export function requireTargetRoot(
  context: StepContext,
  operator: OpenedOperator,
  target: number,
  leaf: Hex | null,
  root: Digest,
): void {
  const { plan, hasher } = context.rules;
  const { type, slice } = targetOf(plan.nodes[operator.node] as PlanNode, target) as Target;
  const commitment = tensorCommitment(hasher, type, root);
  const [known, made] =
    leaf === null || slice === undefined
      ? [committedTarget(plan, operator, target), commitment]
      : [leaf, leafHash(hasher, indexedBody("slices", slice, commitment))];
  const same = bytesEqual(made, readDigest(known, "the commitment"));
  demand(same, "wrong-hashes", `they make ${toHex(made)}, not ${known}`);
}

export function refuted(evidence: Evidence): Phase {
  return { name: "ended", outcome: { kind: "refuted", evidence } };
}
