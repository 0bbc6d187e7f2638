import { byteLength, type Tensor } from "../../operators/index.js";
import { openHashThread, wantsHashThread } from "../../src/execute/hash-thread.js";
import { traceRoots } from "../../src/execute/run-model.js";
import type { Session } from "../../src/execute/session.js";
import { type Committer, type TraceOptions, traceRun } from "../../src/execute/trace.js";
import { modelDigest } from "../../src/graph/digests.js";
import type { Granularity, Plan, PlanValue } from "../../src/graph/plan.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import { commitTensor } from "../../src/merkle/tensor-tree.js";
import { compare, type Timing } from "../measure.js";
import { blockWorkload, imageWorkload, type Workload } from "../models.js";
import type { Column, Report, Row } from "../report.js";
import { openSession, runPlain } from "../runners/assay.js";
import type { Settings } from "../settings.js";

/** Percent of the plain run. */
const GOAL = 5;

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
  { key: "ms", label: "digest ms", digits: 1 },
  { key: "rate", label: "MB/s", digits: 0 },
];

/** What committing adds to a run on one compute thread, inputs and outputs included. */
export async function benchCommitment(settings: Settings): Promise<Report> {
  const block = blockWorkload(settings.scale);
  const image = imageWorkload(settings.scale);
  const rows: Row[] = [];
  for (const workload of [block, image]) {
    for (const granularity of ["layer", "operator"] as const) {
      settings.progress(`commitment: ${workload.title}, by ${granularity}`);
      rows.push(await measureCommitment(workload, granularity, settings));
    }
  }
  const [blockByLayer] = rows as [Row];
  const weights: Row[] = [];
  for (const workload of [block, image]) weights.push(await measureWeights(workload, settings));
  return {
    name: "commitment",
    title: "Commitment",
    tables: [
      { title: "A run with commitments against the same run without", columns: COLUMNS, rows },
      {
        title: "Model digest, weights root included: once per model",
        columns: WEIGHT_COLUMNS,
        rows: weights,
      },
    ],
    targets: [
      {
        what: "transformer block by layer, the cheaper way of hashing",
        figure: Math.min(blockByLayer.hereShare as number, blockByLayer.threadShare as number),
        bound: GOAL,
        kind: "at-most",
        unit: " %",
      },
    ],
    notes: [
      "one compute thread; the hashing thread is a second one",
      "percentages are of the fastest rounds; roots are included, the signature is not",
    ],
  };
}

async function measureCommitment(
  workload: Workload,
  granularity: Granularity,
  settings: Settings,
): Promise<Row> {
  const { session, inputs } = await openSession(workload, { granularity });
  const hashThread = openHashThread();
  const here: Committer = (tensor) => commitTensor(nodeHasher, tensor);
  try {
    const [plain, inline, threaded] = (await compare(
      [
        { name: "plain", run: () => void runPlain(session, inputs) },
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
    await Promise.all([hashThread.close(), session.close()]);
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
  const subject = { name: "weights", run: () => void modelDigest(nodeHasher, model) };
  const [timing] = (await compare([subject], settings)) as [Timing];
  const bytes = [...model.weights.values()].reduce((sum, t) => sum + t.bytes.length, 0);
  return { model: title, bytes: bytes / 1e6, ms: timing.min, rate: bytes / 1e3 / timing.min };
}
