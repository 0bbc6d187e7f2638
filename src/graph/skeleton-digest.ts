import { AssayError } from "../../operators/index.js";
import type { Digest, Hasher } from "../merkle/hash.js";
import { commitWeight, type ModelDigest, modelDigestFrom } from "./digests.js";
import type { Skeleton } from "./types.js";
import { isWhole } from "./values.js";

/**
 * What `modelDigest` gives for the whole model, from its skeleton and the commitments of the absent
 * weights, in the order of `skeleton.weights`. Those are taken on trust: a commitment of other elements, or
 * of another type, makes another model digest, so whoever has the weights sees it. Throws
 * `graph/invalid` where they are not as many as absent weights, or one is no digest.
 */
export function modelDigestOfSkeleton(
  hasher: Hasher,
  { graph, weights }: Skeleton,
  absent: readonly Digest[],
): ModelDigest {
  const needed = absentWeights({ graph, weights }).length;
  if (absent.length !== needed) {
    const message = `the skeleton lacks ${needed} weights, and ${absent.length} commitments came`;
    throw new AssayError("graph/invalid", message, { facts: { needed, given: absent.length } });
  }
  const odd = absent.findIndex((digest) => digest.length !== 32);
  if (odd >= 0) {
    throw new AssayError("graph/invalid", `commitment ${odd} of an absent weight is not 32 bytes`);
  }
  let next = 0;
  const commitments = [...weights].map(([name, t]) =>
    isWhole(t) ? commitWeight(hasher, name, t) : (absent[next++] as Digest),
  );
  return modelDigestFrom(hasher, graph, commitments, [...weights.keys()]);
}

/** Names of the weights of which only the type is there, in file order. */
export function absentWeights({ weights }: Skeleton): string[] {
  return [...weights].flatMap(([name, t]) => (isWhole(t) ? [] : [name]));
}
