import type { ContractionExports } from "../wasm/machine/contractor.js";

/** The compiled addon, as far as anything here uses it. */
export interface NativeAddon {
  readonly sourceDigest: string;
  /** What this processor can run, the fastest first. */
  readonly levels: readonly NativeLevel[];
  /** The same for products of integers. */
  readonly integers: readonly NativeIntegers[];
  /** Columns of a packed panel. */
  readonly panel: number;
  /** SHA-256 of many messages, the fastest first. */
  readonly hashers: readonly NativeHasher[];
  /** Whether there is a NaN among f32. */
  hasNaN(bytes: Uint8Array): boolean;
  /**
   * A constant operand in the order in which a level's tiles read it, in memory of its own that lives
   * as long as what is returned. Element (i, k) of piece p is element `bases[p] + outer[i] + depth[k]`
   * of `bytes`; tables are i32, bases f64. `side` 0: columns as panels, elements as they are; 1: rows
   * as tiles, elements widened to f32. `format`: f32, bf16, f16, i8. Throws where a table leads out.
   */
  packConstant(
    bytes: Uint8Array,
    outer: Uint8Array,
    depth: Uint8Array,
    bases: Uint8Array,
    level: string,
    side: number,
    format: number,
    threads: number,
  ): Uint8Array;
  /** Where bytes lie in this process. */
  addressOf(bytes: Uint8Array): number;
  /**
   * A range of a regular file, mapped: pages are read when they are touched. Writing changes nothing
   * but this process's copy. Throws where the range is not in the file. A file that somebody makes
   * shorter while it is mapped ends the process (SIGBUS) when a lost page is touched.
   */
  mapFile(descriptor: number, offset: number, length: number): Uint8Array;
  /** A level's functions over all bytes of a memory. */
  kernel(memory: Uint8Array, level: string, integers?: string): ContractionExports;
}

/** One source, compiled for one instruction set. */
export interface NativeLevel {
  readonly name: "avx512" | "avx2" | "portable";
  /** Rows of a whole register tile. */
  readonly tileRows: number;
  readonly workspaceBytes: number;
}

export interface NativeIntegers {
  readonly name: "vnni" | NativeLevel["name"];
  readonly tileRows: number;
  readonly workspaceBytes: number;
}

/** With SHA instructions, or without. */
export interface NativeHasher {
  readonly name: "sha" | "portable";
  /**
   * Writes H(first ‖ second ‖ tile) of every tile of `rows` rows of `rowBytes` bytes, cut into tiles
   * of at most 1024 bytes in all, those at the end clipped.
   */
  hashTiles(
    bytes: Uint8Array,
    out: Uint8Array,
    rows: number,
    rowBytes: number,
    tileRows: number,
    tileBytes: number,
    first: number,
    second: number,
    threads: number,
  ): void;
  /** Writes the level above `width` digests: H(prefix ‖ left ‖ right), a lone last one unchanged. */
  hashLevel(from: Uint8Array, width: number, prefix: number, to: Uint8Array): void;
  /** Writes H(head ‖ root) of the tree over those tiles, whose nodes begin with `node`. */
  commit(...all: [...tensor: NativeCommitment, threads: number, out: Uint8Array]): void;
  /** A thread that commits to one tensor after the other. */
  queue(): NativeHashQueue;
}

/** A tensor that is not empty, cut as for `hashTiles`, and the bytes before its root, at most 512. */
export type NativeCommitment = readonly [
  bytes: Uint8Array,
  head: Uint8Array,
  rows: number,
  rowBytes: number,
  tileRows: number,
  tileBytes: number,
  first: number,
  second: number,
  node: number,
];

export interface NativeHashQueue {
  /** Yields a number. The bytes are kept, and are not to change before it is done. */
  push(...tensor: NativeCommitment): number;
  isDone(number: number): boolean;
  /**
   * Waits, hashing what is not yet begun, and writes 48 bytes: the digest, and as f64 when it was begun
   * and done, in milliseconds of `clock`. Once for every number.
   */
  take(number: number, out: Uint8Array): void;
  clock(): number;
  /** Ends the thread; what was not taken is forgotten. */
  close(): void;
}

export type NativeAvailability =
  | { readonly addon: NativeAddon }
  /** Why there is none, one line. */
  | { readonly reason: string };

/**
 * The addon of build/native, loaded once per thread, or why there is none: not built (no compiler at
 * install), built from other sources, refused by the engine, or no Node at all.
 */
export function nativeAddon(): NativeAvailability {
  loaded ??= load();
  return loaded;
}

let loaded: NativeAvailability | undefined;

/** Sources stand beside the repository's root; the build of this file lies one folder deeper. */
const ROOT = new URL(
  import.meta.url.endsWith(".ts") ? "../../../" : "../../../../",
  import.meta.url,
);
const BINARY = "build/native/assay.node";
const SCRIPT = "scripts/build-native.mjs";
const SOURCES = "operators/backends/native/source/";

function load(): NativeAvailability {
  // Asked for by name: this file is also reached in browsers, which know no Node built-in.
  const fs = globalThis.process?.getBuiltinModule?.("node:fs");
  const modules = globalThis.process?.getBuiltinModule?.("node:module");
  if (!fs || !modules) return { reason: "it needs Node" };
  const binary = new URL(BINARY, ROOT);
  if (!fs.existsSync(binary)) {
    return { reason: "it is not built: npm run build:native says why, and needs a C++ compiler" };
  }
  let addon: NativeAddon;
  try {
    addon = modules.createRequire(import.meta.url)(binary.pathname) as NativeAddon;
  } catch (error) {
    return { reason: `Node refuses it: ${error instanceof Error ? error.message : error}` };
  }
  if (addon.sourceDigest !== sourceDigest()) {
    return { reason: "it was built from other sources: npm run build:native" };
  }
  return { addon };
}

/** What scripts/build-native.mjs put into the binary. */
function sourceDigest(): string | undefined {
  const fs = process.getBuiltinModule("node:fs");
  const { createHash } = process.getBuiltinModule("node:crypto");
  try {
    const hash = createHash("sha256").update(fs.readFileSync(new URL(SCRIPT, ROOT)));
    for (const name of fs.readdirSync(new URL(SOURCES, ROOT)).sort()) {
      hash.update(`${name}\0`).update(fs.readFileSync(new URL(`${SOURCES}${name}`, ROOT)));
      hash.update("\0");
    }
    return hash.digest("hex");
  } catch {
    return undefined;
  }
}
