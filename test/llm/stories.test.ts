import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { WasmMachine } from "../../operators/backends/wasm/machine/index.js";
import { f32Values, InterpreterMachine, i64Tensor, type Tensor } from "../../operators/index.js";
import type { Run } from "../../src/execute/run-model.js";
import { readConfig } from "../../src/llm/config.js";
import { llamaModel } from "../../src/llm/llama.js";
import { readSafetensors } from "../../src/llm/safetensors.js";
import { testDrills } from "../models/drills.js";
import { replay, run, type World, worldOf } from "../models/world.js";
import { dataPath, describeWithData } from "../support/data.js";

interface Expected {
  readonly greedyTokens: readonly number[];
  readonly logits: { readonly inputTokens: readonly number[] };
}

/** A begin-of-sequence token ends a story. */
const BOS = 1;

/**
 * A trained model in Hugging Face's layout against logits in f64 and the greedy text that they give.
 * With bf16 weights only the weights are bf16: everything is computed in f32, as the reference is in
 * f64.
 */
describeWithData("stories", ["models/stories260K", "models/stories260K-bf16"], () => {
  for (const folder of ["models/stories260K", "models/stories260K-bf16"]) {
    describeWithData(folder, folder, () => describeStories(folder));
  }
});

function describeStories(folder: string): void {
  const file = (name: string): Buffer => readFileSync(dataPath(`${folder}/${name}`));
  let expected: Expected;
  let world: World;
  let whole: World;
  let honest: Run;

  beforeAll(async () => {
    expected = JSON.parse(file("expected.json").toString("utf8"));
    const tensors = readSafetensors(new Uint8Array(file("model.safetensors")));
    const model = llamaModel(readConfig(file("config.json").toString("utf8")), tensors);
    const ids = (tokens: readonly number[]): Tensor => i64Tensor([tokens.length], tokens);
    world = worldOf(model, ids(expected.logits.inputTokens));
    whole = { ...world, inputs: new Map([["input_ids", ids(expected.greedyTokens)]]) };
    honest = await run(world);
  });

  /** The largest logit of every position; the first wins. */
  const greedy = (logits: Float32Array, count: number): number[] => {
    const size = logits.length / count;
    return Array.from({ length: count }, (_, p) => {
      const row = logits.subarray(p * size, (p + 1) * size);
      return row.reduce((best, v, i) => (v > (row[best] as number) ? i : best), 0);
    });
  };

  test("logits are within 2e-5 of the reference in f64", () => {
    const { outputs } = honest;
    const logits = f32Values([...outputs.values()][0] as Tensor);
    const bytes = file("logits_f64.bin");
    expect(logits).toHaveLength(bytes.length / 8);
    const worst = logits.reduce(
      (m, v, i) => Math.max(m, Math.abs(v - bytes.readDoubleLE(8 * i))),
      0,
    );
    expect(worst).toBeLessThan(2e-5);
  });

  test("greedy choice continues the prompt as expected, to the end of the story", async () => {
    const { outputs } = await run(whole, { keepBoundaries: false });
    const tokens = expected.greedyTokens;
    const chosen = greedy(f32Values([...outputs.values()][0] as Tensor), tokens.length);
    expect(chosen).toEqual([...tokens.slice(1), BOS]);
  });

  test("a pass over fewer tokens gives the same bits for them", async () => {
    const [long] = honest.outputs.values();
    for (const count of [1, 2, 33]) {
      const ids = i64Tensor([count], expected.logits.inputTokens.slice(0, count));
      const [short] = (await run(worldOf(world.model, ids))).outputs.values();
      expect(short?.bytes).toEqual(long?.bytes.subarray(0, short?.bytes.length));
    }
  });

  test("both backends and any threads give one receipt; it verifies by replay", async () => {
    const threaded = await run(world, { machine: new WasmMachine(2) });
    expect(threaded.signed).toEqual(honest.signed);
    expect((await replay(world, honest)).outcome).toBe("verified");
    const ids = i64Tensor([5], expected.logits.inputTokens.slice(0, 5));
    const few = worldOf(world.model, ids);
    const compiled = await run(few);
    const interpreted = await run(few, { machine: new InterpreterMachine() });
    expect(interpreted.signed).toEqual(compiled.signed);
  });

  // The bf16 file has the same graph behind Cast nodes.
  testDrills(() => world, 5, folder.endsWith("bf16") ? 3 : 10);
}
