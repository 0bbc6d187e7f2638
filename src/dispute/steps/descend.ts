import { bytesEqual } from "../../../operators/index.js";
import { verifyWrap } from "../../merkle/list.js";
import { rootPosition, settle } from "../../merkle/shape.js";
import { ROOT_TAGS, type RootTag } from "../../merkle/tags.js";
import { toHex } from "../../receipt/hex.js";
import { hashAbove, nodesBelow } from "../descend.js";
import { proved, readDigest, readDigests, readIndex } from "../reading.js";
import { demand } from "../refusals.js";
import type { Rules } from "../rules.js";
import type { Claim, Cursor, Phase, TreeName } from "../state.js";
import type { Step } from "./step.js";

/** What the descent must know of a tree. A further zoom level is a further row. */
interface Descended {
  readonly tag: RootTag;
  count(rules: Rules): number;
  root(claim: Claim): string;
  /** Where one leaf leads. */
  leaf(index: number): Phase;
}

export const TREES: Readonly<Record<TreeName, Descended>> = {
  trace: {
    tag: ROOT_TAGS.trace,
    count: (rules) => rules.plan.segments.length,
    root: (claim) => claim.trace,
    leaf: (segment) => ({ name: "openBoundaries", segment }),
  },
};

/** The asserter posts the nodes some levels below a known one; they must make it. */
export const hashes: Step<"openNode", "hashes"> = ({ rules, claim }, { tree, at }, move) => {
  const { hasher } = rules;
  const count = TREES[tree].count(rules);
  const positions = nodesBelow(count, at?.position ?? rootPosition(count));
  const posted = readDigests(move.hashes, positions.length, "hashes");
  const above = hashAbove(hasher, posted);
  if (at === null) {
    const root = readDigest(TREES[tree].root(claim), "the root");
    proved("wrong-hashes", () => verifyWrap(hasher, TREES[tree].tag, root, count, above));
  } else {
    const same = bytesEqual(above, readDigest(at.hash, "the node"));
    demand(same, "wrong-hashes", `they make ${toHex(above)}, not ${at.hash}`);
  }
  const nodes = positions.map((position, i): Cursor => {
    return { position, hash: move.hashes[i] as string };
  });
  return { phase: { name: "selectNode", tree, nodes } };
};

/** The challenger picks one of them. */
export const select: Step<"selectNode", "select"> = ({ rules }, { tree, nodes }, move) => {
  const at = nodes[readIndex(move.child, 0, nodes.length, "child")] as Cursor;
  const { level, index } = settle(TREES[tree].count(rules), at.position);
  return { phase: level === 0 ? TREES[tree].leaf(index) : { name: "openNode", tree, at } };
};
