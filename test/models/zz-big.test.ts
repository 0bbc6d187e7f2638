import { beforeAll, expect, test } from "vitest";
import {
  dispute,
  expectConvicted,
  onesFor,
  readModel,
  run,
  worldOf,
} from "/work/main/test/models/world.js";

const model = readModel(`onnx/light/light_${process.env.M}.onnx`);
test("big", async () => {
  const world = worldOf(model, onesFor(model));
  let t = performance.now();
  const lap = (l: string) => {
    console.log(
      l,
      (performance.now() - t).toFixed(0),
      "rss",
      (process.memoryUsage().rss / 2 ** 20).toFixed(0),
      "max",
      (process.resourceUsage().maxRSS / 1024).toFixed(0),
    );
    t = performance.now();
  };
  const honest = await run(world);
  lap("run");
  for (const node of (process.env.N ?? "").split(",").map(Number)) {
    const drill = await run(world, { corruption: { node } });
    lap("drill " + node + JSON.stringify(drill.trace.corruption));
    if (drill.trace.corruption?.masked) continue;
    const s = await dispute(world, honest, drill);
    lap("dispute");
    expectConvicted(s, drill);
  }
}, 600000);
