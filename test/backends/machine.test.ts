import { beforeAll, describe, expect, it } from "vitest";
import { NativeMachine } from "../../operators/backends/native/index.js";
import { WasmMachine } from "../../operators/backends/wasm/machine/index.js";
import { canonicalNaNs, InterpreterMachine, type Machine } from "../../operators/index.js";
import { DEFINITION_CASES } from "../definitions/cases/index.js";
import { LONG } from "../support/long.js";
import { edgeTensor } from "./edge-tensors.js";
import { nativeHere } from "./native-here.js";
import { loweringOf, type Placed, place, runPlaced } from "./placed-cases.js";

/**
 * The compiled machines as the executor uses them (contraction kernels, packed constants, padded
 * copies, threads) against the interpreter machine, over every definition case, byte for byte.
 */
function placeAll(constant: boolean): { labels: string[]; placed: Placed[]; arenaBytes: number } {
  const placed: Placed[] = [];
  const labels: string[] = [];
  let end = 0;
  DEFINITION_CASES.forEach((c, i) => {
    const tensors = c.inputs.map(
      (type, t) =>
        type && (c.values?.[t] ?? canonicalNaNs(edgeTensor(type.dtype, type.dims, i + 1 + t))),
    );
    const lowering = loweringOf(c, tensors);
    if (!lowering) return;
    const one = place(lowering, tensors, end, constant);
    placed.push(one.placed);
    labels.push(`${c.operator}-${c.version} ${c.note ?? ""} ${JSON.stringify(c.inputs)}`);
    end = one.end;
  });
  return { labels, placed, arenaBytes: end };
}

async function runAll(machine: Machine, cases: readonly Placed[], arenaBytes: number) {
  const results = await runPlaced(machine, cases, arenaBytes);
  return results.map((stages) => stages.map((bytes) => Buffer.from(bytes).toString("hex")));
}

/** The WebAssembly machine, and the native one at every level of this processor. */
function machines(threads: number): Machine[] {
  const levels = nativeHere()?.levels ?? [];
  return [
    new WasmMachine(threads),
    ...levels.map(({ name }) => new NativeMachine(threads, { level: name })),
  ];
}

describe("the machines give the same bytes", () => {
  let expected: readonly (readonly string[])[];
  // Which inputs are constant changes no place, and the interpreter does not look at it.
  beforeAll(async () => {
    const { placed, arenaBytes } = placeAll(false);
    expected = await runAll(new InterpreterMachine(), placed, arenaBytes);
  });

  for (const constant of [false, true]) {
    it(`for every definition case, ${constant ? "later inputs constant" : "no input constant"}`, async () => {
      const { labels, placed, arenaBytes } = placeAll(constant);
      expect(placed.length).toBeGreaterThan(500);
      expect(expected).toHaveLength(placed.length);
      for (const threads of constant ? [1, 3] : LONG ? [1, 2] : [2]) {
        for (const machine of machines(threads)) {
          const actual = await runAll(machine, placed, arenaBytes);
          const differing = labels.filter(
            (_, i) => JSON.stringify(actual[i]) !== JSON.stringify(expected[i]),
          );
          expect({ machine: machine.name, differing }).toEqual({
            machine: machine.name,
            differing: [],
          });
        }
      }
    });
  }
});
