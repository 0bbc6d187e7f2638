import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "vitest";
import { WasmMachine } from "../../operators/backends/wasm/machine/index.js";
import { f32Tensor, type Machine, type Tensor } from "../../operators/index.js";
import type { Settlement } from "../../src/dispute/settle.js";
import { type Run, type RunRequest, runModel } from "../../src/execute/run-model.js";
import { parseTensorFile } from "../../src/files/parse.js";
import { planCost } from "../../src/graph/cost.js";
import { type ModelDigest, modelDigest } from "../../src/graph/digests.js";
import type { Plan } from "../../src/graph/plan.js";
import type { Model } from "../../src/graph/types.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import { importOnnx } from "../../src/onnx/import.js";
import { keyFromEntropy } from "../../src/receipt/key.js";
import { disputeRuns } from "../../src/verify/against.js";
import { type ProgramRunner, recomputeWith, wasmRunner } from "../../src/verify/recompute.js";
import { type ReplayRequest, replayRun } from "../../src/verify/replay.js";
import type { VerificationReport } from "../../src/verify/report.js";
import { keptRunOf } from "../../src/verify/run-provider.js";
import { sampleRun } from "../../src/verify/sample.js";
import { dataPath } from "../support/data.js";

/** A model with its digest and the inputs that a suite runs it on. */
export interface World {
  readonly model: Model;
  readonly digest: ModelDigest;
  readonly inputs: ReadonlyMap<string, Tensor>;
}

export function worldOf(model: Model, ...inputs: readonly Tensor[]): World {
  const named = model.graph.inputs.map((v, i) => [v.name, inputs[i] as Tensor] as const);
  return { model, digest: modelDigest(nodeHasher, model), inputs: new Map(named) };
}

/** A model of the data folder. */
export function readModel(path: string): Model {
  return importOnnx(new Uint8Array(readFileSync(dataPath(path))));
}

/** A tensor file of the data folder. */
export function readTensor(path: string): Tensor {
  return parseTensorFile(path, new Uint8Array(readFileSync(dataPath(path))));
}

/** Ones in the shape of the model's only input. */
export function onesFor({ graph }: Model): Tensor {
  const dims = (graph.inputs[0]?.dims ?? []).map(Number);
  const count = dims.reduce((n, d) => n * d, 1);
  return f32Tensor(dims, new Array<number>(count).fill(1));
}

const EXECUTOR = keyFromEntropy(new Uint8Array(48).fill(1));

/**
 * A closed machine's memory is given back by the collector alone, which does not see how large it
 * is: without this, VGG-19 has six gigabytes of dead memories in its suite.
 */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

/** A run that keeps what a dispute needs; on one WebAssembly thread unless said otherwise. */
export function run(world: World, options: Partial<RunRequest> = {}): Promise<Run> {
  return runModel({
    ...world,
    machine: new WasmMachine(1),
    hasher: nodeHasher,
    key: EXECUTOR,
    keepBoundaries: true,
    ...options,
  }).finally(collectGarbage);
}

/** Everything a verifier is given about a run. */
function claimOf(world: World, { signed, plan, inputs, trace }: Run) {
  return {
    hasher: nodeHasher,
    signed,
    model: world.model,
    evidence: { model: world.digest, plan, inputs },
    boundaries: trace.boundaries,
  };
}

export function replay(
  world: World,
  claimed: Run,
  machine: Machine = new WasmMachine(1),
  options: Pick<ReplayRequest, "memoryLimit"> = {},
): Promise<VerificationReport> {
  const request = { ...claimOf(world, claimed), ...options, machine };
  return replayRun(request).finally(collectGarbage);
}

export function sample(world: World, claimed: Run, share: number): Promise<VerificationReport> {
  const { kept } = claimed.trace;
  const draw = { kept, share, beacon: Uint8Array.of(1, 2, 3), machine: new WasmMachine(1) };
  return sampleRun({ ...claimOf(world, claimed), ...draw }).finally(collectGarbage);
}

export interface DisputeOptions {
  /** The referee's arithmetic. */
  readonly referee?: ProgramRunner;
  /** Of both parties. */
  readonly machine?: () => Machine;
}

/** Two runs against each other: `a` is the honest one. */
export function dispute(
  { model, digest }: World,
  a: Run,
  b: Run,
  { referee = wasmRunner(), machine = () => new WasmMachine(1) }: DisputeOptions = {},
): Promise<Settlement> {
  return disputeRuns({
    hasher: nodeHasher,
    model,
    digest,
    plan: a.plan,
    a: { receipt: a.signed.receipt, run: keptRunOf(a) },
    b: { receipt: b.signed.receipt, run: keptRunOf(b) },
    machine,
    recompute: recomputeWith(referee),
  }).finally(collectGarbage);
}

/** The verdict on `b`'s drill: that operator, that element; and nothing against `a`. */
export function expectConvicted(settlement: Settlement, drill: Run): void {
  const { node, element } = drill.trace.corruption as NonNullable<Run["trace"]["corruption"]>;
  const evidence = {
    // One that is over the budget is opened, and the stretch inside it is named.
    fault: expect.stringMatching(/^wrong-(operator|stretch)$/),
    operator: { index: node, name: drill.plan.nodes[node]?.name },
    element: { index: element },
  };
  expect(settlement).toMatchObject({
    kind: "settled",
    atFault: ["b"],
    against: {
      a: { outcome: { kind: "not-refuted" } },
      b: { outcome: { kind: "refuted", evidence } },
    },
  });
}

/**
 * Runs a drill at an operator where it shows, and has it disputed. What lies before the operator's
 * segment is the honest run's.
 */
export async function expectDrillCaught(
  world: World,
  honest: Run,
  node: number,
  options: DisputeOptions = {},
): Promise<void> {
  const { plan, trace } = honest;
  const { boundaries, kept } = trace;
  const segment = plan.segments.findIndex((s) => node < s.end);
  const resume = { segment, boundaries, kept };
  const drill = await run(world, { corruption: { node }, plan, resume });
  expect(drill.trace.corruption).toMatchObject({ node, masked: false });
  expectConvicted(await dispute(world, honest, drill, options), drill);
}

/** `count` operators spread over a plan, each the nearest that takes at most 200 million steps. */
export function spread(count: number): (plan: Plan) => number[] {
  return (plan) => {
    const cheap = planCost(plan).nodes.flatMap(({ steps }, i) => (steps <= 2e8 ? [i] : []));
    const nearest = Array.from({ length: count }, (_, i) => {
      const at = ((i + 0.5) * plan.nodes.length) / count;
      return cheap.reduce((best, n) => (Math.abs(n - at) < Math.abs(best - at) ? n : best));
    });
    return [...new Set(nearest)];
  };
}
