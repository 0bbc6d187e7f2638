import { AssayError } from "../../../errors.js";
import type { ElementProgram } from "../../../program/types.js";
import { nativeAddon } from "../../native/load.js";

/**
 * Who multiplies matrices in a machine. All know the same jobs (contraction/job.as.ts) over the
 * same memory and give the same bytes.
 */
export interface Contractor {
  /** Posted to threads, each of which makes functions of its own from it. */
  readonly origin: ContractorOrigin;
  /** Columns of a packed panel. */
  readonly panel: number;
  /** Rows that a register tile takes at once. */
  readonly tileRows: number;
  /** Bytes of scratch that every thread needs. */
  readonly workspaceBytes: number;
  /** Multiply-adds below which waking another thread costs more than it saves: about 10 µs. */
  readonly chunkWork: number;
  /**
   * Whether to read a column operand where it lies, if it is used once and its columns are
   * neighbours, rather than pack it.
   */
  prefersInPlace(rows: number, columns: number, depth: number): boolean;
  /** What it does of maps too; what it does not know is generated. */
  readonly maps?: MapTaker;
}

/**
 * A map over tensors at byte addresses as a record for `runMap`, or undefined: let it be generated.
 * With `columns` it is cut into rows of so many elements, and may also end a contraction that has as
 * many columns (`EPILOGUE_MAP` in its job): its last source is then its output, which holds the sums.
 */
export type MapTaker = (
  program: ElementProgram,
  out: number,
  sources: readonly number[],
  columns?: number,
) => MapRecord | undefined;

/** Bit of a job's epilogue: the word of the bias is the address of a map's record. */
export const EPILOGUE_MAP = 64;

export interface MapRecord {
  readonly words: Uint32Array;
  readonly elements: number;
  /** Elements that are about 10 µs of work. */
  readonly grain: number;
}

export type ContractorOrigin =
  | { readonly kind: "wasm"; readonly module: WebAssembly.Module }
  | { readonly kind: "native"; readonly level: string };

/** `work` is the address of the calling thread's workspace; contraction/kernel.as.ts says the rest. */
export interface ContractionExports {
  packB(job: number, j0: number, j1: number): void;
  multiply(job: number, m0: number, m1: number, j0: number, j1: number, work: number): void;
  multiplyFresh(job: number, m0: number, m1: number, j0: number, j1: number, work: number): void;
  multiplyDirect(job: number, n0: number, n1: number, work: number): void;
  /** Elements begin … end − 1 of a map's record; there where the contractor has `maps`. */
  runMap?(record: number, begin: number, end: number): void;
}

export function contractionExports(
  origin: ContractorOrigin,
  memory: WebAssembly.Memory,
): ContractionExports {
  if (origin.kind === "wasm") {
    const instance = new WebAssembly.Instance(origin.module, { env: { memory } });
    return instance.exports as unknown as ContractionExports;
  }
  const native = nativeAddon();
  if ("reason" in native) {
    throw new AssayError("backend/unavailable", `the native backend: ${native.reason}`);
  }
  return native.addon.kernel(new Uint8Array(memory.buffer), origin.level);
}
