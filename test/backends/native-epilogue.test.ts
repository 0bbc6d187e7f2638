import { describe, expect, it } from "vitest";
import { NativeMachine } from "../../operators/backends/native/index.js";
import { mapRecord } from "../../operators/backends/native/map-record.js";
import { epilogueOf } from "../../operators/backends/wasm/contraction/operands.js";
import {
  type Contraction,
  recogniseContraction,
} from "../../operators/backends/wasm/contraction/recognise.js";
import {
  type BodyBuilder,
  buildProgram,
  canonicalNaNs,
  type ElementProgram,
  elementCount,
  InterpreterMachine,
  k,
  literal,
  o,
  type Register,
} from "../../operators/index.js";
import { edgeTensor } from "./edge-tensors.js";
import { nativeHere } from "./native-here.js";
import { type Placed, place, runPlaced } from "./placed-cases.js";

/**
 * Products whose sums go through a map: native code runs it on each part of the output as soon as
 * the sums are there. Against the interpreter, around tiles, panels and blocks of k.
 */
const levels = nativeHere()?.levels ?? [];

/** Loops × rows × columns and a depth. */
type Shape = readonly [loops: number, rows: number, columns: number, depth: number];

/** What is computed of a sum, a bias by column, a factor by row and a tensor like the output. */
type Finish = (b: BodyBuilder, sum: Register, more: readonly Register[]) => Register;

const FINISHES: readonly Finish[] = [
  (b, sum, [bias]) => {
    const x = b.add(sum, bias as Register);
    const phi = b.add(b.f32(1), b.op("f32.erf", b.mul(x, b.f32(Math.SQRT1_2))));
    return b.mul(b.mul(b.f32(0.5), x), phi);
  },
  (b, sum, [bias, , like]) =>
    b.add(b.op("f32.tanh", b.add(sum, bias as Register)), like as Register),
  (b, sum, [, factor, like]) => {
    const x = b.mul(sum, factor as Register);
    return b.select(b.lt(x, like as Register), b.op("f32.neg", x), b.f32(3));
  },
];

/** `turned`: the column operand lies transposed, so that it is packed piece by piece. */
function product(
  [loops, rows, columns, depth]: Shape,
  finish: Finish,
  turned: boolean,
): ElementProgram {
  const a = { source: 0, dtype: "f32", dims: [loops, rows, depth] } as const;
  const dims = turned ? [loops, columns, depth] : [loops, depth, columns];
  const x = { source: 1, dtype: "f32", dims } as const;
  const at = turned ? [o(0), o(2), k(0)] : [o(0), k(0), o(2)];
  const bias = { source: 2, dtype: "f32", dims: [columns] } as const;
  const factor = { source: 3, dtype: "f32", dims: [loops, rows] } as const;
  const like = { source: 4, dtype: "f32", dims: [loops, rows, columns] } as const;
  return buildProgram({
    sources: [a, x, bias, factor, like],
    dtype: "f32",
    out: [loops, rows, columns],
    fold: [depth],
    init: [literal("f32", 0)],
    step: (b) => [b.add(b.state(0), b.mul(b.read(a, [o(0), o(1), k(0)]), b.read(x, at)))],
    finish: (b) =>
      finish(b, b.state(0), [
        b.read(bias, [o(2)]),
        b.read(factor, [o(0), o(1)]),
        b.read(like, [o(0), o(1), o(2)]),
      ]),
  });
}

const SHAPES: readonly Shape[] = [
  [1, 1, 40, 33],
  [1, 2, 16, 4],
  [1, 3, 300, 40],
  [1, 15, 97, 9],
  [1, 29, 129, 20],
  [3, 14, 33, 17],
  [4, 5, 64, 8],
  [2, 70, 32, 12],
  [1, 2, 48, 1100],
  [1, 1, 36, 4200],
  [1, 130, 90, 6],
];

function placeProducts(): { placed: Placed[]; programs: ElementProgram[]; arenaBytes: number } {
  const placed: Placed[] = [];
  const programs: ElementProgram[] = [];
  let end = 0;
  SHAPES.forEach((shape, i) => {
    const program = product(shape, FINISHES[i % FINISHES.length] as Finish, i % 2 === 1);
    const tensors = program.sources.map((s, t) =>
      canonicalNaNs(edgeTensor(s.dtype, [s.length], 3 * i + t)),
    );
    const sources = program.sources.map((_, index) => ({ kind: "input", index }) as const);
    const stage = { name: "product", program, sources, dims: program.out };
    const one = place({ stages: [stage] }, tensors, end, false);
    placed.push(one.placed);
    programs.push(program);
    end = one.end;
  });
  return { placed, programs, arenaBytes: end };
}

describe.skipIf(levels.length === 0)("maps that end a product", () => {
  const { placed, programs, arenaBytes } = placeProducts();

  it("are of the kind that is run in place", () => {
    for (const program of programs) {
      const shape = recogniseContraction(program) as Contraction;
      const epilogue = epilogueOf(program, shape);
      if (epilogue.kind !== "map") throw new Error("a map is expected");
      const sources = epilogue.program.sources.map(() => 0);
      expect(mapRecord(epilogue.program, 0, sources, shape.columns.count)).toBeDefined();
      expect(elementCount(program.out)).toBeGreaterThan(31);
    }
  });

  it("give the interpreter's bytes, at every level, on one thread and on several", async () => {
    const want = await runPlaced(new InterpreterMachine(), placed, arenaBytes);
    for (const constant of [false, true]) {
      const cases = placed.map((p) => (constant ? withConstants(p) : p));
      for (const [i, { name: level }] of levels.entries()) {
        const machine = new NativeMachine(i === 1 ? 3 : 1, { level });
        const got = await runPlaced(machine, cases, arenaBytes);
        const differing = SHAPES.filter(
          (_, at) => Buffer.compare(got[at]?.[0] as Uint8Array, want[at]?.[0] as Uint8Array) !== 0,
        );
        expect(differing, level).toEqual([]);
      }
    }
  });
});

/** The same with a constant column operand, which is packed at load. */
function withConstants(p: Placed): Placed {
  const calls = p.calls.map((call) =>
    "program" in call
      ? { ...call, sources: call.sources.map((s, i) => ({ ...s, constant: i === 1 })) }
      : call,
  );
  return { ...p, calls };
}
