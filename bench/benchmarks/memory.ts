import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { nativeAddon } from "../../operators/backends/native/index.js";
import { imageWorkload, stackWorkloads, type Workload } from "../models.js";
import type { Column, Report, Row, Target } from "../report.js";
import { ASSAY, ASSAY_NATIVE } from "../runners/assay.js";
import { ORT_NODE } from "../runners/onnxruntime.js";
import type { Settings } from "../settings.js";

/** Peak memory over that of onnxruntime-node. */
const GOAL = 1.2;

const SUBJECT = resolve(import.meta.dirname, "../memory/subject.mjs");
const BARE = "node";

/** Runs of the model in one process. */
const RUNS = 5;

const COLUMNS: readonly Column[] = [
  { key: "model", label: "model" },
  { key: "runtime", label: "runtime" },
  { key: "loaded", label: "peak when loaded, MB", digits: 1 },
  { key: "peak", label: `peak after ${RUNS} runs, MB`, digits: 1 },
  { key: "ratio", label: `÷ ${ORT_NODE}`, digits: 2 },
];

/** What whole processes take at their fullest, each of which loads one model and runs it. */
export async function benchMemory(settings: Settings): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "assay-memory-"));
  try {
    const [stack] = stackWorkloads(settings.scale, [settings.scale === "tiny" ? 4 : 128]);
    const rows = [imageWorkload(settings.scale), stack as Workload].flatMap((workload) =>
      rowsOf(workload, folder, settings),
    );
    return {
      name: "memory",
      title: "Peak memory",
      tables: [
        { title: "Whole processes, one thread, nothing else in them", columns: COLUMNS, rows },
      ],
      targets: rows.flatMap(targetOf),
      notes: [
        `${BARE} alone loads nothing; every runtime reads the model from its file; what is mapped counts where it was read`,
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function rowsOf(workload: Workload, folder: string, settings: Settings): Row[] {
  const model = join(folder, "model.onnx");
  writeFileSync(model, workload.bytes);
  const dims = [...workload.inputs.values()][0]?.dims;
  const measured = runtimes().map((runtime) => {
    settings.progress(`memory: ${workload.title}, ${runtime}`);
    return { runtime, ...inProcess({ runtime, model, dims, runs: RUNS }) };
  });
  const peer = measured.find(({ runtime }) => runtime === ORT_NODE);
  return measured.map((m) => ({
    model: workload.title,
    ...m,
    ...(peer ? { ratio: m.peak / peer.peak } : {}),
  }));
}

function runtimes(): string[] {
  return [BARE, ...("addon" in nativeAddon() ? [ASSAY_NATIVE] : []), ASSAY, ORT_NODE];
}

/** MB at the fullest: when the model was loaded, and after all runs. */
function inProcess(job: object): { loaded: number; peak: number } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SUBJECT, JSON.stringify(job)], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${JSON.stringify(job)} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

function targetOf({ model, runtime, ratio }: Row): Target[] {
  if (ratio === undefined || runtime === BARE || runtime === ORT_NODE) return [];
  return [
    {
      what: `peak memory, ${model}`,
      subject: runtime as string,
      against: ORT_NODE,
      figure: ratio as number,
      bound: GOAL,
      kind: "at-most",
      unit: "×",
    },
  ];
}
