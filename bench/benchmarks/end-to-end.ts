import { compare, ratioOf, type Timing } from "../measure.js";
import { blockWorkload, imageWorkload, type Workload } from "../models.js";
import type { Column, Report, Row, Target } from "../report.js";
import { ASSAY, ASSAY_NATIVE, assayRunner, nativeRunner } from "../runners/assay.js";
import { ORT_NODE, ORT_WEB, ortNodeRunner, ortWebRunner } from "../runners/onnxruntime.js";
import { withRunners } from "../runners/runner.js";
import type { Settings } from "../settings.js";

/** Against onnxruntime-web, one thread each. */
const GOAL = 1;

const COLUMNS: readonly Column[] = [
  { key: "runtime", label: "runtime" },
  { key: "min", label: "min ms", digits: 2 },
  { key: "median", label: "median ms", digits: 2 },
  { key: "ratio", label: "time ÷ assay's", digits: 2 },
  { key: "paired", label: "paired", digits: 2 },
  { key: "difference", label: "largest difference" },
];

export function benchSqueezenet(settings: Settings): Promise<Report> {
  return endToEnd("squeezenet", imageWorkload(settings.scale), settings);
}

export function benchBlock(settings: Settings): Promise<Report> {
  return endToEnd("block", blockWorkload(settings.scale), settings);
}

/** A whole model, input copied in and output copied out, no commitments. */
async function endToEnd(name: string, workload: Workload, settings: Settings): Promise<Report> {
  settings.progress(workload.title);
  const opening = [
    () => assayRunner(workload),
    () => assayRunner(workload, 2),
    () => ortWebRunner(workload),
    () => ortNodeRunner(workload),
    () => ortNodeRunner(workload, 2),
    () => nativeRunner(workload),
    () => nativeRunner(workload, 2),
  ];
  const rows = await withRunners(opening, async (runners) => {
    const timings = await compare(runners, settings);
    const outputs = await Promise.all(runners.map((r) => r.output()));
    const mine = timings[0] as Timing;
    return timings.map((timing, i): Row => {
      const ratio = ratioOf(mine, timing);
      const difference = largestDifference(outputs[0] as Float32Array, outputs[i] as Float32Array);
      return {
        runtime: timing.name,
        min: timing.min,
        median: timing.median,
        ratio: ratio.ofMins,
        paired: ratio.paired,
        difference: difference === 0 ? "none" : difference.toExponential(1),
      };
    });
  });
  const web = rows.find((r) => r.runtime === ORT_WEB) as Row;
  return {
    name,
    title: `End to end: ${workload.title}`,
    tables: [{ title: "f32, one thread unless marked 2T", columns: COLUMNS, rows }],
    targets: [
      {
        what: `${ASSAY} against ${ORT_WEB}, one thread each`,
        figure: web.ratio as number,
        bound: GOAL,
        kind: "at-least",
        unit: "×",
      },
      ...nativeTarget(rows),
    ],
    notes: ["ort-node is native code; tfjs cannot read the model"],
  };
}

/** Native code against native code; nothing where either is missing. */
function nativeTarget(rows: readonly Row[]): Target[] {
  const [own, peer] = [ASSAY_NATIVE, ORT_NODE].map((name) => rows.find((r) => r.runtime === name));
  if (!own || !peer) return [];
  const figure = (peer.min as number) / (own.min as number);
  const what = `${ASSAY_NATIVE} against ${ORT_NODE}, one thread each`;
  return [{ what, figure, bound: GOAL, kind: "at-least", unit: "×" }];
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    most = Math.max(most, Math.abs((a[i] as number) - (b[i] as number)));
  }
  return most;
}
