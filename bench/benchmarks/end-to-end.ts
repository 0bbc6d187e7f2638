import { compare, ratioOf, type Timing } from "../measure.js";
import {
  digitWorkload,
  imageWorkload,
  mobilenetWorkload,
  resnet50Workload,
  stackWorkloads,
  type Workload,
} from "../models.js";
import type { Column, Report, Row, Table, Target } from "../report.js";
import { ASSAY, ASSAY_NATIVE, assayRunner, nativeRunner } from "../runners/assay.js";
import { ORT_NODE, ORT_WEB, ortNodeRunner, ortWebRunner } from "../runners/onnxruntime.js";
import { withRunners } from "../runners/runner.js";
import type { Scale, Settings } from "../settings.js";

/** What must be reached at least: how many times as long the peer takes, at as many threads. */
const GOALS = [
  { own: ASSAY_NATIVE, peer: ORT_NODE, bound: 1 },
  { own: `${ASSAY_NATIVE} 2T`, peer: `${ORT_NODE} 2T`, bound: 1 },
  { own: ASSAY, peer: ORT_WEB, bound: 1.3 },
] as const;

const COLUMNS: readonly Column[] = [
  { key: "runtime", label: "runtime" },
  { key: "min", label: "min ms", digits: 2 },
  { key: "median", label: "median ms", digits: 2 },
  { key: "ratio", label: "time ÷ assay's", digits: 2 },
  { key: "paired", label: "paired", digits: 2 },
  { key: "difference", label: "largest difference" },
];

const NOTE =
  "time ÷ assay's: native code beside `assay native`, WebAssembly beside `assay`, at as many threads; " +
  "the largest difference from assay's result is a share of that result's largest value";

/** One report on one model. */
function forModel(name: string, make: (scale: Scale) => Workload) {
  return async (settings: Settings): Promise<Report> => {
    const workload = make(settings.scale);
    const { table, targets } = await endToEnd(workload, settings);
    return {
      name,
      title: `End to end: ${workload.title}`,
      tables: [table],
      targets,
      notes: [NOTE],
    };
  };
}

export const benchSqueezenet = forModel("squeezenet", imageWorkload);
export const benchMnist = forModel("mnist", digitWorkload);
export const benchResnet50 = forModel("resnet50", resnet50Workload);
export const benchMobilenet = forModel("mobilenet", mobilenetWorkload);

/** The lengths that a reply is written with: a token, a few, a prompt. */
const LENGTHS = { full: [1, 8, 128, 512], quick: [1, 8, 128], tiny: [1, 5] } as const;

export async function benchStack(settings: Settings): Promise<Report> {
  settings.progress("transformer stack: weights");
  const tables: Table[] = [];
  const targets: Target[] = [];
  const lengths = LENGTHS[settings.scale];
  for (const [i, workload] of stackWorkloads(settings.scale, lengths).entries()) {
    const found = await endToEnd(workload, settings);
    tables.push({ ...found.table, title: `${workload.title}; ${found.table.title}` });
    targets.push(
      ...found.targets.map((t) => ({ ...t, what: `transformer stack, T=${lengths[i]}` })),
    );
  }
  return {
    name: "stack",
    title: "End to end: a transformer stack",
    tables,
    targets,
    notes: [NOTE, "one file for all lengths: its sequence is a symbol"],
  };
}

/** A whole model, input copied in and output copied out, no commitments. */
async function endToEnd(
  workload: Workload,
  settings: Settings,
): Promise<{ table: Table; targets: Target[] }> {
  settings.progress(workload.title);
  const opening = [
    () => assayRunner(workload),
    () => assayRunner(workload, 2),
    () => ortWebRunner(workload),
    () => nativeRunner(workload),
    () => nativeRunner(workload, 2),
    () => ortNodeRunner(workload),
    () => ortNodeRunner(workload, 2),
  ];
  const rows = await withRunners(opening, async (runners) => {
    const timings = await compare(runners, settings);
    const outputs: Float32Array[] = [];
    for (const runner of runners) outputs.push(await runner.output());
    const [mine] = outputs as [Float32Array];
    return timings.map((timing, i) => rowOf(timing, timings, mine, outputs[i] as Float32Array));
  });
  return {
    table: { title: "f32, one thread unless marked 2T", columns: COLUMNS, rows },
    targets: targetsOf(workload.title, rows),
  };
}

function rowOf(
  timing: Timing,
  all: readonly Timing[],
  mine: Float32Array,
  output: Float32Array,
): Row {
  const { name, min, median } = timing;
  const beside = all.find((t) => t.name === besideOf(name));
  const ratio = beside && ratioOf(beside, timing);
  const difference = largestDifference(mine, output);
  return {
    runtime: name,
    min,
    median,
    ...(ratio ? { ratio: ratio.ofMins, paired: ratio.paired } : {}),
    difference: difference === 0 ? "none" : difference.toExponential(1),
  };
}

/** The subject of ours that a runtime is seen beside. */
function besideOf(name: string): string {
  return GOALS.find(({ peer }) => peer === name)?.own ?? name;
}

/** Nothing where either runtime is missing. */
function targetsOf(what: string, rows: readonly Row[]): Target[] {
  return GOALS.flatMap(({ own, peer, bound }) => {
    const [a, b] = [own, peer].map((name) => rows.find((r) => r.runtime === name));
    if (!a || !b) return [];
    const figure = (b.min as number) / (a.min as number);
    return [{ what, subject: own, against: peer, figure, bound, kind: "at-least", unit: "×" }];
  });
}

/** As a share of the largest value. */
function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let [most, largest] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    most = Math.max(most, Math.abs((a[i] as number) - (b[i] as number)));
    largest = Math.max(largest, Math.abs(a[i] as number));
  }
  return most === 0 ? 0 : most / largest;
}
