import { beforeAll, describe, expect, it } from "vitest";
import { NativeMachine } from "../../operators/backends/native/index.js";
import { centredOf } from "../../operators/backends/wasm/contraction/centred.js";
import { recogniseIntegers } from "../../operators/backends/wasm/contraction/recognise-integers.js";
import { WasmMachine } from "../../operators/backends/wasm/machine/index.js";
import {
  type AttributeValue,
  type DType,
  elementCount,
  InterpreterMachine,
  type Machine,
  type Tensor,
} from "../../operators/index.js";
import { lowerNode } from "../support/run-definition.js";
import { tensorFrom } from "../support/tensors.js";
import { edgeTensor, randomBits } from "./edge-tensors.js";
import { nativeHere } from "./native-here.js";
import { type Placed, place, runPlaced } from "./placed-cases.js";

// Quantised operators of sizes that take the kernels, whole machines against the interpreter.

type Given = readonly [DType, readonly number[]] | undefined;

interface Case {
  readonly operator: string;
  readonly version?: number;
  readonly inputs: readonly Given[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

const ints = (...values: number[]): AttributeValue => ({ kind: "ints", value: values.map(BigInt) });
const int = (value: number): AttributeValue => ({ kind: "int", value: BigInt(value) });

/** Scales near what quantisers choose; bytes and sums of any value. */
function tensorOf([dtype, dims]: readonly [DType, readonly number[]], seed: number): Tensor {
  if (dtype !== "f32") return edgeTensor(dtype, dims, seed);
  const next = randomBits(seed);
  const values = Array.from({ length: elementCount(dims) }, () =>
    Math.fround(2 ** ((next() % 9) - 8) * (1 + (next() % 1000) / 1000)),
  );
  return tensorFrom("f32", dims, values);
}

const PAIRS = [
  ["u8", "i8"],
  ["u8", "u8"],
  ["i8", "i8"],
  ["i8", "u8"],
] as const;

const matmuls = (
  [
    [[17, 40], [40, 70], [], []],
    [[1, 64], [64, 33], [], [33]],
    [[15, 37], [37, 32], [15], []],
    [[3, 5, 36], [36, 20], undefined, [20]],
    [
      [2, 3, 9, 20],
      [2, 3, 20, 19],
      [2, 3, 9, 1],
      [2, 3, 1, 19],
    ],
    [[2, 4100], [4100, 18], undefined, undefined],
  ] as const
).flatMap(([a, b, za, zb], i): Case[] =>
  PAIRS.filter((_, p) => i < 2 || p === i % 4).flatMap(([ta, tb]) => [
    {
      operator: "MatMulInteger",
      version: 10,
      inputs: [[ta, a], [tb, b], za && [ta, za], zb && [tb, zb]],
    },
    {
      operator: "QLinearMatMul",
      version: 21,
      inputs: [
        [ta, a],
        ["f32", za ?? []],
        [ta, za ?? []],
        [tb, b],
        ["f32", zb ?? []],
        [tb, zb ?? []],
        ["f32", []],
        [ta, []],
      ],
    },
  ]),
);

const convolutions = (
  [
    [[2, 6, 7, 9], [15, 6, 3, 3], { pads: ints(1, 1, 1, 1) }],
    [[1, 8, 12, 12], [16, 4, 3, 3], { group: int(2), strides: ints(2, 2), pads: ints(1, 0, 1, 2) }],
    [[1, 40, 9, 9], [24, 40, 1, 1], {}],
    [[1, 5, 60], [9, 5, 4], { dilations: ints(2), pads: ints(3, 3) }],
  ] as const
).flatMap(([x, w, attributes], i): Case[] =>
  PAIRS.filter((_, p) => i < 1 || p !== i % 4).flatMap(([tx, tw], p) => {
    const maps = [w[0]];
    const zero: Given = p % 2 ? [tw, maps] : [tw, []];
    return [
      {
        operator: "ConvInteger",
        version: 10,
        attributes,
        inputs: [
          [tx, x],
          [tw, w],
        ],
      },
      {
        operator: "ConvInteger",
        version: 10,
        attributes,
        inputs: [[tx, x], [tw, w], [tx, []], zero],
      },
      {
        operator: "QLinearConv",
        version: 10,
        attributes,
        inputs: [
          [tx, x],
          ["f32", []],
          [tx, []],
          [tw, w],
          ["f32", maps],
          [tw, maps],
          ["f32", []],
          [tw, []],
          ...(p % 2 ? [["i32", maps] as const] : []),
        ],
      },
    ];
  }),
);

const CASES = [...matmuls, ...convolutions];

function placeAll(constant: boolean): { placed: Placed[]; arenaBytes: number } {
  let end = 0;
  const placed = CASES.map(({ operator, version = 10, inputs, attributes = {} }, i) => {
    const tensors = inputs.map((given, t) => given && tensorOf(given, 100 * i + t + 1));
    const lowering = lowerNode({ operator, version, attributes, inputs: tensors, outputs: 1 });
    const one = place(lowering, tensors, end, constant);
    end = one.end;
    return one.placed;
  });
  return { placed, arenaBytes: end };
}

/** Bytes of every case's last stage: the result. */
async function results(machine: Machine, constant: boolean): Promise<string[]> {
  const { placed, arenaBytes } = placeAll(constant);
  const all = await runPlaced(machine, placed, arenaBytes);
  return all.map((stages) => Buffer.from(stages.at(-1) as Uint8Array).toString("hex"));
}

describe("products of integers in machines", () => {
  let expected: readonly string[];
  beforeAll(async () => {
    expected = await results(new InterpreterMachine(), false);
  });

  const label = ({ operator, inputs }: Case): string => `${operator} ${JSON.stringify(inputs)}`;

  async function check(machine: () => Machine): Promise<void> {
    for (const constant of [false, true]) {
      const actual = await results(machine(), constant);
      const differing = CASES.filter((_, i) => actual[i] !== expected[i]).map(label);
      expect(differing).toEqual([]);
    }
  }

  it("are recognised, padded convolutions with a zero point among them", () => {
    const { placed } = placeAll(true);
    const missed = CASES.filter(
      (_, i) =>
        !placed[i]?.calls.some((c) => "program" in c && recogniseIntegers(c.program) !== undefined),
    );
    expect(missed.map(label)).toEqual([]);
  });

  it("of padded convolutions find the bytes that were centred", () => {
    const { placed } = placeAll(true);
    const found = placed.flatMap(({ calls }, i) => {
      const [before, call] = calls;
      if (!before || !call || !("program" in before) || !("program" in call)) return [];
      return [[CASES[i]?.inputs[0]?.[0], centredOf(before, before.out, call)?.dtype]];
    });
    expect(found.length).toBeGreaterThan(10);
    for (const [given, dtype] of found) expect(dtype).toBe(given);
  });

  it.each([1, 2])("have the interpreter's bytes in WebAssembly, %i threads", async (threads) => {
    await check(() => new WasmMachine(threads));
  });

  for (const { name } of nativeHere()?.integers ?? []) {
    it(`have the interpreter's bytes natively: ${name}`, async () => {
      await check(() => new NativeMachine(name === "vnni" ? 2 : 1, { integers: name }));
    });
  }
});
