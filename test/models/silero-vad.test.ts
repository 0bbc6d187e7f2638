import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { f32Tensor, i64Tensor, type Tensor } from "../../operators/index.js";
import { planFor, type Run } from "../../src/execute/run-model.js";
import { parseTensorFile } from "../../src/files/parse.js";
import type { Model } from "../../src/graph/types.js";
import { expectClose } from "../support/compare.js";
import { dataPath, describeWithData } from "../support/data.js";
import { expectDrillCaught, readModel, replay, run, type World, worldOf } from "./world.js";

const FOLDER = "models/silero-vad";
const SETS = [0, 1, 2] as const;

/** A trained voice-activity detector: one branch per sampling rate, branches inside, a recurrence. */
describeWithData("silero-vad", FOLDER, () => {
  let model: Model;
  const worlds: World[] = [];
  const runs: Run[] = [];

  /** The files hold one element of shape [1] for the scalar that the model declares. */
  const read = (set: number, file: string, as?: Model["graph"]["inputs"][number]): Tensor => {
    const path = `${FOLDER}/golden/test_data_set_${set}/${file}.pb`;
    return parseTensorFile(path, new Uint8Array(readFileSync(dataPath(path))), as);
  };

  beforeAll(async () => {
    model = readModel(`${FOLDER}/silero_vad.onnx`);
    for (const set of SETS) {
      const inputs = model.graph.inputs.map((info, i) => read(set, `input_${i}`, info));
      const world = worldOf(model, ...inputs);
      worlds.push(world);
      runs.push(await run(world));
    }
  });

  test.each(SETS)("data set %i gives the expected outputs", async (i) => {
    const outputs = [...(runs[i] as Run).outputs.values()];
    outputs.forEach((output, k) => {
      expectClose(output, read(i, `output_${k}`));
    });
    expect(outputs).toHaveLength(2);
  });

  test("the sampling rate steers: another one is another plan of the same model", () => {
    const { plan } = runs[0] as Run;
    expect(plan.inputs.filter((v) => v.steering).map((v) => v.name)).toEqual(["sr"]);
    expect(plan.nodes.every((n) => !n.name.startsWith("If_0/else/"))).toBe(true);
    const state = (worlds[0] as World).inputs.get("state") as Tensor;
    const inputs = new Map([
      ["input", f32Tensor([1, 288], new Float32Array(288))],
      ["state", state],
      ["sr", i64Tensor([], [8000])],
    ]);
    const other = planFor(model, inputs);
    expect(other.nodes.some((n) => n.name.startsWith("If_0/else/"))).toBe(true);
    expect(other.nodes.every((n) => !n.name.startsWith("If_0/then/"))).toBe(true);
  });

  test("a replay verifies it, and false elements inside of branches are convicted", async () => {
    const [world, honest] = [worlds[0] as World, runs[0] as Run];
    expect((await replay(world, honest)).outcome).toBe("verified");
    for (const operator of ["Conv", "Squeeze", "Sigmoid"]) {
      const node = honest.plan.nodes.findIndex((n) => n.operator === operator);
      await expectDrillCaught(world, honest, node);
    }
  });
});
