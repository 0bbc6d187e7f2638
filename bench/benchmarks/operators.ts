import { byteLength, elementCount } from "../../operators/index.js";
import type { Session } from "../../src/execute/session.js";
import type { Plan, PlanNode, PlanValue } from "../../src/graph/plan.js";
import { compare, type Timing } from "../measure.js";
import { blockWorkload, imageWorkload, matmulWorkload, type Workload } from "../models.js";
import type { Column, Report, Row, Table } from "../report.js";
import { assayRunner, openSession } from "../runners/assay.js";
import type { Settings } from "../settings.js";

const NODE_COLUMNS: readonly Column[] = [
  { key: "index", label: "#", digits: 0 },
  { key: "operator", label: "operator" },
  { key: "name", label: "name" },
  { key: "shape", label: "output ← fold" },
  { key: "ms", label: "ms", digits: 3 },
  { key: "share", label: "% of the run", digits: 1 },
  { key: "rate", label: "GFLOP/s", digits: 1 },
  { key: "bandwidth", label: "GB/s", digits: 1 },
  { key: "lost", label: "ms above ideal", digits: 3 },
];

const KIND_COLUMNS: readonly Column[] = [
  { key: "operator", label: "operator" },
  { key: "count", label: "count", digits: 0 },
  { key: "ms", label: "ms", digits: 3 },
  { key: "share", label: "% of the run", digits: 1 },
  { key: "ideal", label: "ideal ms", digits: 3 },
];

/** The operators that a table lists one by one. */
const LISTED = 20;

/** Where the time of a run goes, operator by operator, one thread. */
export async function benchOperators(settings: Settings): Promise<Report> {
  const peak = await peakRate(settings);
  const tables: Table[] = [];
  const notes = [
    `ideal: contractions at the ${peak.toFixed(1)} GFLOP/s that 512×512×512 reached in this run, all else free`,
  ];
  for (const workload of [blockWorkload(settings.scale), imageWorkload(settings.scale)]) {
    settings.progress(`operators: ${workload.title}`);
    const { session, inputs } = await openSession(workload, { fuse: "nothing" });
    try {
      session.setInputs(inputs);
      const times = await nodeTimes(session, settings);
      tables.push(...tablesOf(workload, session.plan, times, peak));
    } finally {
      await session.close();
    }
  }
  return { name: "operators", title: "Where the time goes", tables, targets: [], notes };
}

/** GFLOP/s of the contraction kernel on a shape that suits it. */
async function peakRate(settings: Settings): Promise<number> {
  const n = settings.scale === "tiny" ? 32 : 512;
  const runner = await assayRunner(matmulWorkload(n, n, n));
  const [timing] = (await compare([runner], settings)) as [Timing];
  await runner.close();
  return (2e-6 * n ** 3) / timing.min;
}

/** Fastest time of each node over whole runs, so that caches hold what they hold in a run. */
async function nodeTimes(session: Session, settings: Settings): Promise<number[]> {
  const best = session.plan.nodes.map(() => Number.POSITIVE_INFINITY);
  const sweep = (): void => {
    for (let i = 0; i < best.length; i++) {
      const start = performance.now();
      session.runNodes(i, i + 1);
      best[i] = Math.min(best[i] as number, performance.now() - start);
    }
  };
  await compare([{ name: "sweep", run: sweep }], settings);
  return best;
}

function tablesOf({ title }: Workload, plan: Plan, times: number[], peak: number): Table[] {
  const total = times.reduce((sum, t) => sum + t, 0);
  const rows = plan.nodes.map((node, index): Row & { ms: number; operator: string } => {
    const ms = times[index] as number;
    const flops = contractionFlops(node);
    const ideal = flops / peak / 1e6;
    const rate = flops > 0 ? { rate: flops / ms / 1e6 } : {};
    return {
      index,
      operator: node.operator,
      name: node.name,
      shape: shapeOf(node),
      ms,
      share: (100 * ms) / total,
      ...rate,
      bandwidth: touchedBytes(plan, node) / ms / 1e6,
      lost: ms - ideal,
      ideal,
    };
  });
  const kinds = [...new Set(rows.map((r) => r.operator))].map((operator) => {
    const own = rows.filter((r) => r.operator === operator);
    const sum = (key: string): number => own.reduce((s, r) => s + (r[key] as number), 0);
    return { operator, count: own.length, ms: sum("ms"), share: sum("share"), ideal: sum("ideal") };
  });
  const dearest = [...rows].sort((a, b) => b.ms - a.ms).slice(0, LISTED);
  return [
    {
      title: `${title}: ${total.toFixed(2)} ms, by operator`,
      columns: KIND_COLUMNS,
      rows: kinds.sort((a, b) => b.ms - a.ms),
    },
    { title: `${title}: the dearest operators`, columns: NODE_COLUMNS, rows: dearest },
  ];
}

/** Multiplications and additions of matrix products and convolutions; 0 for everything else. */
function contractionFlops({ operator, lowering }: PlanNode): number {
  if (!["MatMul", "Gemm", "Conv"].includes(operator)) return 0;
  return lowering.stages.reduce(
    (sum, { program }) => sum + 2 * elementCount(program.out) * foldLength(program.fold),
    0,
  );
}

const foldLength = (fold: readonly number[]): number =>
  fold.length === 0 ? 0 : elementCount(fold);

function shapeOf({ lowering }: PlanNode): string {
  const last = lowering.stages.at(-1)?.program;
  return last ? `${last.out.join("×")}${last.fold.length ? ` ← ${last.fold.join("×")}` : ""}` : "";
}

function touchedBytes(plan: Plan, node: PlanNode): number {
  const values = new Set([...node.inputs, ...node.outputs].filter((v) => v !== undefined));
  return [...values].reduce((sum, v) => sum + byteLength(plan.values[v] as PlanValue), 0);
}
