import { describe, expect, it } from "vitest";
import { WasmMachine } from "../../operators/backends/wasm/machine/index.js";
import {
  byteLength,
  type Call,
  canonicalNaNs,
  InterpreterMachine,
  type Lowering,
  type Machine,
  type MachineCall,
  type Tensor,
} from "../../operators/index.js";
import { DEFINITION_CASES } from "../definitions/cases/index.js";
import type { DefinitionCase } from "../definitions/cases/types.js";
import { lowerNode } from "../support/run-definition.js";
import { edgeTensor } from "./edge-tensors.js";

/**
 * The WebAssembly machine as the executor uses it (contraction kernel, packed constants, padded
 * copies, threads) against the interpreter machine, over every definition case, byte for byte.
 */
interface Placed {
  readonly label: string;
  readonly calls: MachineCall[];
  /** Bytes to be put into the arena first. */
  readonly inputs: { readonly offset: number; readonly bytes: Uint8Array }[];
  /** Where every stage's result lies. */
  readonly results: { readonly offset: number; readonly length: number }[];
}

const ALIGN = 64;

function placeCase(testCase: DefinitionCase, seed: number, base: number, constant: boolean) {
  let end = base;
  const reserve = (bytes: number): number => {
    const at = end;
    end += Math.ceil(bytes / ALIGN) * ALIGN + ALIGN;
    return at;
  };
  const tensors = testCase.inputs.map((type, i): Tensor | undefined => {
    if (!type) return undefined;
    return testCase.values?.[i] ?? canonicalNaNs(edgeTensor(type.dtype, type.dims, seed + i));
  });
  const lowering = lowered(testCase, tensors);
  if (!lowering) return undefined;
  const inputs = tensors.map((t) => ({
    offset: t ? reserve(t.bytes.length) : 0,
    bytes: t?.bytes ?? new Uint8Array(0),
  }));
  const results = lowering.stages.map(({ program }) => {
    const length = byteLength({ dtype: program.dtype, dims: program.out });
    return { offset: reserve(length), length };
  });
  const stageCalls = lowering.stages.map((stage, s): Call => {
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
  const calls = withScan(stageCalls, lowering);
  const label = `${testCase.operator}-${testCase.version} ${testCase.note ?? ""} ${JSON.stringify(testCase.inputs)}`;
  return { placed: { label, calls, inputs, results } satisfies Placed, end };
}

function withScan(calls: readonly Call[], { scan }: Lowering): MachineCall[] {
  if (!scan) return [...calls];
  const { first, end, steps } = scan;
  return [...calls.slice(0, first), { steps, calls: calls.slice(first, end) }, ...calls.slice(end)];
}

/** Operators that are folded at binding have no programs to run. */
function lowered(testCase: DefinitionCase, inputs: readonly (Tensor | undefined)[]) {
  const { operator, domain, version, attributes, outputs } = testCase;
  try {
    return lowerNode({ operator, domain, version, attributes, inputs, outputs: outputs ?? 1 });
  } catch (error) {
    if (/value is known|folded/.test(String(error))) return undefined as Lowering | undefined;
    throw error;
  }
}

function placeAll(constant: boolean): { placed: Placed[]; arenaBytes: number } {
  const placed: Placed[] = [];
  let end = 0;
  DEFINITION_CASES.forEach((testCase, i) => {
    const one = placeCase(testCase, i + 1, end, constant);
    if (!one) return;
    placed.push(one.placed);
    end = one.end;
  });
  return { placed, arenaBytes: end };
}

async function runAll(machine: Machine, cases: readonly Placed[], arenaBytes: number) {
  const calls = cases.flatMap((c) => c.calls);
  await machine.load(calls, arenaBytes);
  for (const { inputs } of cases) {
    for (const { offset, bytes } of inputs) machine.bytes(offset, bytes.length).set(bytes);
  }
  machine.constantsReady();
  machine.run(0, calls.length);
  const results = cases.map((c) =>
    c.results.map(({ offset, length }) =>
      Buffer.from(machine.bytes(offset, length)).toString("hex"),
    ),
  );
  await machine.close();
  return results;
}

describe("the machines give the same bytes", () => {
  for (const constant of [false, true]) {
    it(`for every definition case, ${constant ? "later inputs constant" : "no input constant"}`, async () => {
      const { placed, arenaBytes } = placeAll(constant);
      expect(placed.length).toBeGreaterThan(500);
      const expected = await runAll(new InterpreterMachine(), placed, arenaBytes);
      for (const threads of constant ? [1, 3] : [1, 2]) {
        const actual = await runAll(new WasmMachine(threads), placed, arenaBytes);
        const differing = placed
          .filter((_, i) => JSON.stringify(actual[i]) !== JSON.stringify(expected[i]))
          .map((c) => c.label);
        expect(differing).toEqual([]);
      }
    });
  }
});
