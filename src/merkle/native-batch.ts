import { type NativeHasher, nativeAddon } from "../../operators/backends/native/load.js";
import type { BatchHasher } from "./hash.js";

/**
 * Batch hashing by the native addon, or undefined where there is none, or where the processor has no
 * instructions for SHA-256: then OpenSSL's code wins, call by call (tiles of 1 KiB, Zen 4, GB/s:
 * batches with the instructions 2.2, node:crypto 0.6, batches without them 0.24).
 */
export function nativeBatch(threads = 1): BatchHasher | undefined {
  const native = nativeAddon();
  const sha = "addon" in native && native.addon.hashers.find(({ name }) => name === "sha");
  return sha ? batchOf(sha, threads) : undefined;
}

export function batchOf(native: NativeHasher, threads = 1): BatchHasher {
  return {
    tiles(g, bytes, [first, second], out) {
      const { rows, columns, elementSize, tileRows, tileColumns } = g;
      const rowBytes = columns * elementSize;
      const tileBytes = tileColumns * elementSize;
      native.hashTiles(bytes, out, rows, rowBytes, tileRows, tileBytes, first, second, threads);
    },
    level(from, width, prefix, to) {
      native.hashLevel(from, width, prefix, to);
    },
  };
}
