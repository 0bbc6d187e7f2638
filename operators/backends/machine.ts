import type { Scan } from "../definitions/definition.js";
import type { ElementProgram } from "../program/types.js";

/** One program applied to places in a machine's arena. */
export interface Call {
  readonly program: ElementProgram;
  readonly sources: readonly CallSource[];
  /** Byte offset of the result. */
  readonly out: number;
  /** Whose work it is, ascending: operators of a plan, for profiles. */
  readonly nodes?: readonly number[];
}

/** The calls of a recurrence (`Scan`): for each t in order, slice t of each call in order. */
export interface ScanCall {
  readonly steps: number;
  readonly calls: readonly Call[];
  readonly nodes?: readonly number[];
}

/** What a machine runs at once. */
export type MachineCall = Call | ScanCall;

/** One call per stage as a machine runs them: those of a recurrence are one. */
export function takingTurns(calls: readonly Call[], scan: Scan | undefined): MachineCall[] {
  if (!scan) return [...calls];
  const { first, end, steps } = scan;
  return [...calls.slice(0, first), { steps, calls: calls.slice(first, end) }, ...calls.slice(end)];
}

export function isScan(call: MachineCall): call is ScanCall {
  return "steps" in call;
}

export interface CallSource {
  /**
   * Byte offset in the arena. That of a constant which the machine only packs (`packs`) may lie
   * beyond its end, where there is no memory: it then is but the constant's name.
   */
  readonly offset: number;
  /** True where the bytes never change after `load`: a machine may keep a packed copy. */
  readonly constant: boolean;
}

/** What a machine will take, in bytes. */
export interface MachineMemory {
  /** All of it, but for packed constants that are there already. */
  readonly totalBytes: number;
  /** Packed constants outside the machine's own memory. */
  readonly packedBytes: number;
  /** Of these, what an earlier machine packed from the same bytes. */
  readonly sharedBytes: number;
}

/** Bytes of the constants by offset, as `constant` will be given them; undefined where none are known. */
export type ConstantBytes = (offset: number) => Uint8Array | undefined;

/**
 * A machine runs calls over one flat arena of bytes. Every machine gives the same bytes; they differ
 * in speed only.
 */
export interface Machine {
  readonly name: "interpreter" | "wasm" | "native";
  /** Of a program's constant sources, those it reads only to pack them: they need no place. */
  packs?(program: ElementProgram, isConstant: (source: number) => boolean): readonly number[];
  /** What `load` and `constant` would allocate for these calls. */
  estimate(
    calls: readonly MachineCall[],
    arenaBytes: number,
    constants?: ConstantBytes,
  ): MachineMemory;
  /** Prepares the arena and all calls. Called once. */
  load(calls: readonly MachineCall[], arenaBytes: number): Promise<void>;
  /**
   * Gives a constant's bytes, once, after `load`. They must not change while anybody holds them: a
   * machine may keep what it makes of them for the next one. Where a machine does not have this, and
   * for what lies in the arena, writing to `bytes` does as well.
   */
  constant?(offset: number, bytes: Uint8Array): void;
  /** Says that the bytes of all constants are in place; called once, before the first run. */
  constantsReady(): void;
  /** A view of `length` arena bytes; valid until `close`. */
  bytes(offset: number, length: number): Uint8Array;
  /** Whether there is a NaN among f32, where the machine finds out faster than a loop here would. */
  hasNaN?(bytes: Uint8Array): boolean;
  /** Runs calls `first` … `end − 1` in order. */
  run(first: number, end: number): void;
  /** Frees memory and threads. */
  close(): Promise<void>;
}
