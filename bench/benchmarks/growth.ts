import { compare } from "../measure.js";
import { matmulWorkload, stackWorkloads, type Workload } from "../models.js";
import { type Panel, plotSvg } from "../plot.js";
import type { Column, Figure, Report, Row, Target } from "../report.js";
import { ASSAY, ASSAY_NATIVE, assayRunner, nativeRunner } from "../runners/assay.js";
import { ortNodeRunner, ortWebRunner } from "../runners/onnxruntime.js";
import { withRunners } from "../runners/runner.js";
import type { Scale, Settings } from "../settings.js";
import { measureThreads, powers } from "./threads.js";

/** What an operation may take at the largest size, as a multiple of the least at any size. */
const GOAL = 1.25;

/** Work of one size: what is run, and its multiplications and additions. */
interface Size {
  readonly at: number;
  readonly flops: number;
  readonly make: () => Workload;
}

/** One quantity grows, all else stays. */
interface Sweep {
  readonly quantity: string;
  readonly rest: string;
  readonly sizes: readonly Size[];
}

interface Point {
  readonly at: number;
  readonly flops: number;
  readonly ms: number;
}

type Measured = ReadonlyMap<string, readonly Point[]>;

const COLUMNS: readonly Column[] = [
  { key: "sweep", label: "what grows" },
  { key: "runtime", label: "runtime" },
  { key: "smallest", label: "GFLOP/s, smallest", digits: 1 },
  { key: "largest", label: "largest", digits: 1 },
  { key: "exponent", label: "time ~ work^", digits: 2 },
  { key: "rise", label: "time per operation, largest ÷ least", digits: 2 },
];

/** Speed against every size and against threads, with plots: cost must grow as the work does. */
export async function benchGrowth(settings: Settings): Promise<Report> {
  const effort = shortened(settings);
  const products = await measureSweeps(productSweeps(settings.scale), effort);
  const stacks = await measureSweeps(stackSweeps(settings.scale), effort);
  const sweeps = [...products, ...stacks];
  const threads = await measureThreads(effort);
  const rows = sweeps.flatMap(([sweep, measured]) => sweepRows(sweep, measured));
  return {
    name: "growth",
    title: "Growth",
    tables: [
      { title: "One quantity grows, the others stay; one thread", columns: COLUMNS, rows },
      threads.table,
    ],
    targets: rows.flatMap(targetOf),
    notes: [
      "the exponent is fitted to the upper half of the sizes: below, calls and the reading of weights cost more than arithmetic",
      "plots: docs/speed-matmul.svg, docs/speed-stack.svg, docs/speed-threads.svg",
    ],
    figures: [
      plotOf("speed-matmul.svg", "GFLOP/s of matrix products against M, K and N", products),
      plotOf("speed-stack.svg", "GFLOP/s of transformer stacks against T and blocks", stacks),
      threads.figure,
    ],
  };
}

/** Many points, of which each may be less sure than a figure that stands alone. */
function shortened(settings: Settings): Settings {
  const { warmMs, budgetMs, minRounds, limitMs } = settings;
  return {
    ...settings,
    warmMs: warmMs / 4,
    budgetMs: budgetMs / 4,
    minRounds: Math.ceil(minRounds / 2),
    limitMs: limitMs / 4,
  };
}

function productSweeps(scale: Scale): Sweep[] {
  const fixed = scale === "tiny" ? 16 : 768;
  const rows = scale === "tiny" ? 4 : 128;
  const upTo = { full: [1024, 8192], quick: [256, 2048], tiny: [2, 32] }[scale];
  const size = (at: number, m: number, k: number, n: number): Size => ({
    at,
    flops: 2 * m * k * n,
    make: () => matmulWorkload(m, k, n),
  });
  const [most, widest] = upTo as [number, number];
  return [
    {
      quantity: "M",
      rest: `K = N = ${fixed}`,
      sizes: powers(1, most).map((m) => size(m, m, fixed, fixed)),
    },
    {
      quantity: "K",
      rest: `M = ${rows}, N = ${fixed}`,
      sizes: powers(16, widest).map((k) => size(k, rows, k, fixed)),
    },
    {
      quantity: "N",
      rest: `M = ${rows}, K = ${fixed}`,
      sizes: powers(16, widest).map((n) => size(n, rows, fixed, n)),
    },
  ];
}

