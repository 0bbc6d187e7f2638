import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { NativeMachine } from "../../operators/backends/native/index.js";
import { packings } from "../../operators/backends/native/packer.js";
import { WasmMachine } from "../../operators/backends/wasm/machine/index.js";
import {
  type DType,
  InterpreterMachine,
  type Machine,
  type Tensor,
} from "../../operators/index.js";
import { planFor } from "../../src/execute/run-model.js";
import { Session } from "../../src/execute/session.js";
import type { Model } from "../../src/graph/types.js";
import { nativeHere } from "../backends/native-here.js";

const SIZES: Partial<Record<DType, number>> = { f32: 4, bf16: 2, f16: 2 };

function tensor(dtype: DType, dims: readonly number[], seed: number): Tensor {
  const count = dims.reduce((a, b) => a * b, 1);
  const bytes = new Uint8Array(count * (SIZES[dtype] as number));
  const view = new DataView(bytes.buffer);
  let state = seed;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    if (dtype === "f32") view.setFloat32(4 * i, (state >>> 8) / 2 ** 24 - 0.5, true);
    else view.setUint16(2 * i, (state & 0x81ff) | 0x3a00, true);
  }
  return { dtype, dims, bytes };
}

/** y = (x · w + b) · v, and z the rows of w by number: w is packed and read otherwise, v packed only. */
function model(dtype: DType, size = 64): Model {
  const node = (operator: string, inputs: readonly string[], output: string, version: number) => {
    return {
      name: output,
      domain: "",
      operator,
      version,
      attributes: new Map(),
      inputs,
      outputs: [output],
    };
  };
  const weights = new Map([
    ["w", tensor(dtype, [size, size], 1)],
    ["v", tensor(dtype, [size, size], 2)],
    ["b", tensor(dtype, [size], 3)],
    ["i", { dtype: "i64" as DType, dims: [2], bytes: new Uint8Array(16) }],
  ]);
  const output = (name: string) => ({ name, dtype, dims: null });
  return {
    weights,
    graph: {
      name: "g",
      inputs: [{ name: "x", dtype, dims: [3, size] }],
      outputs: [output("y"), output("z")],
      nodes: [
        node("MatMul", ["x", "w"], "xw", 13),
        node("Add", ["xw", "b"], "xwb", 14),
        node("MatMul", ["xwb", "v"], "y", 13),
        node("Gather", ["w", "i"], "z", 13),
      ],
    },
  } as unknown as Model;
}

async function open(from: Model, machine: Machine, dtype: DType, size = 64): Promise<Session> {
  const inputs = new Map([["x", tensor(dtype, [3, size], 4)]]);
  const session = await Session.open(planFor(from, inputs), from.weights, machine);
  session.setInputs([...inputs.values()]);
  session.runNodes(0, session.plan.nodes.length);
  return session;
}

async function outputsOf(from: Model, machine: Machine, dtype: DType): Promise<string[]> {
  const session = await open(from, machine, dtype);
  const all = session.plan.outputs.map((v) => Buffer.from(session.bytes(v.value)).toString("hex"));
  await session.close();
  return all;
}

describe("weights that are only packed", () => {
  it.each(["f32", "bf16", "f16"] as const)("have no place in the arena (%s)", async (dtype) => {
    const from = model(dtype);
    const session = await open(from, new WasmMachine(1), dtype);
    const { outside } = session.layout;
    expect([...outside].map((id) => session.plan.values[id]?.name)).toEqual(["v"]);
    // And are still to be had, for a dispute about an operator that reads them.
    const [v] = [...outside] as [number];
    expect(session.tensor(v)).toEqual(from.weights.get("v"));
    await session.close();
    const expected = await outputsOf(from, new InterpreterMachine(), dtype);
    expect(await outputsOf(from, new WasmMachine(1), dtype)).toEqual(expected);
  });

  it("are given to the machine, not taken from the arena: a wrong length is refused", async () => {
    const from = model("f32");
    const short = new Map(from.weights).set("v", {
      ...tensor("f32", [64, 64], 2),
      bytes: new Uint8Array(8),
    });
    const plan = planFor(from, new Map([["x", tensor("f32", [3, 64], 4)]]));
    await expect(Session.open(plan, short, new WasmMachine(1))).rejects.toThrow(
      /not what the program reads/,
    );
  });
});

describe.skipIf(!nativeHere())("natively", () => {
  it.each([
    ["f32", 4],
    ["bf16", 2],
    ["f16", 2],
  ] as const)("a model is packed once, as it is stored (%s)", async (dtype, size) => {
    const from = model(dtype);
    const expected = await outputsOf(from, new InterpreterMachine(), dtype);
    const before = { ...packings };
    const first = await open(from, new NativeMachine(1), dtype);
    const bytes = 2 * 64 * 64 * size;
    expect(first.need).toMatchObject({ packedBytes: bytes, sharedBytes: 0 });
    expect(packings).toEqual({ count: before.count + 2, bytes: before.bytes + bytes });
    const second = await open(from, new NativeMachine(1), dtype);
    expect(second.need).toEqual({
      ...first.need,
      sharedBytes: bytes,
      totalBytes: first.need.totalBytes - bytes,
    });
    await first.close();
    await second.close();
    // The first machine is gone, the model is not.
    expect(await outputsOf(from, new NativeMachine(1), dtype)).toEqual(expected);
    expect(packings.count).toBe(before.count + 2);
    // The same numbers in another model are another model.
    expect(await outputsOf(model(dtype), new NativeMachine(1), dtype)).toEqual(expected);
    expect(packings.count).toBe(before.count + 4);
  });

  it("what nobody uses is freed", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const settle = async (): Promise<number> => {
      for (let i = 0; i < 5; i++) {
        collect();
        await new Promise((resume) => setImmediate(resume));
      }
      return process.memoryUsage().arrayBuffers;
    };
    const size = 1024;
    const packed = 2 * 4 * size * size;
    const idle = await settle();
    const from = model("f32", size);
    let session: Session | undefined = await open(from, new NativeMachine(1), "f32", size);
    expect((await settle()) - idle).toBeGreaterThan(packed);
    await session.close();
    session = undefined;
    // The machine is gone, but the weights are there, and their packed forms with them.
    expect((await settle()) - idle).toBeGreaterThan(packed);
    (from.weights as Map<string, Tensor>).clear();
    expect((await settle()) - idle).toBeLessThan(packed);
  });
});
