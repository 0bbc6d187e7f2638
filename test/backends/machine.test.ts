import { beforeAll, describe, expect, it } from "vitest";
import { NativeMachine } from "../../operators/backends/native/index.js";
import { mapRecord } from "../../operators/backends/native/map-record.js";
import { recogniseContraction } from "../../operators/backends/wasm/contraction/recognise.js";
import { recogniseIntegers } from "../../operators/backends/wasm/contraction/recognise-integers.js";
import { WasmMachine } from "../../operators/backends/wasm/machine/index.js";
import {
  canonicalNaNs,
  InterpreterMachine,
  type Machine,
  type MachineCall,
} from "../../operators/index.js";
import { DEFINITION_CASES } from "../definitions/cases/index.js";
import { LONG } from "../support/long.js";
import { edgeTensor } from "./edge-tensors.js";
import { nativeHere } from "./native-here.js";
import { loweringOf, type Placed, place, runPlaced, withoutPackedPlaces } from "./placed-cases.js";

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

/** Which cases hold a matrix product or a map that the native machine does in a way of its own. */
function nativeCases(placed: readonly Placed[]): number[] {
  const isOne = (call: MachineCall) => {
    if (!("program" in call)) return false;
    const sources = call.program.sources.map(() => 0);
    return (
      recogniseContraction(call.program) !== undefined ||
      recogniseIntegers(call.program) !== undefined ||
      mapRecord(call.program, 0, sources) !== undefined
    );
  };
  return [...placed.keys()].filter((i) => placed[i]?.calls.some(isOne));
}

/** Inputs that lie nowhere. */
const beyond = (arenaBytes: number) => (c: Placed) =>
  c.inputs.filter((x) => x.offset >= arenaBytes);

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
        const machine = new WasmMachine(threads);
        // Packed constants once with a place of their own and once without.
        const cases = threads > 1 ? placed : withoutPackedPlaces(machine, placed, arenaBytes);
        expect(cases.flatMap(beyond(arenaBytes)).length > 50).toBe(constant && threads === 1);
        const actual = await runAll(machine, cases, arenaBytes);
        const differing = labels.filter(
          (_, i) => JSON.stringify(actual[i]) !== JSON.stringify(expected[i]),
        );
        expect(differing).toEqual([]);
      }
    });
  }

  const levels = nativeHere()?.levels ?? [];
  it.skipIf(levels.length === 0)(
    "natively, for every case with a matrix product or a map of its own",
    async () => {
      for (const constant of [false, true]) {
        const { labels, placed, arenaBytes } = placeAll(constant);
        const chosen = nativeCases(placed);
        expect(chosen.length).toBeGreaterThan(300);
        const cases = chosen.map((i) => placed[i] as Placed);
        for (const [threads, { name: level }] of levels.entries()) {
          const machine = new NativeMachine(threads + 1, { level });
          const moved = withoutPackedPlaces(machine, cases, arenaBytes);
          expect(moved.flatMap(beyond(arenaBytes)).length > 50).toBe(constant);
          const actual = await runAll(machine, moved, arenaBytes);
          const differing = chosen.filter(
            (i, at) => JSON.stringify(actual[at]) !== JSON.stringify(expected[i]),
          );
          expect(differing.map((i) => `${level}: ${labels[i]}`)).toEqual([]);
        }
      }
    },
  );
});
