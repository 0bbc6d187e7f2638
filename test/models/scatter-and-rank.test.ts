import { expect, test } from "vitest";
import { f32Tensor, InterpreterMachine, i64Tensor } from "../../operators/index.js";
import { int, modelOf } from "../support/graphs.js";
import { moderate } from "../support/reference.js";
import { expectDrillCaught, replay, run, worldOf } from "./world.js";

/** Operators whose reads follow values: ranks, scatters, one-hot codes, in receipts and disputes. */

const text = (value: string) => ({ kind: "string" as const, value });

const MODEL = modelOf({
  inputs: [
    { name: "x", dims: [5, 40] },
    { name: "slots", dtype: "i64", dims: [3, 1] },
  ],
  outputs: ["y"],
  nodes: [
    { op: "TopK", inputs: ["x", "three"], outputs: ["best", "at"] },
    {
      op: "ScatterElements",
      inputs: ["x", "at", "best"],
      outputs: ["doubled"],
      attributes: { axis: int(1), reduction: text("add") },
    },
    {
      op: "ScatterND",
      inputs: ["doubled", "slots", "rows"],
      outputs: ["written"],
      attributes: { reduction: text("mul") },
    },
    { op: "OneHot", inputs: ["at", "depth", "values"], outputs: ["hot"] },
    {
      op: "Einsum",
      inputs: ["hot", "written"],
      outputs: ["picked"],
      attributes: { equation: text("bkn,bn->bk") },
    },
    { op: "ReverseSequence", inputs: ["picked", "lengths"], outputs: ["y"] },
  ],
  weights: {
    three: i64Tensor([1], [3]),
    depth: i64Tensor([], [40]),
    values: f32Tensor([2], [0, 1]),
    rows: f32Tensor([3, 40], moderate(120, 7)),
    lengths: i64Tensor([3], [5, 1, 4]),
  },
});

test("ranks, scatters and one-hot codes verify, and a wrong element of each is found", async () => {
  const slots = i64Tensor([3, 1], [4, -2, 4]);
  const world = worldOf(MODEL, f32Tensor([5, 40], moderate(200, 3)), slots);
  const honest = await run(world);
  const interpreted = await run(world, { machine: new InterpreterMachine() });
  expect(interpreted.signed).toEqual(honest.signed);
  expect((await replay(world, honest)).outcome).toBe("verified");
  expect(honest.plan.nodes.map((n) => n.operator)).toHaveLength(6);
  for (const at of honest.plan.nodes.keys()) await expectDrillCaught(world, honest, at);
}, 60_000);
