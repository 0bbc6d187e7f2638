import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { WasmMachine } from "../../operators/backends/wasm/machine/index.js";
import { f32Tensor, InterpreterMachine, i64Tensor, type Tensor } from "../../operators/index.js";
import { planFor, type Run } from "../../src/execute/run-model.js";
import { Session } from "../../src/execute/session.js";
import { parseTensorFile } from "../../src/files/parse.js";
import type { Model } from "../../src/graph/types.js";
import { expectClose } from "../support/compare.js";
import { dataPath, describeWithData } from "../support/data.js";
import { testDrills } from "./drills.js";
import { expectDrillCaught, readModel, replay, run, sample, type World, worldOf } from "./world.js";

const FOLDER = "models/silero-vad";
const SETS = [0, 1, 2] as const;

/** Samples before a frame that the model sees again, and samples of a frame, at 16 kHz. */
const CONTEXT = 64;
const FRAME = 512;
/** Which frames of test.wav the three sets are. */
const FRAME_OF_SET: readonly [number, number, number] = [0, 40, 80];

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

  test.each(SETS)("data set %i: both backends give one receipt, which verifies", async (i) => {
    const [world, compiled] = [worlds[i] as World, runs[i] as Run];
    const interpreted = await run(world, { machine: new InterpreterMachine() });
    expect(interpreted.signed).toEqual(compiled.signed);
    expect((await replay(world, compiled, new InterpreterMachine())).outcome).toBe("verified");
    expect((await sample(world, compiled, 0.5)).outcome).toBe("verified");
  });

  test("a recording frame by frame, with the state carried, reaches the sets", async () => {
    const samples = recording();
    const { plan, inputs } = runs[0] as Run;
    const session = await Session.open(plan, model.weights, new WasmMachine(1));
    let state = f32Tensor([2, 1, 128], new Float32Array(256));
    const reached: number[] = [];
    for (let frame = 0; frame <= FRAME_OF_SET[2]; frame++) {
      const start = CONTEXT + frame * FRAME;
      const input = f32Tensor([1, CONTEXT + FRAME], samples.slice(start - CONTEXT, start + FRAME));
      session.setInputs([input, state, inputs[2] as Tensor]);
      session.runNodes(0, plan.nodes.length);
      const [output, next] = plan.outputs.map((v) => session.tensor(v.value)) as [Tensor, Tensor];
      state = next;
      const set = FRAME_OF_SET.indexOf(frame);
      if (set < 0) continue;
      expect(input).toEqual(read(set, "input_0"));
      expectClose(output, read(set, "output_0"));
      reached.push(set);
    }
    await session.close();
    expect(reached).toEqual(SETS);
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

  testDrills(() => worlds[1] as World, 3);
});

/** test.wav (16 kHz, one channel, 16 bits) as numbers in ±1, after `CONTEXT` samples of silence. */
function recording(): Float32Array {
  const file = readFileSync(dataPath(`${FOLDER}/test.wav`));
  const at = file.indexOf("data") + 8;
  const count = (file.length - at) / 2;
  const samples = new Float32Array(CONTEXT + count);
  for (let i = 0; i < count; i++) samples[CONTEXT + i] = file.readInt16LE(at + 2 * i) / 32768;
  return samples;
}
