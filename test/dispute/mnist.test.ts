import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { f32Tensor } from "../../operators/index.js";
import { settle } from "../../src/dispute/settle.js";
import { bind } from "../../src/graph/bind.js";
import type { Granularity } from "../../src/graph/plan.js";
import { importOnnx } from "../../src/onnx/import.js";
import { dataPath, describeWithData } from "../support/data.js";
import { rulesOf, runOf } from "./zoo/run.js";
import { noise, type Toy } from "./zoo/toy.js";

/** A trained digit classifier: every operator corrupted in turn, in its highest mantissa bit. */
const FILE = "models/mnist-8/mnist.onnx";

function mnist(granularity: Granularity): Toy {
  const model = importOnnx(readFileSync(dataPath(FILE)));
  const image = f32Tensor([1, 1, 28, 28], noise(28 * 28, 5));
  const inputs = new Map([[model.graph.inputs[0]?.name ?? "", image]]);
  return { model, plan: bind(model, { types: inputs, granularity }), inputs };
}

describeWithData("mnist-8", FILE, () => {
  test.each(["operator", "layer"] as const)("at %s granularity", async (granularity) => {
    const world = mnist(granularity);
    const { plan } = world;
    const rules = rulesOf(world);
    const honest = runOf(world);
    let masked = 0;
    for (const [node, { outputs }] of plan.nodes.entries()) {
      const bytes = honest.tensors[outputs[0] as number]?.bytes.length ?? 0;
      const element = Math.floor(bytes / 8);
      const wrong = runOf(world, { corrupt: [{ node, element }], base: honest.tensors });
      const settlement = await settle(rules, honest, wrong);
      if (settlement.kind === "agree") masked++;
      else {
        const evidence = {
          operator: { index: node },
          element: { index: element },
        };
        expect(settlement).toMatchObject({
          atFault: ["b"],
          against: { b: { outcome: { kind: "refuted", evidence } } },
        });
      }
    }
    // A pool or a rectifier may hide an element, but not from a commitment to each result.
    expect(masked).toBeLessThan(granularity === "operator" ? 1 : plan.nodes.length / 2);
  });
});
