import { type NativeAddon, nativeAddon } from "../../operators/backends/native/load.js";
import type { BatchHasher } from "./hash.js";

/** Batch hashing by the native addon, or undefined where there is none. */
export function nativeBatch(threads = 1): BatchHasher | undefined {
  const native = nativeAddon();
  return "addon" in native ? batchOf(native.addon, threads) : undefined;
}

function batchOf(addon: NativeAddon, threads: number): BatchHasher {
  return {
    tiles(g, bytes, [first, second], out) {
      const { rows, columns, elementSize, tileRows, tileColumns } = g;
      const rowBytes = columns * elementSize;
      const tileBytes = tileColumns * elementSize;
      addon.hashTiles(bytes, out, rows, rowBytes, tileRows, tileBytes, first, second, threads);
    },
    level(from, width, prefix, to) {
      addon.hashLevel(from, width, prefix, to);
    },
  };
}
