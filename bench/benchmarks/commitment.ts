import { availableParallelism } from "node:os";
import { byteLength, type Tensor } from "../../operators/index.js";
import { createMachine } from "../../src/execute/backend.js";
import { openHashThread, wantsHashThread } from "../../src/execute/hash-thread.js";
import { traceRoots } from "../../src/execute/run-model.js";
import type { Session } from "../../src/execute/session.js";
import { type Committer, type TraceOptions, traceRun } from "../../src/execute/trace.js";
import { modelDigest, modelDigestFrom } from "../../src/graph/digests.js";
import type { Granularity, Plan, PlanValue } from "../../src/graph/plan.js";
import { tensorGeometry } from "../../src/merkle/geometry.js";
import { DIGEST_SIZE } from "../../src/merkle/hash.js";
import { nativeBatch } from "../../src/merkle/native-batch.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import { LEAF_TAGS, TREE_TAGS } from "../../src/merkle/tags.js";
import { commitTensor } from "../../src/merkle/tensor-tree.js";
import { compare, type Timing } from "../measure.js";
import { imageWorkload, mobilenetWorkload, stackWorkloads, type Workload } from "../models.js";
import type { Column, Report, Row } from "../report.js";
import { openSession, runPlain } from "../runners/assay.js";
import type { Settings } from "../settings.js";
import { randomTensor } from "../values.js";

/** Percent of the plain run, by granularity. */
const GOALS = { layer: 2, operator: 15 } as const;

/** GB/s of leaves of 1 KiB on one core. */
const LEAF_GOAL = 1.5;

const SEQUENCE = 128;

const COLUMNS: readonly Column[] = [
  { key: "model", label: "model" },
  { key: "granularity", label: "granularity" },
  { key: "segments", label: "segments", digits: 0 },
  { key: "committed", label: "committed MB", digits: 2 },
  { key: "plain", label: "plain run ms", digits: 2 },
  { key: "here", label: "+ hashing here ms", digits: 2 },
  { key: "hereShare", label: "%", digits: 1 },
  { key: "thread", label: "+ hashing thread ms", digits: 2 },
  { key: "threadShare", label: "%", digits: 1 },
  { key: "chosen", label: "assay run takes" },
];

const WEIGHT_COLUMNS: readonly Column[] = [
  { key: "model", label: "model" },
  { key: "bytes", label: "weights MB", digits: 1 },
  { key: "ms", label: "1 thread ms", digits: 1 },
  { key: "rate", label: "MB/s", digits: 0 },
  { key: "threads", label: "threads", digits: 0 },
  { key: "allMs", label: "ms", digits: 1 },
  { key: "knownMs", label: "from the cache ms", digits: 2 },
];

/** What committing adds to a run on one compute thread, inputs and outputs included. */
export async function benchCommitment(settings: Settings): Promise<Report> {
  const [stack] = stackWorkloads(settings.scale, [settings.scale === "tiny" ? 8 : SEQUENCE]);
  const workloads = [
    stack as Workload,
    imageWorkload(settings.scale),
    mobilenetWorkload(settings.scale),
  ];
  const rows: Row[] = [];
  const weights: Row[] = [];
  for (const workload of workloads) {
    for (const granularity of ["layer", "operator"] as const) {
      settings.progress(`commitment: ${workload.title}, by ${granularity}`);
      rows.push(await measureCommitment(workload, granularity, settings));
    }
    weights.push(await measureWeights(workload, settings));
  }
  const leaves = await measureLeaves(settings);
  return {
    name: "commitment",
    title: "Commitment",
    tables: [
      { title: "A run with commitments against the same run without", columns: COLUMNS, rows },
      {
        title: "Model digest, weights root included: once for a file",
        columns: WEIGHT_COLUMNS,
        rows: weights,
      },
    ],
    targets: [
      ...(["layer", "operator"] as const).map((granularity, i) => ({
        what: `${stack?.title} by ${granularity}, hashed by a thread, above the run without`,
        figure: rows[i]?.threadShare as number,
        bound: GOALS[granularity],
        kind: "at-most" as const,
        unit: " %",
      })),
      {
        what: "leaves of 1 KiB, one core",
        figure: leaves,
        bound: LEAF_GOAL,
        kind: "at-least",
        unit: " GB/s",
      },
    ],
    notes: [
      "one compute thread, native where the addon is built; the hashing thread is a second one",
      "the run without commitments computes operators together wherever it can; one with them makes " +
        "every tensor that is committed to, and that is in the percentage too",
      "percentages are of the fastest rounds; roots are included, the signature is not",
    ],
  };
}

