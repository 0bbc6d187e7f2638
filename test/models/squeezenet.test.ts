import { beforeAll, describe, expect, test } from "vitest";
import { WasmMachine } from "../../operators/backends/wasm/machine/index.js";
import { elementCount, type Tensor } from "../../operators/index.js";
import type { Run } from "../../src/execute/run-model.js";
import type { Model } from "../../src/graph/types.js";
import { interpreterRunner, wasmRunner } from "../../src/verify/recompute.js";
import { expectClose, valuesOf } from "../support/compare.js";
import { describeWithData } from "../support/data.js";
import { LONG } from "../support/long.js";
import { tensorFrom } from "../support/tensors.js";
import { testDrills } from "./drills.js";
import { liveBytes, totalBytes } from "./live-bytes.js";
import {
  dispute,
  expectConvicted,
  expectDrillCaught,
  readModel,
  readTensor,
  replay,
  run,
  sample,
  spread,
  type World,
  worldOf,
} from "./world.js";

const FOLDER = "models/squeezenet";

const image = (set: number): Tensor =>
  readTensor(`${FOLDER}/golden_f32/test_data_set_${set}/input_0.pb`);

/** SqueezeNet with real ImageNet weights on pictures, against ONNX Runtime's outputs. */
describeWithData("SqueezeNet", FOLDER, () => {
  let model: Model;
  let world: World;
  let honest: Run;

  beforeAll(async () => {
    model = readModel(`${FOLDER}/SqueezeNet_f32_widened_from_fp16.onnx`);
    world = worldOf(model, image(0));
    honest = await run(world);
  });

  test.each([0, 1, 2])(
    "data set %i: expected output, one receipt for 1, 2 and 3 threads",
    async (set) => {
      const other = worldOf(model, image(set));
      const [first, ...rest] = await Promise.all(
        [1, 2, 3].map((threads) => run(other, { machine: new WasmMachine(threads) })),
      );
      const [output] = first?.outputs.values() ?? [];
      expectClose(
        output as Tensor,
        readTensor(`${FOLDER}/golden_f32/test_data_set_${set}/output_0.pb`),
      );
      for (const { signed } of rest) expect(signed).toEqual(first?.signed);
    },
  );

  test("verifies by replay and by sample; drills do not", async () => {
    expect((await replay(world, honest, new WasmMachine(2))).outcome).toBe("verified");
    expect((await sample(world, honest, 0.3)).outcome).toBe("verified");
    const drill = await run(world, { corruption: { node: 37 } });
    const refuted = { outcome: "refuted", firstDifference: { segment: 5 } };
    expect(await replay(world, drill)).toMatchObject(refuted);
    expect(await sample(world, drill, 1)).toMatchObject(refuted);
  });

  test("drills are caught, layer granularity", async () => {
    for (const node of spread(LONG ? 6 : 3)(honest.plan))
      await expectDrillCaught(world, honest, node);
  });

  test("operator granularity: the same outputs, and a drill at the largest convolution is caught", async () => {
    const fine = await run(world, { granularity: "operator" });
    expect(fine.plan.segments).toHaveLength(fine.plan.nodes.length);
    expect(fine.outputs).toEqual(honest.outputs);
    expect((await replay(world, fine)).outcome).toBe("verified");
    await expectDrillCaught(world, fine, 62);
  });

  test("a referee that interprets a convolution and one that compiles it say the same", async () => {
    const drill = await run(world, { corruption: { node: 33 } });
    expect(drill.plan.nodes[33]?.operator).toBe("Conv");
    const interpreted = await dispute(world, honest, drill, { referee: interpreterRunner });
    const compiled = await dispute(world, honest, drill, { referee: wasmRunner() });
    expectConvicted(compiled, drill);
    expect(interpreted).toEqual(compiled);
  });

  test("memory is planned for live tensors only", () => {
    const { plan, need } = honest;
    // The first convolution and its rectifier: 2 × 64 × 111 × 111 floats.
    expect(liveBytes(plan)).toBe(2 * 4 * 64 * 111 * 111);
    expect(need.activationBytes).toBeLessThan(1.01 * liveBytes(plan));
    expect(totalBytes(plan)).toBeGreaterThan(4 * need.activationBytes);
    expect(need.totalBytes).toBeLessThan(16 * 2 ** 20);
  });

  test("a run above the memory limit is refused, a replay above it cannot check", async () => {
    const memoryLimit = 8 * 2 ** 20;
    const refusal = { code: "model/too-large", facts: { limit: memoryLimit } };
    await expect(run(world, { memoryLimit })).rejects.toMatchObject(refusal);
    const report = await replay(world, honest, new WasmMachine(1), { memoryLimit });
    expect(report.outcome).toBe("could-not-check");
  });

  test("a batch gives every picture the bits it has alone", async () => {
    const dims = (model.graph.inputs[0]?.dims ?? []).slice(1);
    const inputs = model.graph.inputs.map((v) => ({ ...v, dims: ["batch", ...dims] }));
    const outputs = model.graph.outputs.map((v) => ({ ...v, dims: null }));
    const dynamic: Model = { ...model, graph: { ...model.graph, inputs, outputs } };
    const stack = (...sets: readonly number[]): Tensor => {
      const images = sets.map(image);
      const bytes = Buffer.concat(images.map((t) => t.bytes));
      return { dtype: "f32", dims: [sets.length, 3, 224, 224], bytes: new Uint8Array(bytes) };
    };
    const [one, two] = [worldOf(dynamic, stack(0)), worldOf(dynamic, stack(1, 0))];
    const [single, batch] = [await run(one), await run(two)];
    const bytesOf = (r: Run): Uint8Array => [...r.outputs.values()][0]?.bytes as Uint8Array;
    expect(bytesOf(single)).toEqual(bytesOf(honest));
    expect(bytesOf(batch).subarray(4000)).toEqual(bytesOf(honest));
    expect(batch.signed.receipt.model).toEqual(single.signed.receipt.model);
    expect(batch.signed.receipt.binding).not.toEqual(single.signed.receipt.binding);
    expect((await replay(two, batch)).outcome).toBe("verified");
    await expectDrillCaught(two, batch, 40);
  });

  testDrills(() => world, 2, 7);

  describe("in f16", () => {
    const half = (): World => {
      const published = readModel(`${FOLDER}/SqueezeNet_fp16.onnx`);
      return worldOf(published, tensorFrom("f16", image(2).dims, valuesOf(image(2))));
    };
    testDrills(half, 4, 3);
  });

  test("in f16 as published", async () => {
    const half = readModel(`${FOLDER}/SqueezeNet_fp16.onnx`);
    const narrow = tensorFrom("f16", image(1).dims, valuesOf(image(1)));
    const small = worldOf(half, narrow);
    const inHalf = await run(small);
    const threaded = await run(small, { machine: new WasmMachine(2) });
    expect(threaded.signed).toEqual(inHalf.signed);
    expect((await replay(small, inHalf)).outcome).toBe("verified");
    for (const node of spread(3)(inHalf.plan)) await expectDrillCaught(small, inHalf, node);

    const wide = tensorFrom("f32", narrow.dims, valuesOf(narrow));
    const [want] = (await run(worldOf(model, wide))).outputs.values();
    const [got] = inHalf.outputs.values();
    expect(got?.dtype).toBe("f16");
    const [x, y] = [got, want].map((t) => valuesOf(t as Tensor).map(Number)) as [
      number[],
      number[],
    ];
    expect(x).toHaveLength(elementCount((want as Tensor).dims));
    const worst = Math.max(
      ...x.map((v, i) => Math.abs(v - (y[i] as number)) - 1e-2 * (y[i] as number)),
    );
    // One part in a hundred, or what the smallest probabilities have as f16.
    expect(worst).toBeLessThan(1e-4);
    expect(Math.max(...x)).toBeGreaterThan(0.1);
  });
});
