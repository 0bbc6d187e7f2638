import { availableParallelism } from "node:os";
import { compare } from "../measure.js";
import { matmulWorkload, stackWorkloads, type Workload } from "../models.js";
import { type Panel, plotSvg } from "../plot.js";
import type { Column, Figure, Row, Table } from "../report.js";
import { assayRunner, nativeRunner } from "../runners/assay.js";
import { ortNodeRunner } from "../runners/onnxruntime.js";
import { type Runner, withRunners } from "../runners/runner.js";
import type { Scale, Settings } from "../settings.js";

const COLUMNS: readonly Column[] = [
  { key: "work", label: "work" },
  { key: "runtime", label: "runtime" },
  { key: "threads", label: "threads", digits: 0 },
  { key: "ms", label: "min ms", digits: 2 },
  { key: "gain", label: "× one thread", digits: 2 },
];

export function powers(from: number, to: number): number[] {
  const found: number[] = [];
  for (let n = from; n <= to; n *= 2) found.push(n);
  return found;
}

/** Work that is spread over threads, as far as there are processors. */
export async function measureThreads(
  settings: Settings,
): Promise<{ table: Table; figure: Figure }> {
  const counts = powers(1, Math.max(2, availableParallelism()));
  const works = threadWorks(settings.scale);
  const rows: Row[] = [];
  for (const { name, make } of works) {
    settings.progress(`growth: threads, ${name}`);
    const workload = make();
    for (const open of [nativeRunner, ortNodeRunner, assayRunner]) {
      rows.push(...(await threadRows(name, counts, (n) => open(workload, n), settings)));
    }
  }
  const panels = works.map(({ name }): Panel => {
    const own = rows.filter((r) => r.work === name);
    const series = [...new Set(own.map((r) => r.runtime as string))].map((runtime) => ({
      name: runtime,
      points: own
        .filter((r) => r.runtime === runtime)
        .map((r) => [r.threads as number, r.gain as number] as const),
    }));
    return {
      title: name,
      x: { label: "threads", factor: 2 },
      y: { label: "× one thread" },
      series,
    };
  });
  const svg = plotSvg(panels, { title: "Speed against threads" });
  return {
    table: { title: "Threads", columns: COLUMNS, rows },
    figure: { file: "speed-threads.svg", svg },
  };
}

function threadWorks(scale: Scale): { name: string; make: () => Workload }[] {
  if (scale === "tiny") return [{ name: "16×16×16", make: () => matmulWorkload(16, 16, 16) }];
  return [
    { name: "512×768×3072", make: () => matmulWorkload(512, 768, 3072) },
    { name: "1×4096×4096", make: () => matmulWorkload(1, 4096, 4096) },
    {
      name: "2 transformer blocks, T=128",
      make: () => stackWorkloads(scale, [128], 2)[0] as Workload,
    },
  ];
}

async function threadRows(
  work: string,
  counts: readonly number[],
  open: (threads: number) => Promise<Runner | undefined>,
  settings: Settings,
): Promise<Row[]> {
  const opening = counts.map((n) => () => open(n));
  const timings = await withRunners(opening, (runners) => compare(runners, settings));
  return timings.map(({ name, min }, i) => ({
    work,
    runtime: timings[0]?.name ?? name,
    threads: counts[i] as number,
    ms: min,
    gain: (timings[0]?.min ?? min) / min,
  }));
}
