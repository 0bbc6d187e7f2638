import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { WasmMachine } from "../../operators/backends/wasm/machine/index.js";
import { f32Tensor, InterpreterMachine, type Tensor } from "../../operators/index.js";
import { planFor } from "../../src/execute/run-model.js";
import { Session } from "../../src/execute/session.js";
import type { Model } from "../../src/graph/types.js";
import { expectClose } from "../support/compare.js";
import { dataPath, describeWithData } from "../support/data.js";
import { testDrills } from "./drills.js";
import { readModel, readTensor, replay, run, sample, type World, worldOf } from "./world.js";

const FOLDER = "models/silero-vad";
const SETS = [0, 1, 2] as const;

/** Samples before a frame that the model sees again, and samples of a frame, at 16 kHz. */
const CONTEXT = 64;
const FRAME = 512;
/** Which frames of test.wav the three sets are. */
const FRAME_OF_SET: readonly [number, number, number] = [0, 40, 80];

const golden = (set: number, file: string): Tensor =>
  readTensor(`${FOLDER}/golden/test_data_set_${set}/${file}.pb`);

/** The model declares its sample rate as a scalar; the sets hold one element of shape [1]. */
const asScalar = (t: Tensor): Tensor => ({ ...t, dims: [] });

/** A trained voice-activity detector: If on the sample rate, convolutions, an LSTM with state. */
describeWithData("silero-vad", FOLDER, () => {
  let model: Model;
  const worlds: World[] = [];
  const worldOfSet = (set: number): World =>
    worldOf(
      model,
      golden(set, "input_0"),
      golden(set, "input_1"),
      asScalar(golden(set, "input_2")),
    );

  beforeAll(() => {
    model = readModel(`${FOLDER}/silero_vad.onnx`);
    for (const set of SETS) worlds.push(worldOfSet(set));
  });

  test.each(SETS)(
    "data set %i: both backends give the expected outputs, one receipt",
    async (set) => {
      const world = worlds[set] as World;
      const compiled = await run(world);
      const [output, state] = [...compiled.outputs.values()] as [Tensor, Tensor];
      expectClose(output, golden(set, "output_0"));
      expectClose(state, golden(set, "output_1"));
      const interpreted = await run(world, { machine: new InterpreterMachine() });
      expect(interpreted.signed).toEqual(compiled.signed);
      expect((await replay(world, compiled, new InterpreterMachine())).outcome).toBe("verified");
      expect((await sample(world, compiled, 0.5)).outcome).toBe("verified");
    },
  );

  test("a recording frame by frame, with the state carried, reaches the sets", async () => {
    const samples = recording();
    const frames = worlds[0] as World;
    const plan = planFor(model, frames.inputs);
    const session = await Session.open(plan, model.weights, new WasmMachine(1));
    let state = f32Tensor([2, 1, 128], new Float32Array(256));
    const reached: number[] = [];
    for (let frame = 0; frame <= FRAME_OF_SET[2]; frame++) {
      const start = CONTEXT + frame * FRAME;
      const input = f32Tensor([1, CONTEXT + FRAME], samples.slice(start - CONTEXT, start + FRAME));
      session.setInputs([input, state, asScalar(golden(0, "input_2"))]);
      session.runNodes(0, plan.nodes.length);
      const [output, next] = plan.outputs.map((v) => session.tensor(v.value)) as [Tensor, Tensor];
      state = next;
      const set = FRAME_OF_SET.indexOf(frame);
      if (set < 0) continue;
      expect(input).toEqual(golden(set, "input_0"));
      expectClose(output, golden(set, "output_0"));
      reached.push(set);
    }
    await session.close();
    expect(reached).toEqual(SETS);
  });

  test("another sample rate is another binding, and takes the other branch", async () => {
    const [at16, at8] = await Promise.all(
      [16000n, 8000n].map(async (rate) => {
        const bytes = new Uint8Array(new BigInt64Array([rate]).buffer);
        const frame = rate === 16000n ? CONTEXT + FRAME : (CONTEXT + FRAME) / 2;
        const input = f32Tensor([1, frame], new Float32Array(frame).fill(0.01));
        const state = golden(0, "input_1");
        return run(worldOf(model, input, state, { dtype: "i64", dims: [], bytes }));
      }),
    );
    expect(at8?.signed.receipt.model).toEqual(at16?.signed.receipt.model);
    expect(at8?.signed.receipt.binding).not.toEqual(at16?.signed.receipt.binding);
    expect(at8?.plan.nodes.map((n) => n.name)).not.toEqual(at16?.plan.nodes.map((n) => n.name));
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
