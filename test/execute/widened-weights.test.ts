import { describe, expect, it } from "vitest";
import { ModelBuilder } from "../../fixtures/builders/model-builder.js";
import { NativeMachine } from "../../operators/backends/native/index.js";
import { WasmMachine } from "../../operators/backends/wasm/machine/index.js";
import { InterpreterMachine, type Machine, type Tensor } from "../../operators/index.js";
import { planFor } from "../../src/execute/run-model.js";
import { Session } from "../../src/execute/session.js";
import type { Model } from "../../src/graph/types.js";
import { nativeHere } from "../backends/native-here.js";

const SIZES = { bf16: 2, f16: 2, i8: 1 } as const;
type Narrow = keyof typeof SIZES;

/** Any bits: NaN, infinities and subnormals are among those of 16 bits, −128 among bytes. */
function anyBits(dtype: Narrow | "f32", dims: readonly number[], seed: number): Tensor {
  const count = dims.reduce((a, b) => a * b, 1);
  const bytes = new Uint8Array(count * (dtype === "f32" ? 4 : SIZES[dtype]));
  let state = seed;
  for (let i = 0; i < bytes.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  // Numbers of moderate size, so that most sums are no NaN.
  if (dtype === "f32") for (let i = 3; i < bytes.length; i += 4) bytes[i] = 0x3f | (i & 0x80);
  return { dtype, dims, bytes };
}

const TO_FLOAT = { to: { kind: "int", value: 1n } } as const;

/** Weights cast to f32 before they are multiplied: as columns, transposed, and (convolution) as rows. */
function model(dtype: Narrow, rows: number): Model {
  const b = new ModelBuilder("widened", 13, 1);
  const x = b.input("x", [rows, 64]);
  const [w, v, k] = [
    [64, 96],
    [96, 64],
    [8, 1, 3, 3],
  ].map((dims, i) =>
    b.add(`cast${i}`, "Cast", [b.tensor(`w${i}`, anyBits(dtype, dims, i))], TO_FLOAT),
  );
  const turned = b.add("turn", "Transpose", [v as string], { perm: [1, 0] });
  const product = b.add("columns", "MatMul", [x, w as string]);
  b.addOutput("turned", "MatMul", [x, turned], "z");
  b.integers("image", [1, 1, rows, 96]);
  const image = b.add("image", "Reshape", [product, "image"]);
  b.addOutput("rows", "Conv", [image, k as string], "y", { pads: [1, 1, 1, 1] });
  return b.build([
    { name: "z", dims: [rows, 96] },
    { name: "y", dims: [1, 8, rows, 96] },
  ]);
}

async function run(from: Model, rows: number, machine: Machine) {
  const inputs = new Map([["x", anyBits("f32", [rows, 64], 9)]]);
  const session = await Session.open(planFor(from, inputs), from.weights, machine, {
    ...(machine.name === "interpreter" ? {} : { fuse: "run" as const }),
  });
  session.setInputs([...inputs.values()]);
  session.runNodes(0, session.plan.nodes.length);
  const outputs = session.plan.outputs.map((v) => session.tensor(v.value));
  const { need, layout } = session;
  await session.close();
  return { outputs, need, calls: layout.calls.length };
}

describe.each(["bf16", "f16", "i8"] as const)("weights of %s that a Cast widens", (dtype) => {
  it.each([1, 5, 40])("are multiplied as they are stored, %i rows", async (rows) => {
    const from = model(dtype, rows);
    const expected = await run(from, rows, new InterpreterMachine());
    const generated = await run(from, rows, new WasmMachine(2));
    expect(generated.outputs).toEqual(expected.outputs);
    expect(generated.calls).toBe(3);
    for (const { name: level } of nativeHere()?.levels ?? []) {
      const native = await run(from, rows, new NativeMachine(2, { level }));
      expect(native.outputs).toEqual(expected.outputs);
      expect(native.calls).toBe(3);
      // Columns in their own width, rows as f32.
      expect(native.need.packedBytes).toBe(2 * 64 * 96 * SIZES[dtype] + 4 * 72);
    }
  });
});
