import {
  type NativeCommitment,
  type NativeHasher,
  nativeAddon,
} from "../../operators/backends/native/load.js";
import type { TensorGeometry } from "./geometry.js";
import { type BatchHasher, DIGEST_SIZE } from "./hash.js";
import { LEAF_TAGS, TREE_TAGS } from "./tags.js";

/**
 * Batch hashing by the native addon, or undefined where there is none, or where the processor has no
 * instructions for SHA-256: then OpenSSL's code wins, call by call (tiles of 1 KiB, Zen 4, GB/s:
 * batches with the instructions 2.2, node:crypto 0.6, batches without them 0.24).
 */
export function nativeBatch(threads = 1): BatchHasher | undefined {
  const native = nativeAddon();
  const sha = shaHasher();
  if (!sha || !("addon" in native)) return undefined;
  return { ...batchOf(sha, threads), hasNaN: native.addon.hasNaN };
}

/** What hashes with the processor's instructions for SHA-256, where both are here. */
export function shaHasher(): NativeHasher | undefined {
  const native = nativeAddon();
  return "addon" in native ? native.addon.hashers.find(({ name }) => name === "sha") : undefined;
}

/** The addon takes heads up to this; those of tensors of more than 62 dims are longer. */
const MAX_HEAD = 512;

/** What the addon is told of a tensor, or undefined where it does not take it. */
export function nativeCommitment(
  g: TensorGeometry,
  bytes: Uint8Array,
  head: Uint8Array,
): NativeCommitment | undefined {
  if (g.tiles === 0 || head.length > MAX_HEAD) return undefined;
  const { rows, columns, elementSize, tileRows, tileColumns } = g;
  const { leaf, node } = TREE_TAGS;
  const grid = [rows, columns * elementSize, tileRows, tileColumns * elementSize] as const;
  return [bytes, head, ...grid, leaf, LEAF_TAGS.tensorTile, node];
}

export function batchOf(native: NativeHasher, threads = 1): BatchHasher {
  return {
    tiles(g, bytes, [first, second], out) {
      const { rows, columns, elementSize, tileRows, tileColumns } = g;
      const rowBytes = columns * elementSize;
      const tileBytes = tileColumns * elementSize;
      native.hashTiles(bytes, out, rows, rowBytes, tileRows, tileBytes, first, second, threads);
    },
    commit(g, bytes, head) {
      const tensor = nativeCommitment(g, bytes, head);
      if (!tensor) return undefined;
      const digest = new Uint8Array(DIGEST_SIZE);
      native.commit(...tensor, threads, digest);
      return digest;
    },
    level(from, width, prefix, to) {
      native.hashLevel(from, width, prefix, to);
    },
  };
}
