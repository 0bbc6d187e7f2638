import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readerOf } from "../../operators/backends/interpreter/storage.js";
import {
  buildProgram,
  type ElementProgram,
  f32Tensor,
  f32Values,
  interpret,
  k,
  literal,
  o,
  runProgram,
} from "../../operators/index.js";
import { edgeTensor } from "../backends/edge-tensors.js";
import { randomProgram } from "../backends/random-program.js";

/** y[i] = Σ x[i + j − 1], j < 3, outside 0: a padded window. */
const windowSum = buildProgram({
  sources: [{ dtype: "f32", dims: [4] }],
  dtype: "f32",
  out: [4],
  fold: [3],
  init: [literal("f32", 0)],
  step: (s) => [
    s.add(s.state(0), s.read({ source: 0, dtype: "f32", dims: [4] }, [[o(0), k(0), -1]])),
  ],
  finish: (f) => f.state(0),
});

function readers(program: ElementProgram, seed: number) {
  return program.sources.map((s, i) => {
    const t = edgeTensor(s.dtype, [s.length], seed + i);
    return readerOf(s.dtype, t.bytes);
  });
}

describe("the interpreter", () => {
  it("runs a fold in order over total reads", () => {
    const y = runProgram(windowSum, [f32Tensor([4], [1, 2, 4, 8])]);
    expect([...f32Values(y)]).toEqual([3, 7, 14, 12]);
  });

  it("gives an element the bits of its steps taken one by one, for any program", () => {
    fc.assert(
      fc.property(fc.gen(), fc.nat(10_000), (draw, seed) => {
        const program = randomProgram(draw);
        const run = interpret(program, readers(program, seed));
        const count = program.out.reduce((a, b) => a * b, 1);
        for (const element of [0, Math.floor(count / 2), count - 1].filter(
          (e) => e >= 0 && e < count,
        )) {
          let state = run.initial();
          for (let at = 0; at < run.steps; at++) state = run.step(element, at, state);
          expect(Object.is(run.finish(element, state), run.element(element))).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("lets a reader's refusal through: a referee sees only what was opened", () => {
    const run = interpret(windowSum, [
      (index) => {
        if (index === 2) throw new Error("element 2 was not opened");
        return 1;
      },
    ]);
    expect(run.element(0)).toBe(2);
    expect(() => run.element(1)).toThrow("element 2 was not opened");
  });

  it("applies finish to the initial state where the fold is empty", () => {
    const program = buildProgram({
      sources: [],
      dtype: "f32",
      out: [2],
      fold: [3, 0],
      init: [literal("f32", 5)],
      step: (s) => [s.add(s.state(0), s.f32(1))],
      finish: (f) => f.mul(f.state(0), f.f32(2)),
    });
    expect([...f32Values(runProgram(program, []))]).toEqual([10, 10]);
  });

  it("refuses sources and outputs of another type or size", () => {
    expect(() => runProgram(windowSum, [f32Tensor([5], [1, 2, 3, 4, 5])])).toThrow(
      expect.objectContaining({ code: "program/invalid" }),
    );
    expect(() =>
      runProgram(windowSum, [f32Tensor([4], [1, 2, 3, 4])], f32Tensor([3], [0, 0, 0])),
    ).toThrow(expect.objectContaining({ code: "program/invalid" }));
  });
});
