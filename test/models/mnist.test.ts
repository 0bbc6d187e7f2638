import { beforeAll, expect, test } from "vitest";
import { InterpreterMachine, type Tensor } from "../../operators/index.js";
import type { Run } from "../../src/execute/run-model.js";
import type { Granularity } from "../../src/graph/plan.js";
import { interpreterRunner } from "../../src/verify/recompute.js";
import { expectClose } from "../support/compare.js";
import { describeWithData } from "../support/data.js";
import { testDrills } from "./drills.js";
import {
  dispute,
  expectConvicted,
  readModel,
  readTensor,
  replay,
  run,
  type World,
  worldOf,
} from "./world.js";

const FOLDER = "models/mnist-8";
const SETS = [0, 1, 2] as const;
const GRANULARITIES: readonly Granularity[] = ["layer", "operator"];

/** A trained digit classifier, small enough to do everything with it. */
describeWithData("mnist-8", FOLDER, () => {
  const worlds: World[] = [];
  const golden = (set: number, file: string): Tensor =>
    readTensor(`${FOLDER}/golden/test_data_set_${set}/${file}.pb`);

  beforeAll(() => {
    const model = readModel(`${FOLDER}/mnist.onnx`);
    for (const set of SETS) worlds.push(worldOf(model, golden(set, "input_0")));
  });

  test.each(SETS)(
    "data set %i: both backends give the expected output and one receipt",
    async (i) => {
      const world = worlds[i] as World;
      for (const granularity of GRANULARITIES) {
        const compiled = await run(world, { granularity });
        const interpreted = await run(world, { granularity, machine: new InterpreterMachine() });
        const [output] = compiled.outputs.values();
        expectClose(output as Tensor, golden(i, "output_0"));
        expect(interpreted.signed).toEqual(compiled.signed);
        expect(interpreted.outputs).toEqual(compiled.outputs);
        const report = await replay(world, compiled, new InterpreterMachine());
        expect(report.outcome).toBe("verified");
      }
    },
  );

  test("the three data sets have three receipts of one model and one plan", async () => {
    const receipts = await Promise.all(worlds.map(async (w) => (await run(w)).signed.receipt));
    const distinct = (field: "model" | "plan" | "inputs" | "trace"): number =>
      new Set(receipts.map((r) => Buffer.from(r[field]).toString("hex"))).size;
    expect([distinct("model"), distinct("plan")]).toEqual([1, 1]);
    expect([distinct("inputs"), distinct("trace")]).toEqual([3, 3]);
  });

  /** Corrupts one operator; yields whether that shows in the receipt, and then it is convicted. */
  async function drillShows(honest: Run, node: number, element?: number): Promise<boolean> {
    const world = worlds[0] as World;
    const corruption = { node, ...(element === undefined ? {} : { element }) };
    const drill = await run(world, { corruption, granularity: honest.plan.granularity });
    if (drill.trace.corruption?.masked) {
      expect(drill.signed).toEqual(honest.signed);
      return false;
    }
    expect((await replay(world, drill)).outcome).toBe("refuted");
    expectConvicted(await dispute(world, honest, drill, { referee: interpreterRunner }), drill);
    return true;
  }

  test.each(GRANULARITIES)("every operator in turn, %s granularity", async (granularity) => {
    const honest = await run(worlds[0] as World, { granularity });
    const hidden: string[] = [];
    for (const [node, { operator }] of honest.plan.nodes.entries()) {
      if (!(await drillShows(honest, node))) hidden.push(operator);
    }
    // An element that shows is found for each: a pool hides its small inputs only.
    expect(hidden).toEqual([]);
  });

  test.each(GRANULARITIES)("an element in the middle, %s granularity", async (granularity) => {
    const honest = await run(worlds[0] as World, { granularity });
    const hidden: string[] = [];
    for (const [node, { operator, outputs }] of honest.plan.nodes.entries()) {
      const dims = honest.plan.values[outputs[0] as number]?.dims ?? [];
      const middle = Math.floor(dims.reduce((n, d) => n * d, 1) / 2);
      if (!(await drillShows(honest, node, middle))) hidden.push(operator);
    }
    // With a commitment to every result nothing hides; within a layer rectifiers and pools hide it.
    if (granularity === "operator") expect(hidden).toEqual([]);
    else expect(hidden.length).toBeLessThan(honest.plan.nodes.length);
  });

  // Every operator has had its turn above, on another picture.
  testDrills(() => worlds[2] as World, 1, 3);

  test("a dispute on interpreters alone ends in the same verdict", async () => {
    const world = worlds[1] as World;
    const honest = await run(world);
    const drill = await run(world, { corruption: { node: 5 } });
    const machine = () => new InterpreterMachine();
    const slow = await dispute(world, honest, drill, { machine, referee: interpreterRunner });
    expectConvicted(slow, drill);
    expect(await dispute(world, honest, drill)).toEqual(slow);
  });
});
