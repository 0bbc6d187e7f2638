import { AssayError } from "../../operators/basis.js";

/**
 * The shape of an RFC 6962 tree, which its leaf count alone decides. Node `index` of `level` covers
 * the leaves [index·2^level, (index+1)·2^level), cut at the count. That is the recursion of RFC 6962
 * (split at the largest power of two below the count) read from the bottom: a node without a right
 * sibling is also the node above it.
 */
export interface TreePosition {
  readonly level: number;
  readonly index: number;
}

export interface ProofStep {
  readonly sibling: TreePosition;
  /** On which side the sibling stands. */
  readonly side: "left" | "right";
}

/** Nodes of a level: ⌈count ÷ 2^level⌉. */
export function widthAt(count: number, level: number): number {
  return Math.ceil(count / 2 ** level);
}

/** The root's position. A tree without leaves has none: `proof/invalid`. */
export function rootPosition(count: number): TreePosition {
  requireCount(count);
  let level = 0;
  while (2 ** level < count) level++;
  return { level, index: 0 };
}

/** Throws `proof/invalid` unless a tree of `count` leaves has a node there. */
export function requirePosition(count: number, { level, index }: TreePosition): void {
  const top = rootPosition(count).level;
  const valid =
    Number.isSafeInteger(level) &&
    Number.isSafeInteger(index) &&
    level >= 0 &&
    level <= top &&
    index >= 0 &&
    index < widthAt(count, level);
  if (!valid) {
    throw new AssayError(
      "proof/invalid",
      `a tree of ${count} leaves has no node ${index} on level ${level}`,
      { facts: { count, level, index } },
    );
  }
}

/** The leaves [start, end) below a position. */
export function leavesBelow(
  count: number,
  position: TreePosition,
): { readonly start: number; readonly end: number } {
  requirePosition(count, position);
  const size = 2 ** position.level;
  const start = position.index * size;
  return { start, end: Math.min(start + size, count) };
}

/** The lowest position with the same hash: a node that only moved up, where it came from. */
export function settle(count: number, position: TreePosition): TreePosition {
  requirePosition(count, position);
  let { level, index } = position;
  while (level > 0 && 2 * index + 1 >= widthAt(count, level - 1)) {
    level--;
    index *= 2;
  }
  return { level, index };
}

/** The two children, each settled, or undefined for a leaf: one step of descending a tree. */
export function childrenOf(
  count: number,
  position: TreePosition,
): { readonly left: TreePosition; readonly right: TreePosition } | undefined {
  const { level, index } = settle(count, position);
  if (level === 0) return undefined;
  return {
    left: settle(count, { level: level - 1, index: 2 * index }),
    right: settle(count, { level: level - 1, index: 2 * index + 1 }),
  };
}

/** The siblings on the way from a position to the root, lowest first. */
export function proofSteps(count: number, position: TreePosition): ProofStep[] {
  requirePosition(count, position);
  const steps: ProofStep[] = [];
  let { level, index } = position;
  for (let width = widthAt(count, level); width > 1; width = widthAt(count, ++level)) {
    const odd = index % 2 === 1;
    const sibling = odd ? index - 1 : index + 1;
    if (sibling < width) {
      steps.push({ sibling: { level, index: sibling }, side: odd ? "left" : "right" });
    }
    index = Math.floor(index / 2);
  }
  return steps;
}

function requireCount(count: number): void {
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new AssayError("proof/invalid", `a tree of ${count} leaves has no nodes`, {
      facts: { count },
    });
  }
}
