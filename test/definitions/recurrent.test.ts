import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  f32Tensor,
  type Index,
  o,
  StageList,
  type Tensor,
  type View,
} from "../../operators/index.js";
import { dot, exp, fl, moderate, tanh } from "../support/reference.js";
import { int, runNode, text } from "../support/run-definition.js";
import { bitsOf, tensorFrom } from "../support/tensors.js";

/** RNN, GRU and LSTM against naive loops over batch entries, bit for bit. */

const sigmoid = (x: number): number => fl(1 / fl(1 + exp(-x)));

interface Sizes {
  readonly steps: number;
  readonly batch: number;
  readonly input: number;
  readonly hidden: number;
}

interface World extends Sizes {
  readonly gates: number;
  readonly directions: readonly boolean[];
  readonly lengths: readonly number[] | undefined;
  readonly values: Readonly<Record<"x" | "w" | "r" | "b" | "h" | "c" | "p", readonly number[]>>;
}

/** One step: the states after it. `row(g, n)` is the input of gate g, unit n, without peephole. */
type Cell = (
  world: World,
  d: number,
  states: readonly [readonly number[], readonly number[]],
  x: readonly number[],
) => [number[], number[]];

const at = (list: readonly number[], i: number): number => list[i] as number;
const units = ({ hidden }: World): number[] => Array.from({ length: hidden }, (_, n) => n);

/** dot(x, W row), dot(h, R row) and the two biases of gate g, unit n. */
function parts(
  world: World,
  d: number,
  g: number,
  n: number,
  x: readonly number[],
  h: readonly number[],
) {
  const { gates, hidden, input, values } = world;
  const row = g * hidden + n;
  const w = (d * gates * hidden + row) * input;
  const r = (d * gates * hidden + row) * hidden;
  const b = d * 2 * gates * hidden + row;
  return {
    input: dot(x.map((v, i) => [v, at(values.w, w + i)])),
    state: dot(h.map((v, i) => [v, at(values.r, r + i)])),
    wb: at(values.b, b),
    rb: at(values.b, b + gates * hidden),
  };
}

const rnn: Cell = (world, d, [h], x) => [
  units(world).map((n) => {
    const p = parts(world, d, 0, n, x, h);
    return tanh(fl(fl(fl(p.input + p.state) + p.wb) + p.rb));
  }),
  [],
];

const gru =
  (linearFirst: boolean): Cell =>
  (world, d, [h], x) => {
    const gate = (g: number) =>
      units(world).map((n) => {
        const p = parts(world, d, g, n, x, h);
        return sigmoid(fl(fl(fl(p.input + p.state) + p.wb) + p.rb));
      });
    const [z, r] = [gate(0), gate(1)];
    const reset = h.map((v, i) => fl(at(r, i) * v));
    const next = units(world).map((n) => {
      const p = parts(world, d, 2, n, x, linearFirst ? h : reset);
      const inner = linearFirst
        ? fl(p.input + fl(at(r, n) * fl(p.state + p.rb)))
        : fl(fl(p.input + p.state) + p.rb);
      const candidate = tanh(fl(inner + p.wb));
      return fl(fl(fl(1 - at(z, n)) * candidate) + fl(at(z, n) * at(h, n)));
    });
    return [next, []];
  };

const lstm: Cell = (world, d, [h, c], x) => {
  const { hidden, values } = world;
  const gate = (g: number, cell: readonly number[] | undefined, activation: typeof tanh) =>
    units(world).map((n) => {
      const p = parts(world, d, g, n, x, h);
      const product = fl(p.input + p.state);
      const peephole = at(values.p, d * 3 * hidden + g * hidden + n);
      const seen = cell ? fl(product + fl(peephole * at(cell, n))) : product;
      return activation(fl(fl(seen + p.wb) + p.rb));
    });
  const [i, f, g] = [gate(0, c, sigmoid), gate(2, c, sigmoid), gate(3, undefined, tanh)];
  const cell = units(world).map((n) => fl(fl(at(f, n) * at(c, n)) + fl(at(i, n) * at(g, n))));
  const out = gate(1, cell, sigmoid);
  return [cell.map((v, n) => fl(at(out, n) * tanh(v))), cell];
};

/** Y, Y_h, Y_c by loops; states of finished sequences stay, their Y is 0. */
function naive(world: World, cell: Cell): number[][] {
  const { steps, batch, input, hidden, directions, values } = world;
  const count = directions.length;
  const y = new Array<number>(steps * count * batch * hidden).fill(0);
  const last: [number[], number[]] = [[], []];
  directions.forEach((reverse, d) => {
    for (let b = 0; b < batch; b++) {
      const from = (d * batch + b) * hidden;
      let states: [number[], number[]] = [
        values.h.slice(from, from + hidden),
        values.c.slice(from, from + hidden),
      ];
      const length = world.lengths?.[b] ?? steps;
      for (let t = 0; t < length; t++) {
        const position = reverse ? length - 1 - t : t;
        const start = (position * batch + b) * input;
        states = cell(world, d, states, values.x.slice(start, start + input));
        states[0].forEach((v, n) => {
          y[((position * count + d) * batch + b) * hidden + n] = v;
        });
      }
      last[0].push(...states[0]);
      last[1].push(...states[1]);
    }
  });
  return [y, ...last];
}

