import { beforeAll, describe, expect, test } from "vitest";
import { WasmMachine } from "../../operators/backends/wasm/machine/index.js";
import type { Tensor } from "../../operators/index.js";
import type { Run } from "../../src/execute/run-model.js";
import type { Plan } from "../../src/graph/plan.js";
import { expectClose } from "../support/compare.js";
import { LONG } from "../support/long.js";
import { testDrills } from "./drills.js";
import {
  expectDrillCaught,
  onesFor,
  readModel,
  readTensor,
  replay,
  run,
  type World,
  worldOf,
} from "./world.js";

export const LIGHT = "onnx/light";

/** With these and the seeds, the nine models together have a drill of every kind of operator in them. */
const EVERYDAY = 3;

/**
 * A well-known architecture with constant weights on an input of ones: it runs to the published
 * output, a replay on another number of threads verifies it, and drills at three operators that
 * are drawn from `seed` are caught. With ASSAY_LONG=1 there are ten, and further ones at layer granularity,
 * at the operators that `chosen` names; else mnist-8, SqueezeNet and silero-vad have those.
 */
export function describeLightModel(
  name: string,
  chosen: (plan: Plan) => readonly number[],
  seed: number,
): void {
  describe(name, () => {
    let world: World;
    let honest: Run;

    beforeAll(async () => {
      const model = readModel(`${LIGHT}/light_${name}.onnx`);
      world = worldOf(model, onesFor(model));
      honest = await run(world);
    });

    test("gives the published output", () => {
      const [output] = honest.outputs.values();
      expectClose(output as Tensor, readTensor(`${LIGHT}/light_${name}_output_0.pb`));
    });

    // Below every operator's result is made by two threads and replayed by one.
    if (LONG)
      test("verifies by replay, layer granularity", async () => {
        const { signed } = await run(world, { machine: new WasmMachine(2), keepBoundaries: false });
        expect(signed).toEqual(honest.signed);
        expect((await replay(world, honest)).outcome).toBe("verified");
      });

    if (LONG)
      test("drills are caught, layer granularity", async () => {
        const nodes = chosen(honest.plan);
        expect(nodes.length).toBeGreaterThan(1);
        for (const node of nodes) await expectDrillCaught(world, honest, node);
      });

    testDrills(() => world, seed, EVERYDAY);
  });
}
