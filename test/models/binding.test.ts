import { describe, expect, test } from "vitest";
import { InterpreterMachine, i64Tensor, type Tensor } from "../../operators/index.js";
import { modelOf } from "../support/graphs.js";
import { counting, tensorFrom } from "../support/tensors.js";
import { dispute, expectDrillCaught, replay, run, type World, worldOf } from "./world.js";

/** softmax(reshape(x + x, shape)): two symbolic dims, and an input whose value decides a shape. */
const MODEL = modelOf({
  inputs: [
    { name: "x", dims: ["rows", "columns"] },
    { name: "shape", dtype: "i64", dims: [2] },
  ],
  outputs: ["y"],
  nodes: [
    { op: "Add", inputs: ["x", "x"], outputs: ["sum"] },
    { op: "Reshape", inputs: ["sum", "shape"], outputs: ["shaped"] },
    { op: "Softmax", inputs: ["shaped"], outputs: ["y"] },
  ],
});

const steered = (dims: readonly number[], shape: readonly number[]): World =>
  worldOf(MODEL, counting("f32", dims), i64Tensor([2], shape));

const output = (outputs: ReadonlyMap<string, Tensor>): Tensor => outputs.get("y") as Tensor;

describe("a model bound to dims and to a steering input", () => {
  const CASES = [
    { dims: [4, 6], shape: [4, 6], y: [4, 6] },
    { dims: [4, 6], shape: [3, 8], y: [3, 8] },
    { dims: [4, 6], shape: [2, -1], y: [2, 12] },
    { dims: [1, 30], shape: [0, -1], y: [1, 30] },
  ] as const;

  test.each(CASES)("$dims as $shape", async ({ dims, shape, y }) => {
    const world = steered(dims, shape);
    const honest = await run(world);
    expect(output(honest.outputs).dims).toEqual(y);
    const interpreted = await run(world, { machine: new InterpreterMachine() });
    expect(interpreted.signed).toEqual(honest.signed);
    expect((await replay(world, honest)).outcome).toBe("verified");
    for (const at of honest.plan.nodes.keys()) await expectDrillCaught(world, honest, at);
  });

  test("other dims or another steering value are other claims about one model", async () => {
    const runs = await Promise.all(CASES.map(({ dims, shape }) => run(steered(dims, shape))));
    const distinct = (field: "model" | "binding" | "plan"): number => {
      return new Set(runs.map((r) => Buffer.from(r.signed.receipt[field]).toString("hex"))).size;
    };
    expect([distinct("model"), distinct("binding"), distinct("plan")]).toEqual([1, 4, 4]);
    const [as46, as38] = runs as [(typeof runs)[0], (typeof runs)[0]];
    const world = steered([4, 6], [4, 6]);
    expect(await dispute(world, as46, as38)).toMatchObject({ kind: "refused" });
    const report = await replay(world, { ...as38, plan: as46.plan, inputs: as46.inputs });
    expect(report).toMatchObject({ outcome: "refuted" });
  });

  test("a value that the shape does not allow is refused", async () => {
    await expect(run(steered([4, 6], [5, 5]))).rejects.toMatchObject({ code: "operator/invalid" });
    const floats = worldOf(MODEL, counting("f32", [4, 6]), counting("f32", [2]));
    await expect(run(floats)).rejects.toMatchObject({ code: "input/mismatch" });
  });
});

describe("float inputs that steer", () => {
  /** A depth is f32 in published models; what NonZero finds decides a shape. */
  const model = modelOf({
    inputs: [
      { name: "x", dims: ["n"] },
      { name: "depth", dims: [] },
    ],
    outputs: ["y"],
    nodes: [
      { op: "NonZero", inputs: ["x"], outputs: ["at"] },
      { op: "OneHot", inputs: ["at", "depth", "values"], outputs: ["y"] },
    ],
    weights: { values: counting("f32", [2]) },
  });
  const world = (x: Tensor, depth: number): World =>
    worldOf(model, x, tensorFrom("f32", [], [depth]));

  test("small ones are part of the claim", async () => {
    const given = world(tensorFrom("f32", [4], [0, 2, 0, 3]), 5);
    const honest = await run(given);
    expect(output(honest.outputs).dims).toEqual([1, 2, 5]);
    expect((await replay(given, honest)).outcome).toBe("verified");
    const other = await run(world(tensorFrom("f32", [4], [1, 0, 0, 3]), 5));
    expect(other.signed.receipt.binding).not.toEqual(honest.signed.receipt.binding);
  });

  test("large ones are data", async () => {
    await expect(run(world(counting("f32", [1025]), 5))).rejects.toMatchObject({
      code: "graph/data-dependent",
    });
  });
});