function worldOf(
  sizes: Sizes,
  gates: number,
  directions: readonly boolean[],
  lengths: readonly number[] | undefined,
  seed: number,
): World {
  const { steps, batch, input, hidden } = sizes;
  const count = directions.length;
  const make = (n: number, at: number) => moderate(n, seed + at).map((v) => fl(v / 2));
  const rows = gates * hidden;
  return {
    ...sizes,
    gates,
    directions,
    lengths,
    values: {
      x: make(steps * batch * input, 1),
      w: make(count * rows * input, 2),
      r: make(count * rows * hidden, 3),
      b: make(count * 2 * rows, 4),
      h: make(count * batch * hidden, 5),
      c: make(count * batch * hidden, 6),
      p: make(count * 3 * hidden, 7),
    },
  };
}

function inputsOf(world: World, lstmInputs: boolean): (Tensor | undefined)[] {
  const { steps, batch, input, hidden, gates, values, lengths } = world;
  const count = world.directions.length;
  const states = [count, batch, hidden];
  return [
    f32Tensor([steps, batch, input], values.x),
    f32Tensor([count, gates * hidden, input], values.w),
    f32Tensor([count, gates * hidden, hidden], values.r),
    f32Tensor([count, 2 * gates * hidden], values.b),
    lengths && tensorFrom("i32", [batch], lengths),
    f32Tensor(states, values.h),
    ...(lstmInputs ? [f32Tensor(states, values.c), f32Tensor([count, 3 * hidden], values.p)] : []),
  ];
}

const DIRECTIONS = { forward: [false], reverse: [true], bidirectional: [false, true] } as const;

const anyWorld = (gates: number) =>
  fc
    .record({
      steps: fc.integer({ min: 1, max: 5 }),
      batch: fc.integer({ min: 1, max: 3 }),
      input: fc.integer({ min: 1, max: 6 }),
      hidden: fc.integer({ min: 1, max: 9 }),
      direction: fc.constantFrom("forward", "reverse", "bidirectional" as const),
      ragged: fc.boolean(),
      seed: fc.integer({ min: 1, max: 2 ** 20 }),
    })
    .map(({ direction, ragged, seed, ...sizes }) => {
      const lengths = Array.from(
        { length: sizes.batch },
        (_, b) => (seed >> b) % (sizes.steps + 1),
      );
      const directions = DIRECTIONS[direction as keyof typeof DIRECTIONS];
      const world = worldOf(sizes, gates, directions, ragged ? lengths : undefined, seed);
      return { direction, world };
    });

describe("recurrent operators are the naive loops", () => {
  it.each([
    ["RNN", 1, 2, {}, rnn],
    ["GRU", 3, 2, {}, gru(false)],
    ["GRU", 3, 2, { linear_before_reset: int(1) }, gru(true)],
    ["LSTM", 4, 3, {}, lstm],
  ] as const)("%s with %i gates", (operator, gates, outputs, attributes, cell) => {
    fc.assert(
      fc.property(anyWorld(gates), ({ direction, world }) => {
        const given = runNode({
          operator,
          version: 22,
          inputs: inputsOf(world, operator === "LSTM"),
          attributes: { ...attributes, direction: text(direction) },
          outputs,
        });
        const wanted = naive(world, cell);
        given.forEach((t, i) => {
          expect(bitsOf(t)).toEqual(bitsOf(f32Tensor(t.dims, wanted[i] as number[])));
        });
      }),
      { numRuns: 60 },
    );
  });
});

describe("a recurrence", () => {
  const recurrence = (index: () => readonly Index[]) => () =>
    new StageList().scan(4, [
      {
        name: "own",
        dtype: "f32",
        dims: [2],
        axes: ["unit"],
        operands: ([own]) => [own as NonNullable<typeof own>],
        program: ([v]) => ({
          finish: (b) => b.read(v as View, index()),
        }),
      },
    ]);

  it("may read earlier steps", () => {
    expect(recurrence(() => [[o(0), -1], o(1)])()).toHaveLength(1);
    expect(recurrence(() => [[o(0), -3], 0])()).toHaveLength(1);
  });

  it.each([
    ["its own step", () => [o(0), o(1)]],
    ["a later one", () => [[o(0), 1], o(1)]],
    ["a fixed one", () => [0, o(1)]],
    ["one that does not go with time", () => [[o(0, 2), -1], o(1)]],
    ["one that depends on the element", () => [[o(0), o(1), -2], o(1)]],
  ] as const)("may not read %s", (_, index) => {
    expect(recurrence(index as never)).toThrow("reads ahead of itself");
  });

  it("is one per operator", () => {
    const stages = new StageList();
    const zero = {
      name: "zero",
      dtype: "f32" as const,
      dims: [1],
      operands: () => [],
      program: () => ({ finish: (b: { f32(v: number): never }) => b.f32(0) }),
    };
    stages.scan(2, [zero as never]);
    expect(() => stages.scan(2, [zero as never])).toThrow("one scan");
  });
});
