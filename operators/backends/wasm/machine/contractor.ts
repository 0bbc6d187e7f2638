import type { DType } from "../../../dtype.js";
import { AssayError } from "../../../errors.js";
import type { ElementProgram } from "../../../program/types.js";
import { nativeAddon } from "../../native/load.js";

/**
 * Who multiplies matrices in a machine. All know the same jobs (contraction/job.as.ts) over the
 * same memory and give the same bytes.
 */
export interface Contractor extends Cutting {
  /** Posted to threads, each of which makes functions of its own from it. */
  readonly origin: ContractorOrigin;
  /** Products of integers, over records of their own (contraction/integer-job.as.ts). */
  readonly integers: IntegerContractor;
  /**
   * Whether to read a column operand where it lies, if it is used once and its columns are
   * neighbours, rather than pack it.
   */
  prefersInPlace(rows: number, columns: number, depth: number): boolean;
  /** What it does of maps too; what it does not know is generated. */
  readonly maps?: MapTaker;
  /** Packs constants into memory of its own; where absent, they are packed into the machine's. */
  readonly packer?: ConstantPacker;
}

/** How products are best cut. */
export interface Cutting {
  /** Columns of a packed panel. */
  readonly panel: number;
  /** Rows that a register tile takes at once. */
  readonly tileRows: number;
  /** Bytes of scratch that every thread needs. */
  readonly workspaceBytes: number;
  /** Multiply-adds below which waking another thread costs more than it saves: about 10 µs. */
  chunkWork(rows: number): number;
}

export interface IntegerContractor extends Cutting {
  /** Whether operands of bytes are packed as such, four k to a lane, and not as centred words. */
  readonly quads: boolean;
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

/** Keeps packed constants outside any machine's memory, once for all machines of the process. */
export interface ConstantPacker {
  /** Dtypes that are taken as they are stored, and widened where they are used. */
  takes(dtype: DType): boolean;
  /** What `pack` yields, in bytes. */
  size(request: PackRequest): number;
  /** Whether these bytes are packed already. */
  knows(bytes: Uint8Array, request: PackRequest): boolean;
  /** Where all pieces lie, one behind the other; alive as long as `held` is. */
  pack(bytes: Uint8Array, request: PackRequest, threads: number): PackedConstant;
}

/** A constant operand: element (i, k) of piece p is element `bases[p] + outer[i] + depth[k]`. */
export interface PackRequest {
  readonly side: "columns" | "rows";
  readonly dtype: DType;
  readonly outer: Int32Array;
  readonly depth: Int32Array;
  /** One piece per loop position. */
  readonly bases: readonly number[];
  /** The same for the same tables and bases, and for nothing else. */
  readonly key: string;
  /** Whether bytes are the constant's own, and not scratch that changes: only those are shared. */
  readonly shared: boolean;
}

export interface PackedConstant {
  readonly address: number;
  readonly held: unknown;
}

export type ContractorOrigin =
  | {
      readonly kind: "wasm";
      readonly module: WebAssembly.Module;
      readonly integers: WebAssembly.Module;
    }
  | { readonly kind: "native"; readonly level: string; readonly integers: string };

/** `work` is the address of the calling thread's workspace; contraction/kernel.as.ts says the rest. */
export interface ContractionExports {
  packB(job: number, j0: number, j1: number): void;
  multiply(job: number, m0: number, m1: number, j0: number, j1: number, work: number): void;
  multiplyFresh(job: number, m0: number, m1: number, j0: number, j1: number, work: number): void;
  multiplyDirect(job: number, n0: number, n1: number, work: number): void;
  packIntegers(job: number, j0: number, j1: number): void;
  multiplyIntegers: ContractionExports["multiply"];
  multiplyIntegersFresh: ContractionExports["multiply"];
  /** Elements begin … end − 1 of a map's record; there where the contractor has `maps`. */
  runMap?(record: number, begin: number, end: number): void;
}

export function contractionExports(
  origin: ContractorOrigin,
  memory: WebAssembly.Memory,
): ContractionExports {
  if (origin.kind === "wasm") {
    const imports = { env: { memory } };
    const { exports } = new WebAssembly.Instance(origin.module, imports);
    const integers = new WebAssembly.Instance(origin.integers, imports);
    return { ...exports, ...integers.exports } as unknown as ContractionExports;
  }
  const native = nativeAddon();
  if ("reason" in native) {
    throw new AssayError("backend/unavailable", `the native backend: ${native.reason}`);
  }
  return native.addon.kernel(new Uint8Array(memory.buffer), origin.level, origin.integers);
}