async function measureCommitment(
  workload: Workload,
  granularity: Granularity,
  settings: Settings,
): Promise<Row> {
  const free = await openSession(workload, { machine: createMachine(), fuse: "run" });
  const { session, inputs } = await openSession(workload, {
    granularity,
    machine: createMachine(),
  });
  const hashThread = openHashThread();
  const here: Committer = (tensor) => commitTensor(nodeHasher, tensor);
  try {
    const [plain, inline, threaded] = (await compare(
      [
        { name: "plain", run: () => void runPlain(free.session, inputs) },
        { name: "here", run: () => committedRun(session, inputs, here) },
        { name: "thread", run: () => committedRun(session, inputs, here, { hashThread }) },
      ],
      settings,
    )) as [Timing, Timing, Timing];
    const share = (t: Timing): number => 100 * (t.min / plain.min - 1);
    return {
      model: workload.title,
      granularity,
      segments: session.plan.segments.length,
      committed: committedBytes(session.plan) / 1e6,
      plain: plain.min,
      here: inline.min,
      hereShare: share(inline),
      thread: threaded.min,
      threadShare: share(threaded),
      chosen: wantsHashThread(session.plan) ? "thread" : "here",
    };
  } finally {
    await Promise.all([hashThread.close(), session.close(), free.session.close()]);
  }
}

async function committedRun(
  session: Session,
  inputs: readonly Tensor[],
  commit: Committer,
  options: TraceOptions = {},
): Promise<void> {
  traceRoots(nodeHasher, await traceRun(session, inputs, commit, options));
}

/** Every tensor that is hashed: inputs, and once each what crosses a boundary. */
function committedBytes(plan: Plan): number {
  const live = new Set([
    ...plan.inputs.map((v) => v.value),
    ...plan.segments.flatMap((s) => s.live),
  ]);
  return [...live].reduce((sum, v) => sum + byteLength(plan.values[v] as PlanValue), 0);
}

async function measureWeights({ title, model }: Workload, settings: Settings): Promise<Row> {
  settings.progress(`commitment: weights of ${title}`);
  const threads = availableParallelism();
  const batch = nativeBatch(threads);
  const onAll = batch ? { ...nodeHasher, batch } : nodeHasher;
  const { weightCommitments } = modelDigest(onAll, model);
  const names = [...model.weights.keys()];
  const [one, all, known] = (await compare(
    [
      { name: "one", run: () => void modelDigest(nodeHasher, model) },
      { name: "all", run: () => void modelDigest(onAll, model) },
      {
        name: "known",
        run: () => void modelDigestFrom(nodeHasher, model.graph, weightCommitments, names),
      },
    ],
    settings,
  )) as [Timing, Timing, Timing];
  const bytes = [...model.weights.values()].reduce((sum, t) => sum + t.bytes.length, 0);
  const rate = bytes / 1e3 / one.min;
  const times = { ms: one.min, allMs: all.min, knownMs: known.min };
  return { model: title, bytes: bytes / 1e6, rate, threads, ...times };
}

/** GB/s of a tensor of whole tiles, its tree not included. */
async function measureLeaves(settings: Settings): Promise<number> {
  settings.progress("commitment: leaves");
  const tensor = randomTensor(settings.scale === "tiny" ? [16, 16] : [1024, 4096]);
  const { batch } = nodeHasher;
  const g = tensorGeometry(tensor.dtype, tensor.dims);
  const out = new Uint8Array(g.tiles * DIGEST_SIZE);
  const prefix = [TREE_TAGS.leaf, LEAF_TAGS.tensorTile] as const;
  const run = (): void => {
    if (batch) batch.tiles(g, tensor.bytes, prefix, out);
    else commitTensor(nodeHasher, tensor);
  };
  const [timing] = (await compare([{ name: "leaves", run }], settings)) as [Timing];
  return tensor.bytes.length / 1e6 / timing.min;
}
