import { bytesEqual } from "../../../operators/index.js";
import type { PlanNode } from "../../graph/plan.js";
import { tensorGeometry } from "../../merkle/geometry.js";
import type { Digest } from "../../merkle/hash.js";
import { verifyWrap } from "../../merkle/list.js";
import { rootPosition, settle } from "../../merkle/shape.js";
import { ROOT_TAGS } from "../../merkle/tags.js";
import { toHex } from "../../receipt/hex.js";
import { hashAbove, nodesBelow } from "../descend.js";
import type { Hex } from "../moves.js";
import { proved, readDigest, readDigests, readIndex } from "../reading.js";
import { demand } from "../refusals.js";
import type { Rules } from "../rules.js";
import type { Cursor, Phase, Place } from "../state.js";
import { committedSlices, sliceCount, type Target, targetOf, targetOfSlice } from "../targets.js";
import type { Step, StepContext } from "./step.js";
import { requireTargetRoot, tensorPhase } from "./tile.js";

/** What the descent must know of a tree. A further zoom level is a further row. */
interface Descended<P extends Place> {
  count(rules: Rules, place: P): number;
  /** Refuses a Merkle root that is not the committed one. */
  requireRoot(context: StepContext, place: P, root: Digest): void;
  /** Where one leaf leads, whose hash is known unless the tree has no other. */
  leaf(context: StepContext, place: P, index: number, hash: Hex): Phase;
}

type Trees = { readonly [T in Place["tree"]]: Descended<Extract<Place, { tree: T }>> };

const TREES: Trees = {
  trace: {
    count: (rules) => rules.plan.segments.length,
    requireRoot({ rules, claim }, _place, root) {
      const count = rules.plan.segments.length;
      const known = readDigest(claim.trace, "the root");
      proved("wrong-hashes", () => verifyWrap(rules.hasher, ROOT_TAGS.trace, known, count, root));
    },
    leaf: (_context, _place, segment) => ({ name: "openBoundaries", segment }),
  },
  tensor: {
    count({ plan }, { operator, target }) {
      const { type } = targetOf(plan.nodes[operator.node] as PlanNode, target) as Target;
      return tensorGeometry(type.dtype, type.dims).tiles;
    },
    requireRoot(context, { operator, target, leaf }, root) {
      requireTargetRoot(context, operator, target, leaf, root);
    },
    leaf: (_context, { operator, target }, tile, hash) => {
      return { name: "openTile", operator, target, tile, hash };
    },
  },
  slices: {
    count: ({ plan }, { operator }) => sliceCount(plan.nodes[operator.node] as PlanNode),
    requireRoot({ rules }, { operator }, root) {
      const { plan, hasher } = rules;
      const count = sliceCount(plan.nodes[operator.node] as PlanNode);
      const known = readDigest(committedSlices(plan, operator), "the root");
      proved("wrong-hashes", () => verifyWrap(hasher, ROOT_TAGS.slices, known, count, root));
    },
    leaf(context, { operator }, index, hash) {
      const node = context.rules.plan.nodes[operator.node] as PlanNode;
      return tensorPhase(context, operator, targetOfSlice(node, index), hash);
    },
  },
};

function treeOf(place: Place): Descended<Place> {
  return TREES[place.tree] as Descended<Place>;
}

export function treeCount(rules: Rules, place: Place): number {
  return treeOf(place).count(rules, place);
}

/** The asserter posts the nodes some levels below a known one; they must make it. */
export const hashes: Step<"openNode", "hashes"> = (context, { place, at }, move) => {
  const { rules } = context;
  const count = treeCount(rules, place);
  const positions = nodesBelow(count, at?.position ?? rootPosition(count));
  const posted = readDigests(move.hashes, positions.length, "hashes");
  const above = hashAbove(rules.hasher, posted);
  if (at === null) treeOf(place).requireRoot(context, place, above);
  else {
    const same = bytesEqual(above, readDigest(at.hash, "the node"));
    demand(same, "wrong-hashes", `they make ${toHex(above)}, not ${at.hash}`);
  }
  const nodes = positions.map((position, i): Cursor => {
    return { position, hash: move.hashes[i] as string };
  });
  return { phase: { name: "selectNode", place, nodes } };
};

/** The challenger picks one of them. */
export const select: Step<"selectNode", "select"> = (context, { place, nodes }, move) => {
  const at = nodes[readIndex(move.child, 0, nodes.length, "child")] as Cursor;
  const { level, index } = settle(treeCount(context.rules, place), at.position);
  if (level > 0) return { phase: { name: "openNode", place, at } };
  return { phase: treeOf(place).leaf(context, place, index, at.hash) };
};
