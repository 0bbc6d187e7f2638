import {
  byteLength,
  type Call,
  type Lowering,
  type Machine,
  type MachineCall,
  type Tensor,
  takingTurns,
} from "../../operators/index.js";
import type { DefinitionCase } from "../definitions/cases/types.js";
import { lowerNode } from "../support/run-definition.js";

/** Definition cases side by side in one arena: a machine is loaded once for all of them. */
export interface Placed {
  readonly calls: readonly MachineCall[];
  /** Bytes to be put into the arena first. */
  readonly inputs: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
  /** Where every stage's result lies. */
  readonly results: readonly { readonly offset: number; readonly length: number }[];
}

const ALIGN = 64;

/** A case's inputs, stages and results from `base` on; `end` is the first free byte behind them. */
export function place(
  { stages, scan }: Pick<Lowering, "stages" | "scan">,
  tensors: readonly (Tensor | undefined)[],
  base: number,
  constant: boolean,
): { placed: Placed; end: number } {
  let end = base;
  const reserve = (bytes: number): number => {
    const at = end;
    end += Math.ceil(bytes / ALIGN) * ALIGN + ALIGN;
    return at;
  };
  const inputs = tensors.map((t) => ({
    offset: t ? reserve(t.bytes.length) : 0,
    bytes: t?.bytes ?? new Uint8Array(0),
  }));
  const results = stages.map(({ program }) => {
    const length = byteLength({ dtype: program.dtype, dims: program.out });
    return { offset: reserve(length), length };
  });
  const stageCalls = stages.map((stage, s): Call => {
    return {
      program: stage.program,
      out: results[s]?.offset as number,
      sources: stage.sources.map((source) =>
        source.kind === "input"
          ? {
              offset: inputs[source.index]?.offset as number,
              constant: constant && source.index > 0,
            }
          : { offset: results[source.index]?.offset as number, constant: false },
      ),
    };
  });
  return { placed: { calls: takingTurns(stageCalls, scan), inputs, results }, end };
}

/** The lowering of a case; nothing for operators that are folded at binding: no program runs. */
export function loweringOf(
  testCase: DefinitionCase,
  inputs: readonly (Tensor | undefined)[],
): Lowering | undefined {
  const { operator, domain, version, attributes, outputs } = testCase;
  try {
    return lowerNode({ operator, domain, version, attributes, inputs, outputs: outputs ?? 1 });
  } catch (error) {
    if (/value is known|folded/.test(String(error))) return undefined;
    throw error;
  }
}

/**
 * The same cases with the constants that a machine only packs put beyond the arena, as a session does
 * it: they lie nowhere and are given to the machine.
 */
export function withoutPackedPlaces(
  machine: Machine,
  cases: readonly Placed[],
  arenaBytes: number,
): Placed[] {
  let beyond = arenaBytes;
  return cases.map(({ calls, inputs, results }) => {
    const packed = new Set<number>();
    const read = new Set<number>();
    for (const call of calls) {
      const parts = "program" in call ? [call] : call.calls;
      for (const { program, sources } of parts) {
        const isConstant = (i: number): boolean => sources[i]?.constant === true;
        const only = parts.length === 1 ? (machine.packs?.(program, isConstant) ?? []) : [];
        sources.forEach(({ offset }, i) => {
          (only.includes(i) ? packed : read).add(offset);
        });
      }
    }
    const moved = new Map<number, number>();
    for (const offset of packed) {
      if (read.has(offset)) continue;
      moved.set(offset, beyond);
      beyond += ALIGN + (inputs.find((x) => x.offset === offset)?.bytes.length as number);
    }
    const at = <T extends { readonly offset: number }>(x: T): T => {
      return { ...x, offset: moved.get(x.offset) ?? x.offset };
    };
    const placed = (call: Call): Call => ({ ...call, sources: call.sources.map(at) });
    return {
      calls: calls.map((c) => ("program" in c ? placed(c) : { ...c, calls: c.calls.map(placed) })),
      inputs: inputs.map(at),
      results,
    };
  });
}

/** Loads and runs all cases; yields copies of every stage's bytes, by case. */
export async function runPlaced(
  machine: Machine,
  cases: readonly Placed[],
  arenaBytes: number,
): Promise<Uint8Array[][]> {
  const calls = cases.flatMap((c) => c.calls);
  await machine.load(calls, arenaBytes);
  try {
    for (const { inputs } of cases) {
      for (const { offset, bytes } of inputs) {
        if (offset >= arenaBytes) machine.constant?.(offset, bytes);
        else machine.bytes(offset, bytes.length).set(bytes);
      }
    }
    machine.constantsReady();
    machine.run(0, calls.length);
    return cases.map((c) =>
      c.results.map(({ offset, length }) => machine.bytes(offset, length).slice()),
    );
  } finally {
    await machine.close();
  }
}
