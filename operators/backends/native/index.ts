import { AssayError } from "../../errors.js";
import type { Contractor, IntegerContractor } from "../wasm/machine/contractor.js";
import { WasmMachine } from "../wasm/machine/index.js";
import { type NativeAddon, type NativeIntegers, type NativeLevel, nativeAddon } from "./load.js";
import { mapPays, mapRecord } from "./map-record.js";
import { nativePacker } from "./packer.js";

export { type NativeAvailability, type NativeLevel, nativeAddon } from "./load.js";

export interface NativeOptions {
  /** The instruction set to use; by default the best of this processor. */
  readonly level?: NativeLevel["name"];
  /** That of products of integers; by default `level`, and VNNI with AVX-512. */
  readonly integers?: NativeIntegers["name"];
}

/**
 * The WebAssembly machine with its matrix products in native code, on the same shared memory. All
 * else stays with the generator. Throws `backend/unavailable` with the reason where there is no addon.
 */
export class NativeMachine extends WasmMachine {
  override readonly name = "native";

  constructor(threads = 1, options: NativeOptions = {}) {
    super(threads, nativeContractor(options));
  }

  hasNaN(bytes: Uint8Array): boolean {
    return requiredAddon().hasNaN(bytes);
  }
}

function requiredAddon(): NativeAddon {
  const native = nativeAddon();
  if ("addon" in native) return native.addon;
  throw new AssayError("backend/unavailable", `the native backend is not here: ${native.reason}`);
}

/** The first of the names wanted, and what may stand for it; the fastest where none is. */
function chosen<T extends { readonly name: string }>(
  all: readonly T[],
  wanted: string | undefined,
): T {
  const found = all.find(({ name }) => wanted === undefined || name === wanted);
  if (found) return found;
  throw new AssayError("backend/unavailable", `this processor has no ${wanted}`, {
    hint: `use one of ${all.map(({ name }) => name).join(", ")}`,
  });
}

function nativeIntegers({ level, integers: wanted }: NativeOptions): {
  name: string;
  cutting: IntegerContractor;
} {
  const { integers, panel } = requiredAddon();
  const byLevel = level === "avx512" ? undefined : level;
  const { name, tileRows, workspaceBytes } = chosen(integers, wanted ?? byLevel);
  const quads = name === "vnni";
  return { name, cutting: { panel, tileRows, workspaceBytes, chunkWork: () => 1 << 21, quads } };
}

function nativeContractor(options: NativeOptions): Contractor {
  const addon = requiredAddon();
  const { levels, panel } = addon;
  const level = chosen(levels, options.level);
  const integers = nativeIntegers(options);
  return {
    origin: { kind: "native", level: level.name, integers: integers.name },
    integers: integers.cutting,
    panel,
    tileRows: level.tileRows,
    workspaceBytes: level.workspaceBytes,
    // Few rows wait for memory: 16 multiply-adds a nanosecond and not 50.
    chunkWork: (rows) => (rows < 4 ? 1 << 17 : 1 << 19),
    packer: nativePacker(addon, level),
    // Its tiles read neighbouring columns wherever they lie (GFLOP/s in place and packed first, Zen 4:
    // 16x64x3025 91 and 76, 64x1024x1024 110 and 94, 1000x512x169 99 and 100).
    prefersInPlace: (_rows, columns) => columns >= panel,
    maps: (program, out, sources, columns) => {
      const pays = columns !== undefined || mapPays(program);
      return pays ? mapRecord(program, out, sources, columns) : undefined;
    },
  };
}
