import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { resnetModel } from "../../fixtures/builders/resnet.js";
import { transformerModel } from "../../fixtures/builders/transformer.js";
import type { Machine } from "../../operators/index.js";
import { planFor, type Run, runModel } from "../../src/execute/run-model.js";
import { readNpy } from "../../src/files/npy.js";
import { modelDigest } from "../../src/graph/digests.js";
import type { Granularity } from "../../src/graph/plan.js";
import type { Model } from "../../src/graph/types.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import { importOnnx } from "../../src/onnx/import.js";
import { fixture } from "../fixtures/files.js";
import { randomGraph } from "./graphs.js";
import { type Inputs, MACHINES, single } from "./machines.js";
import { holds, seeds } from "./property.js";
import { normals } from "./tensors.js";

/**
 * A run that stops after any segment and goes on elsewhere, from the committed boundary alone, gives
 * the trace, the outputs and the receipt of a run in one go.
 */
interface Subject {
  readonly model: Model;
  readonly inputs: Inputs;
  readonly granularity?: Granularity;
}

const TRANSFORMER = transformerModel({ layers: 1, d: 16, heads: 2, mlp: 24, sequence: "T" });
const RESNET = resnetModel({ size: 10, channels: [5, 7], blocks: 1, classes: 3 });
const SUBJECTS: readonly [string, Subject][] = [
  [
    "the digits",
    {
      model: importOnnx(fixture("digits/model.onnx")),
      inputs: { image: readNpy(fixture("digits/digit-3.npy")) },
    },
  ],
  ["a transformer", { model: TRANSFORMER, inputs: { x: normals("f32", [1, 6, 16], 5) } }],
  ["a residual network", { model: RESNET, inputs: { image: normals("f32", [1, 3, 10, 10], 6) } }],
];

function run(
  { model, inputs, granularity = "layer" }: Subject,
  machine: Machine,
  options: Partial<Parameters<typeof runModel>[0]> = {},
): Promise<Run> {
  return runModel({
    model,
    digest: modelDigest(nodeHasher, model),
    inputs: new Map(Object.entries(inputs)),
    granularity,
    machine,
    hasher: nodeHasher,
    key: new Uint8Array(32).fill(7),
    keepBoundaries: true,
    ...options,
  });
}

/** What the earlier run hands over: everything after `segment` is left out. */
function handedOver({ plan, trace }: Run, segment: number) {
  const live = new Set(plan.segments[segment - 1]?.live);
  return {
    segment,
    boundaries: trace.boundaries.slice(0, segment),
    kept: new Map([...trace.kept].filter(([v]) => live.has(v))),
  };
}

function expectSameRun(resumed: Run, whole: Run): void {
  expect(resumed.signed).toEqual(whole.signed);
  expect(resumed.trace.boundaries).toEqual(whole.trace.boundaries);
  expect(resumed.outputs).toEqual(whole.outputs);
}

describe.each(SUBJECTS)("%s", (_, subject) => {
  test.each(["layer", "operator"] as const)("resumed at every segment, by %s", async (by) => {
    const whole = await run({ ...subject, granularity: by }, single());
    expect(whole.plan.segments.length).toBeGreaterThan(1);
    for (const segment of whole.plan.segments.keys()) {
      const [, machine] = MACHINES[segment % 2] as (typeof MACHINES)[number];
      const resume = handedOver(whole, segment);
      expectSameRun(await run({ ...subject, granularity: by }, machine(), { resume }), whole);
    }
  });
});

test.each(MACHINES)("a random graph, stopped twice, ends on the %s", async (_, machine) => {
  const cases = fc.record({ seed: seeds, first: fc.nat(), second: fc.nat() });
  await holds(3, cases, async ({ seed, first, second }) => {
    const subject: Subject = { ...randomGraph(seed), granularity: "operator" };
    const whole = await run(subject, single());
    const count = whole.plan.segments.length;
    const [early, late] = [first % count, second % count].sort((a, b) => a - b) as [number, number];
    const resumed = await run(subject, machine(), { resume: handedOver(whole, early) });
    expectSameRun(resumed, whole);
    expect(resumed.trace.kept.size).toBeLessThanOrEqual(whole.trace.kept.size);
    const again = await run(subject, single(), { resume: handedOver(resumed, late) });
    expectSameRun(again, whole);
  });
});

describe("what is handed over is checked", () => {
  const [, subject] = SUBJECTS[1] as [string, Subject];

  test("a changed tensor, a changed commitment, a missing tensor or boundary", async () => {
    const whole = await run(subject, single());
    const good = handedOver(whole, 2);
    const [[id, tensor]] = [...good.kept] as [
      [number, NonNullable<ReturnType<typeof good.kept.get>>],
    ];
    const bytes = tensor.bytes.map((b, i) => (i === 5 ? b ^ 1 : b));
    const last = good.boundaries[1] as readonly Uint8Array[];
    const damaged = [
      { ...good, kept: new Map([...good.kept, [id, { ...tensor, bytes }]]) },
      { ...good, kept: new Map([...good.kept, [id, { ...tensor, dims: [1] }]]) },
      { ...good, kept: new Map() },
      { ...good, boundaries: good.boundaries.slice(0, 1) },
      { ...good, boundaries: [good.boundaries[0] ?? [], last.map((d) => d.map((b) => b ^ 1))] },
    ];
    for (const resume of damaged) {
      const refused = run(subject, single(), { resume });
      await expect(refused).rejects.toMatchObject({ code: "run/incomplete" });
    }
  });

  test("a segment that is not there, and a drill before it", async () => {
    const whole = await run(subject, single());
    const count = whole.plan.segments.length;
    for (const segment of [-1, 0.5, count]) {
      const refused = run(subject, single(), { resume: { ...handedOver(whole, 1), segment } });
      await expect(refused).rejects.toMatchObject({ code: "usage" });
    }
    const drill = run(subject, single(), {
      resume: handedOver(whole, 1),
      corruption: { node: 0 },
    });
    await expect(drill).rejects.toMatchObject({ code: "usage" });
  });

  test("a false early boundary shows in the trace root, as in any trace", async () => {
    const whole = await run(subject, single());
    const good = handedOver(whole, 2);
    const [first, second] = good.boundaries as [readonly Uint8Array[], readonly Uint8Array[]];
    const resume = { ...good, boundaries: [first.map((d) => d.map((b) => b ^ 1)), second] };
    const resumed = await run(subject, single(), { resume });
    expect(resumed.signed.receipt.outputs).toEqual(whole.signed.receipt.outputs);
    expect(resumed.signed.receipt.trace).not.toEqual(whole.signed.receipt.trace);
  });

  test("a drill resumed from an honest boundary is the drill of a whole run", async () => {
    const inputs = new Map(Object.entries(subject.inputs));
    const { segments } = planFor(subject.model, inputs);
    const corruption = { node: (segments[2]?.first ?? 0) + 1, element: 3 };
    const [honest, drill] = [
      await run(subject, single()),
      await run(subject, single(), { corruption }),
    ];
    const resumed = await run(subject, single(), { corruption, resume: handedOver(honest, 2) });
    expect(resumed.trace.corruption).toEqual(drill.trace.corruption);
    expectSameRun(resumed, drill);
  });
});