function stackSweeps(scale: Scale): Sweep[] {
  const d = scale === "tiny" ? 32 : 768;
  const length = scale === "tiny" ? 4 : 128;
  const lengths = powers(1, { full: 512, quick: 128, tiny: 2 }[scale]);
  const depths = { full: [1, 2, 4, 8, 12], quick: [1, 2, 4], tiny: [1, 2] }[scale];
  // Projections and the two layers behind them, then scores and their sums over values.
  const flops = (t: number, blocks: number): number => blocks * (24 * t * d * d + 4 * t * t * d);
  let shared: Workload[] | undefined;
  const two = (): Workload[] => {
    shared ??= stackWorkloads(scale, lengths, 2);
    return shared;
  };
  return [
    {
      quantity: "T",
      rest: `2 blocks, d = ${d}`,
      sizes: lengths.map((t, i) => ({
        at: t,
        flops: flops(t, 2),
        make: () => two()[i] as Workload,
      })),
    },
    {
      quantity: "blocks",
      rest: `T = ${length}, d = ${d}`,
      sizes: depths.map((blocks) => ({
        at: blocks,
        flops: flops(length, blocks),
        make: () => stackWorkloads(scale, [length], blocks)[0] as Workload,
      })),
    },
  ];
}

async function measureSweeps(
  sweeps: readonly Sweep[],
  settings: Settings,
): Promise<(readonly [Sweep, Measured])[]> {
  const found: (readonly [Sweep, Measured])[] = [];
  for (const sweep of sweeps) {
    const points = new Map<string, Point[]>();
    for (const { at, flops, make } of sweep.sizes) {
      settings.progress(`growth: ${sweep.quantity} = ${at}, ${sweep.rest}`);
      const workload = make();
      const opening = [
        () => nativeRunner(workload),
        () => ortNodeRunner(workload),
        () => assayRunner(workload),
        () => ortWebRunner(workload),
      ];
      const timings = await withRunners(opening, (runners) => compare(runners, settings));
      for (const { name, min } of timings) {
        points.set(name, [...(points.get(name) ?? []), { at, flops, ms: min }]);
      }
    }
    found.push([sweep, points]);
  }
  return found;
}

function sweepRows({ quantity, rest }: Sweep, measured: Measured): Row[] {
  return [...measured].map(([runtime, points]) => {
    const each = points.map(({ ms, flops }) => ms / flops);
    const rates = each.map((ms) => 1e-6 / ms);
    return {
      sweep: `${quantity} (${rest})`,
      runtime,
      smallest: rates[0] as number,
      largest: rates.at(-1) as number,
      exponent: exponentOf(points.slice(-Math.max(2, Math.ceil(points.length / 2)))),
      rise: (each.at(-1) as number) / Math.min(...each),
    };
  });
}

/** The slope of time over work, both as logarithms, by least squares. */
export function exponentOf(points: readonly Pick<Point, "ms" | "flops">[]): number {
  const [x, y] = [points.map((p) => Math.log(p.flops)), points.map((p) => Math.log(p.ms))];
  const mean = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0) / v.length;
  const [mx, my] = [mean(x), mean(y)];
  const covariance = x.reduce((sum, v, i) => sum + (v - mx) * ((y[i] as number) - my), 0);
  return covariance / x.reduce((sum, v) => sum + (v - mx) ** 2, 0);
}

function targetOf({ sweep, runtime, rise }: Row): Target[] {
  if (runtime !== ASSAY && runtime !== ASSAY_NATIVE) return [];
  return [
    {
      what: `growth with ${sweep}, time per operation at the largest`,
      subject: runtime,
      against: "its least",
      figure: rise as number,
      bound: GOAL,
      kind: "at-most",
      unit: "×",
    },
  ];
}

function plotOf(
  file: string,
  title: string,
  sweeps: readonly (readonly [Sweep, Measured])[],
): Figure {
  const panels = sweeps.map(([{ quantity, rest, sizes }, measured]): Panel => {
    const series = [...measured].map(([name, points]) => ({
      name,
      points: points.map((p) => [p.at, p.flops / p.ms / 1e6] as const),
    }));
    const factor = sizes.length > 6 ? 4 : 2;
    return { title: rest, x: { label: quantity, factor }, y: { label: "GFLOP/s" }, series };
  });
  return { file, svg: plotSvg(panels, { title, legend: "one thread" }) };
}
