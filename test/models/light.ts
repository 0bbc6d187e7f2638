import { beforeAll, describe, expect, test } from "vitest";
import { WasmMachine } from "../../operators/backends/wasm/machine/index.js";
import type { Tensor } from "../../operators/index.js";
import type { Run } from "../../src/execute/run-model.js";
import type { Plan } from "../../src/graph/plan.js";
import { expectClose } from "../support/compare.js";
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

/**
 * A well-known architecture with constant weights on an input of ones: it runs to the published
 * output, its receipt does not depend on threads, replay verifies it, drills at the operators that
 * `chosen` names are caught, and so are ten more that are drawn from `seed`.
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

    test("two threads give the same receipt", async () => {
      const { signed } = await run(world, { machine: new WasmMachine(2), keepBoundaries: false });
      expect(signed).toEqual(honest.signed);
    });

    test("verifies by replay", async () => {
      expect((await replay(world, honest)).outcome).toBe("verified");
    });

    test("drills are caught", async () => {
      const nodes = chosen(honest.plan);
      expect(nodes.length).toBeGreaterThan(1);
      for (const node of nodes) await expectDrillCaught(world, honest, node);
    });

    testDrills(() => world, seed);
  });
}
