import { WasmMachine } from "../../operators/backends/wasm/machine/index.js";
import { type Run, type RunRequest, runModel } from "../../src/execute/run-model.js";
import { fitsBudget, planCost } from "../../src/graph/cost.js";
import { modelDigest } from "../../src/graph/digests.js";
import type { Plan, PlanNode } from "../../src/graph/plan.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import { keyFromEntropy } from "../../src/receipt/key.js";
import { disputeRuns } from "../../src/verify/against.js";
import { costOf } from "../../src/verify/describe.js";
import { recomputeWith, wasmRunner } from "../../src/verify/recompute.js";
import type { KeptRun } from "../../src/verify/run-provider.js";
import { median } from "../measure.js";
import { imageWorkload, type Workload } from "../models.js";
import type { Column, Report, Row } from "../report.js";
import type { Settings } from "../settings.js";

const SHARE_COLUMNS: readonly Column[] = [
  { key: "index", label: "#", digits: 0 },
  { key: "operator", label: "operator" },
  { key: "name", label: "name" },
  { key: "output", label: "output" },
  { key: "steps", label: "% of the steps", digits: 3 },
  { key: "bytes", label: "% of the bytes", digits: 3 },
];

const GAME_COLUMNS: readonly Column[] = [
  { key: "corrupted", label: "corrupted operator" },
  { key: "named", label: "convicted operator" },
  { key: "rounds", label: "moves", digits: 0 },
  { key: "shown", label: "shown to the referee MB", digits: 2 },
  { key: "steps", label: "recomputed, % of the steps", digits: 5 },
  { key: "run", label: "one run ms", digits: 1 },
  { key: "game", label: "both games ms", digits: 1 },
];

/** What the operators of a model would cost a referee whole, and what disputes about them do. */
export async function benchDispute(settings: Settings): Promise<Report> {
  const workload = imageWorkload(settings.scale);
  settings.progress(`dispute: ${workload.title}`);
  const request = requestFor(workload);
  const honest = await timedRun(request);
  const { plan } = honest.run;
  const shares = sharesOf(plan);
  const games: Row[] = [];
  for (const node of drillsOf(plan, settings.scale === "tiny" ? 1 : 3)) {
    settings.progress(`dispute: game about ${plan.nodes[node]?.name}`);
    games.push(await playGame(request, honest, node));
  }
  const steps = shares.map((r) => r.steps as number);
  const bytes = shares.map((r) => r.bytes as number);
  const { nodes } = planCost(plan);
  const summary = (values: readonly number[]): string =>
    `${Math.max(...values).toFixed(2)} % at most, ${median(values).toFixed(3)} % in the median`;
  return {
    name: "dispute",
    title: `Dispute: ${workload.title}`,
    tables: [
      {
        title: "Operators as a share of the run",
        columns: SHARE_COLUMNS,
        rows: shares,
      },
      {
        title: "Games played: an honest run against a drill, both games",
        columns: GAME_COLUMNS,
        rows: games,
      },
    ],
    targets: [],
    notes: [
      `share of the run's steps: ${summary(steps)}; of its bytes: ${summary(bytes)}`,
      `${nodes.filter((c) => fitsBudget(c)).length} of ${nodes.length} operators fit the smallest referee whole`,
      "steps are weighted micro-ops, bytes are inputs and outputs, both counted from the plan; a tensor counts once per operator that touches it",
    ],
  };
}

function sharesOf(plan: Plan): Row[] {
  const { nodes, total } = planCost(plan);
  return nodes.map((cost, index) => {
    const node = plan.nodes[index] as PlanNode;
    const out = node.lowering.outputs[0];
    return {
      index,
      operator: node.operator,
      name: node.name,
      output: out ? `${out.dtype}[${out.dims}]` : "",
      steps: (100 * cost.steps) / total.steps,
      bytes: (100 * cost.bytes) / total.bytes,
    };
  });
}

/** The first operator, the dearest, and the last. */
function drillsOf(plan: Plan, count: number): number[] {
  const { nodes } = planCost(plan);
  const steps = nodes.map((c) => c.steps);
  return [0, steps.indexOf(Math.max(...steps)), nodes.length - 1].slice(0, count);
}

type Request = Omit<RunRequest, "machine">;

interface TimedRun {
  readonly run: Run;
  readonly ms: number;
}

function requestFor({ model, inputs }: Workload): Request {
  return {
    model,
    inputs,
    digest: modelDigest(nodeHasher, model),
    hasher: nodeHasher,
    key: keyFromEntropy(new Uint8Array(48).fill(7)),
    keepBoundaries: true,
  };
}

async function timedRun(request: Request): Promise<TimedRun> {
  const start = performance.now();
  const run = await runModel({ ...request, machine: new WasmMachine() });
  return { run, ms: performance.now() - start };
}

async function playGame(request: Request, honest: TimedRun, node: number): Promise<Row> {
  const { model, digest, hasher } = request;
  const { run: drill } = await timedRun({ ...request, corruption: { node } });
  const { plan } = honest.run;
  const corrupted = labelOf(plan, node);
  if (drill.trace.corruption?.masked) return { corrupted, named: "none: the drill is masked" };
  const start = performance.now();
  const settlement = await disputeRuns({
    hasher,
    model,
    digest,
    plan,
    a: { receipt: honest.run.signed.receipt, run: keptRun(honest.run) },
    b: { receipt: drill.signed.receipt, run: keptRun(drill) },
    machine: () => new WasmMachine(),
    recompute: recomputeWith(wasmRunner()),
  });
  const game = performance.now() - start;
  if (settlement.kind !== "settled") return { corrupted, named: `none: ${settlement.kind}` };
  const record = settlement.against.b;
  const cost = costOf(record);
  const { outcome } = record;
  const convicted = outcome.kind === "refuted" && "operator" in outcome.evidence;
  return {
    corrupted,
    named: convicted ? labelOf(plan, outcome.evidence.operator.index) : outcome.kind,
    rounds: record.rounds,
    shown: record.moveBytes / 1e6,
    ...(cost ? { steps: (100 * cost.referee.steps) / cost.run.steps } : {}),
    run: honest.ms,
    game,
  };
}

const labelOf = (plan: Plan, node: number): string => `${node} ${plan.nodes[node]?.name ?? ""}`;

function keptRun({ plan, inputs, trace }: Run): KeptRun {
  const { outputs, boundaries, kept, corruption } = trace;
  return { plan, inputs, outputs, boundaries, kept, ...(corruption ? { drill: corruption } : {}) };
}
