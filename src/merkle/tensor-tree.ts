import {
  AssayError,
  ByteWriter,
  bytesEqual,
  DTYPES,
  type Tensor,
  type TensorType,
} from "../../operators/basis.js";
import { requireCanonical } from "./canonical.js";
import { gatherInto, tileBuffer, tileBytes } from "./gather.js";
import { type TensorGeometry, tensorGeometry, tileByteLength } from "./geometry.js";
import { concat, DIGEST_SIZE, type Digest, type Hasher } from "./hash.js";
import { COMMITMENT_VERSION, LEAF_TAGS, ROOT_TAGS, TREE_TAGS } from "./tags.js";
import {
  buildTree,
  leafHash,
  type MerkleTree,
  merkleRoot,
  proveLeaf,
  rootFromProof,
} from "./tree.js";

/** A committed tensor with its tree, from which tiles can be opened. */
export interface TensorTree {
  readonly geometry: TensorGeometry;
  readonly tree: MerkleTree;
  readonly commitment: Digest;
}

/** One tile, and the siblings that lead from it to the tensor's root. */
export interface TileOpening {
  readonly tile: number;
  readonly bytes: Uint8Array;
  readonly siblings: readonly Digest[];
}

/** The commitment of a tensor: 32 bytes that bind dtype, dims and every element. */
export function commitTensor(hasher: Hasher, tensor: Tensor): Digest {
  if (hasher.batch) {
    const g = geometryOf(tensor);
    const whole = hasher.batch.commit(g, tensor.bytes, commitmentHead(g));
    if (whole) return whole;
  }
  return tensorCommitment(hasher, tensor, merkleRoot(hasher, tileHashes(hasher, tensor)));
}

/** The commitment with the tree kept, for a tensor that will be opened. */
export function tensorTree(hasher: Hasher, tensor: Tensor): TensorTree {
  const tree = buildTree(hasher, tileHashes(hasher, tensor));
  return {
    geometry: tensorGeometry(tensor.dtype, tensor.dims),
    tree,
    commitment: tensorCommitment(hasher, tensor, tree.root),
  };
}

/**
 * H(tag ‖ version ‖ dtype u8 ‖ rank u8 ‖ dims u64 each ‖ tile count u64 ‖ root): a wrapped root that
 * also binds the type. Throws `graph/invalid` for more than 255 dims.
 */
export function tensorCommitment(hasher: Hasher, type: TensorType, root: Digest): Digest {
  return hasher.hash(concat(commitmentHead(tensorGeometry(type.dtype, type.dims)), root));
}

/** What a commitment hashes before the root. Throws `graph/invalid` for more than 255 dims. */
export function commitmentHead({ dtype, dims, tiles }: TensorGeometry): Uint8Array {
  if (dims.length > 255) {
    throw new AssayError("graph/invalid", `a tensor of rank ${dims.length} has no commitment`);
  }
  const w = new ByteWriter();
  w.u8(ROOT_TAGS.tensor);
  w.u8(COMMITMENT_VERSION);
  w.u8(DTYPES[dtype].code);
  w.u8(dims.length);
  for (const d of dims) w.i64(d);
  w.i64(tiles);
  return w.bytes();
}

/** Throws `proof/invalid` where the bytes are not those of such a tensor. */
export function geometryOf({ dtype, dims, bytes }: Tensor): TensorGeometry {
  const g = tensorGeometry(dtype, dims);
  requireByteLength(g.elements * g.elementSize, bytes, "the tensor");
  return g;
}

/** H(00 ‖ tile tag ‖ bytes). */
export function tileHash(hasher: Hasher, bytes: Uint8Array): Digest {
  return leafHash(hasher, concat(Uint8Array.of(LEAF_TAGS.tensorTile), bytes));
}

/** Hashes of all tiles, flat, through one reused buffer. */
function tileHashes(hasher: Hasher, tensor: Tensor): Uint8Array {
  const g = geometryOf(tensor);
  const hashes = new Uint8Array(g.tiles * DIGEST_SIZE);
  if (hasher.batch) {
    hasher.batch.tiles(g, tensor.bytes, [TREE_TAGS.leaf, LEAF_TAGS.tensorTile], hashes);
    return hashes;
  }
  const buffer = tileBuffer();
  const begin = buffer.start - 2;
  buffer.all[begin] = TREE_TAGS.leaf;
  buffer.all[begin + 1] = LEAF_TAGS.tensorTile;
  const gather = gatherInto(g, tensor.bytes, buffer);
  let message = buffer.all.subarray(begin, begin);
  for (let tile = 0; tile < g.tiles; tile++) {
    const length = gather(tile) + 2;
    if (length !== message.length) message = buffer.all.subarray(begin, begin + length);
    hasher.hashInto(message, hashes, tile * DIGEST_SIZE);
  }
  return hashes;
}

/** Opens one tile of a committed tensor. Throws `proof/invalid` where there is no such tile. */
export function openTile(committed: TensorTree, tensor: Tensor, tile: number): TileOpening {
  return {
    tile,
    bytes: tileBytes(committed.geometry, tensor.bytes, tile),
    siblings: proveLeaf(committed.tree, tile),
  };
}

/**
 * Checks a tile against the commitment of a tensor of the given type. Throws `proof/invalid` for a
 * tile that the type does not have, the wrong number of bytes or siblings, an element that is not
 * canonical, and a proof that leads elsewhere.
 */
export function verifyTile(
  hasher: Hasher,
  commitment: Digest,
  type: TensorType,
  opening: TileOpening,
): void {
  const g = tensorGeometry(type.dtype, type.dims);
  const what = `tile ${opening.tile}`;
  requireByteLength(tileByteLength(g, opening.tile), opening.bytes, what);
  requireCanonical(type.dtype, opening.bytes, what);
  const leaf = tileHash(hasher, opening.bytes);
  const position = { level: 0, index: opening.tile };
  const root = rootFromProof(hasher, g.tiles, position, leaf, opening.siblings);
  requireCommitment(hasher, commitment, type, root, what);
}

/**
 * Checks all bytes of a tensor against its commitment. Throws `proof/invalid` for the wrong number
 * of bytes, an element that is not canonical, and bytes of another tensor.
 */
export function verifyTensor(
  hasher: Hasher,
  commitment: Digest,
  type: TensorType,
  bytes: Uint8Array,
): void {
  const tensor = { dtype: type.dtype, dims: type.dims, bytes };
  const hashes = tileHashes(hasher, tensor);
  requireCanonical(type.dtype, bytes, "the tensor");
  requireCommitment(hasher, commitment, type, merkleRoot(hasher, hashes), "the tensor");
}

function requireByteLength(expected: number, bytes: Uint8Array, what: string): void {
  if (bytes.length !== expected) {
    throw new AssayError("proof/invalid", `${what} has ${bytes.length} bytes, not ${expected}`, {
      facts: { expected, actual: bytes.length },
    });
  }
}

/** Checks that a posted inner root is the one a tensor commitment wraps. Throws `proof/invalid`. */
export function requireCommitment(
  hasher: Hasher,
  commitment: Digest,
  type: TensorType,
  root: Digest,
  what: string,
): void {
  if (!bytesEqual(tensorCommitment(hasher, type, root), commitment)) {
    throw new AssayError("proof/invalid", `${what} does not belong to the commitment`, {
      facts: { dtype: type.dtype, dims: type.dims },
    });
  }
}
