import { compare, ratioOf, type Timing } from "../measure.js";
import {
  digitWorkload,
  imageWorkload,
  mobilenetWorkload,
  quantisedWorkloads,
  resnet50Workload,
  stackWorkloads,
  type Workload,
} from "../models.js";
import type { Column, Report, Row, Table, Target } from "../report.js";
import { ASSAY, ASSAY_NATIVE, assayRunner, nativeRunner } from "../runners/assay.js";
import { ORT_NODE, ORT_WEB, ortNodeRunner, ortWebRunner } from "../runners/onnxruntime.js";
import { type Runner, withRunners } from "../runners/runner.js";
import type { Scale, Settings } from "../settings.js";

/** What must be reached at least: how many times as long the peer takes. */
interface Goal {
  readonly own: string;
  readonly peer: string;
  readonly bound: number;
}

/** At as many threads. */
const GOALS: readonly Goal[] = [
  { own: ASSAY_NATIVE, peer: ORT_NODE, bound: 1 },
  { own: `${ASSAY_NATIVE} 2T`, peer: `${ORT_NODE} 2T`, bound: 1 },
  { own: ASSAY, peer: ORT_WEB, bound: 1.3 },
];

/** The same stack in f32, natively. */
const OWN_F32 = `${ASSAY_NATIVE} f32`;
const OWN_F32_GOAL: Goal = { own: ASSAY_NATIVE, peer: OWN_F32, bound: 2.5 };

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
const BYTE_LENGTHS = { full: [1, 8, 128], quick: [1, 128], tiny: [5] } as const;

export async function benchStack(settings: Settings): Promise<Report> {
  const { scale } = settings;
  settings.progress("transformer stack: weights");
  const lengths = LENGTHS[scale];
  const found: Found[] = [];
  for (const [i, workload] of stackWorkloads(scale, lengths).entries()) {
    found.push(named(await endToEnd(workload, settings), workload, `T=${lengths[i]}`));
  }
  return {
    name: "stack",
    title: "End to end: a transformer stack",
    tables: found.map(({ table }) => table),
    targets: found.flatMap(({ targets }) => targets),
    notes: [NOTE, "one file for all lengths: its sequence is a symbol"],
  };
}

/** The same stack with weights in i8, activations quantised as they come, sums in i32. */
export async function benchInt8(settings: Settings): Promise<Report> {
  const { scale } = settings;
  settings.progress("int8 stack: weights");
  const lengths = BYTE_LENGTHS[scale];
  const floats = stackWorkloads(scale, lengths);
  const found: Found[] = [];
  for (const [i, workload] of quantisedWorkloads(scale, lengths).entries()) {
    const own = floats[i] as Workload;
    const f32 = async (): Promise<Runner | undefined> => {
      const runner = await nativeRunner(own);
      return runner && { ...runner, name: OWN_F32 };
    };
    const measured = await endToEnd(workload, settings, { open: f32, goal: OWN_F32_GOAL });
    found.push(named(measured, workload, `int8, T=${lengths[i]}`));
  }
  return {
    name: "int8",
    title: "End to end: a transformer stack in int8",
    tables: found.map(({ table }) => table),
    targets: found.flatMap(({ targets }) => targets),
    notes: [
      NOTE,
      "DynamicQuantizeLinear, MatMulInteger, Cast, Mul, Add for every linear layer; all else in f32",
      `${OWN_F32}: the stack of the same shape in f32, one thread`,
    ],
  };
}

function named({ table, targets }: Found, { title }: Workload, which: string): Found {
  return {
    table: { ...table, title: `${title}; ${table.title}` },
    targets: targets.map((t) => ({ ...t, what: `transformer stack, ${which}` })),
  };
}

interface Found {
  readonly table: Table;
  readonly targets: readonly Target[];
}

/** Something else to be measured beside a model, that gives other outputs. */
interface Beside {
  readonly open: () => Promise<Runner | undefined>;
  readonly goal: Goal;
}

/** A whole model, input copied in and output copied out, no commitments. */
async function endToEnd(workload: Workload, settings: Settings, beside?: Beside): Promise<Found> {
  settings.progress(workload.title);
  const opening = [
    () => assayRunner(workload),
    () => assayRunner(workload, 2),
    () => ortWebRunner(workload),
    () => nativeRunner(workload),
    () => nativeRunner(workload, 2),
    () => ortNodeRunner(workload),
    () => ortNodeRunner(workload, 2),
    ...(beside ? [beside.open] : []),
  ];
  const rows = await withRunners(opening, async (runners) => {
    const timings = await compare(runners, settings);
    const differences: (number | undefined)[] = [];
    const mine = await (runners[0] as Runner).output();
    for (const runner of runners) {
      const other = runner.name === beside?.goal.peer;
      differences.push(other ? undefined : largestDifference(mine, await runner.output()));
    }
    return timings.map((timing, i) => rowOf(timing, timings, differences[i]));
  });
  const goals = [...GOALS, ...(beside ? [beside.goal] : [])];
  return {
    table: { title: "one thread unless marked 2T", columns: COLUMNS, rows },
    targets: targetsOf(workload.title, rows, goals),
  };
}

function rowOf(timing: Timing, all: readonly Timing[], difference: number | undefined): Row {
  const { name, min, median } = timing;
  const beside = all.find((t) => t.name === besideOf(name));
  const ratio = beside && ratioOf(beside, timing);
  return {
    runtime: name,
    min,
    median,
    ...(ratio ? { ratio: ratio.ofMins, paired: ratio.paired } : {}),
    ...(difference === undefined ? {} : { difference: differenceText(difference) }),
  };
}

const differenceText = (d: number): string => (d === 0 ? "none" : d.toExponential(1));

/** The subject of ours that a runtime is seen beside. */
function besideOf(name: string): string {
  return GOALS.find(({ peer }) => peer === name)?.own ?? name;
}

/** Nothing where either runtime is missing. */
function targetsOf(what: string, rows: readonly Row[], goals: readonly Goal[]): Target[] {
  return goals.flatMap(({ own, peer, bound }) => {
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
