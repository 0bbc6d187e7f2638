import { AssayError, type DType } from "../../operators/basis.js";
import { requireCanonical } from "./canonical.js";
import { type TensorGeometry, tensorGeometry, tileByteLength } from "./geometry.js";
import type { Digest, Hasher } from "./hash.js";
import { tensorCommitment, tileHash } from "./tensor-tree.js";
import { emptyRoot, nodeHash } from "./tree.js";

/**
 * The commitment of a tensor whose elements all have the bytes `element`, without making it: equal
 * to `commitTensor` of the whole. There are at most four different tiles (inner, right edge, bottom
 * edge, corner), and a subtree without an edge depends on its size alone.
 *
 * Throws `proof/invalid` where `element` is not one canonical element.
 */
export function commitUniform(
  hasher: Hasher,
  dtype: DType,
  dims: readonly number[],
  element: Uint8Array,
): Digest {
  const g = tensorGeometry(dtype, dims);
  if (element.length !== g.elementSize) {
    throw new AssayError("proof/invalid", `a ${dtype} element has ${g.elementSize} bytes`);
  }
  requireCanonical(dtype, element, "the element");
  const root = g.tiles === 0 ? emptyRoot(hasher) : uniformRoot(hasher, g, element);
  return tensorCommitment(hasher, { dtype, dims }, root);
}

function uniformRoot(hasher: Hasher, g: TensorGeometry, element: Uint8Array): Digest {
  const known = new Map<string, Digest>();
  const hashOf = (start: number, size: number): Digest => {
    const key = patternOf(g, start, size);
    const found = key === undefined ? undefined : known.get(key);
    if (found !== undefined) return found;
    const hash = size === 1 ? tile(start) : split(start, size);
    if (key !== undefined) known.set(key, hash);
    return hash;
  };
  const tile = (index: number): Digest =>
    tileHash(hasher, repeat(element, tileByteLength(g, index) / g.elementSize));
  const split = (start: number, size: number): Digest => {
    let left = 1;
    while (left * 2 < size) left *= 2;
    return nodeHash(hasher, hashOf(start, left), hashOf(start + left, size - left));
  };
  return hashOf(0, g.tiles);
}

/** A name for the sequence of tile shapes in [start, start + size), or undefined where it is rare. */
function patternOf(g: TensorGeometry, start: number, size: number): string | undefined {
  const row = Math.floor(start / g.gridColumns);
  const column = start - row * g.gridColumns;
  const last = row === g.gridRows - 1;
  if (column + size < g.gridColumns) return `${last ? "bottom" : "inner"} ${size}`;
  if (start + size > (g.gridRows - 1) * g.gridColumns) return undefined;
  return `rows ${column} ${size}`;
}

function repeat(element: Uint8Array, times: number): Uint8Array {
  const out = new Uint8Array(element.length * times);
  for (let i = 0; i < times; i++) out.set(element, i * element.length);
  return out;
}
