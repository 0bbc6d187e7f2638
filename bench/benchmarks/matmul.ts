import { compare, fastest, geometricMean, ratioOf, type Timing } from "../measure.js";
import { matmulWorkload } from "../models.js";
import type { Column, Report, Row, Target } from "../report.js";
import { ASSAY, ASSAY_NATIVE, assayRunner, nativeRunner } from "../runners/assay.js";
import { ORT_NODE, ORT_WEB, ortNodeRunner, ortWebRunner } from "../runners/onnxruntime.js";
import { type Runner, withRunners } from "../runners/runner.js";
import { TFJS_NODE, TFJS_WASM, tfjsNodeRunner, tfjsWasmRunner } from "../runners/tfjs.js";
import type { Scale, Settings } from "../settings.js";
import { differingBits } from "../values.js";

type Shape = readonly [m: number, k: number, n: number];

const SQUARE: readonly Shape[] = [512, 1024, 2048].map((n) => [n, n, n] as const);
/** Projections of a large language model. */
const LARGE: readonly Shape[] = [4096, 11008].flatMap((n) =>
  [1, 8, 64, 512].map((m) => [m, 4096, n] as const),
);
/** Projections of a small one. */
const SMALL: readonly Shape[] = [
  [768, 768],
  [768, 3072],
  [3072, 768],
].flatMap(([k, n]) => [1, 8, 128, 512].map((m) => [m, k as number, n as number] as const));

const TINY: readonly Shape[] = [
  [3, 32, 17],
  [16, 64, 48],
];

/** Multiply-adds that a quick run still takes. */
const QUICK_WORK = 2 ** 30;

/** Where the fastest WebAssembly peer is that much slower, one thread each. */
const GOAL = 1.3;

const COLUMNS: readonly Column[] = [
  { key: "shape", label: "M×K×N" },
  { key: ASSAY, label: "assay", digits: 1 },
  { key: `${ASSAY} 2T`, label: "2T", digits: 1 },
  { key: ORT_WEB, label: "ort-web", digits: 1 },
  { key: TFJS_WASM, label: "tfjs-wasm", digits: 1 },
  { key: ORT_NODE, label: "ort-node", digits: 1 },
  { key: `${ORT_NODE} 2T`, label: "2T", digits: 1 },
  { key: ASSAY_NATIVE, label: "native", digits: 1 },
  { key: `${ASSAY_NATIVE} 2T`, label: "2T", digits: 1 },
  { key: TFJS_NODE, label: "tfjs-node", digits: 1 },
  { key: "ratio", label: "× best WASM peer", digits: 2 },
  { key: "paired", label: "paired", digits: 2 },
  { key: "native", label: "native × ort-node", digits: 2 },
  { key: "native 2T", label: "2T", digits: 2 },
  { key: "bits", label: "bits differing from tfjs-wasm", digits: 0 },
];

/** Matrix products with constant weights, GFLOP/s. */
export async function benchMatmul(settings: Settings): Promise<Report> {
  const rows: Row[] = [];
  for (const shape of shapesFor(settings.scale)) {
    settings.progress(`matmul ${shape.join("×")}`);
    rows.push(await measureShape(shape, settings));
  }
  const ratios = rows.map((r) => r.ratio as number);
  const worst = rows.reduce((w, r) => ((r.ratio as number) < (w.ratio as number) ? r : w));
  const reached = ratios.filter((r) => r >= GOAL).length;
  return {
    name: "matmul",
    title: "Matrix multiplication",
    tables: [
      {
        title: "f32, constant weights, GFLOP/s of the fastest round; one thread unless marked 2T",
        columns: COLUMNS.filter(({ key }) => rows.some((r) => key in r)),
        rows,
      },
    ],
    targets: [
      {
        what: `matrix products, geometric mean over ${rows.length} shapes`,
        subject: ASSAY,
        against: `the faster of ${ORT_WEB} and ${TFJS_WASM}`,
        figure: geometricMean(ratios),
        bound: GOAL,
        kind: "at-least",
        unit: "×",
      },
      ...nativeTargets(rows),
    ],
    notes: [
      `${reached} of ${rows.length} shapes reach ${GOAL}×; the worst is ${worst.shape} with ` +
        `${(worst.ratio as number).toFixed(2)}×`,
      `geometric mean of the paired ratios: ` +
        `${geometricMean(rows.map((r) => r.paired as number)).toFixed(2)}×`,
      "tfjs-node is for information: it chooses its threads itself",
      ...(rows.some((r) => TFJS_NODE in r)
        ? []
        : ["tfjs-node is left out: its binary does not load"]),
    ],
  };
}

function nativeTargets(rows: readonly Row[]): Target[] {
  return ["native", "native 2T"].flatMap((key) => {
    const ratios = rows.flatMap((r) => (key in r ? [r[key] as number] : []));
    if (ratios.length === 0) return [];
    const threads = key.endsWith("2T") ? " 2T" : "";
    const sides = { subject: `${ASSAY_NATIVE}${threads}`, against: `${ORT_NODE}${threads}` };
    return [
      {
        what: "matrix products, geometric mean",
        ...sides,
        figure: geometricMean(ratios),
        bound: 1,
        kind: "at-least" as const,
        unit: "×",
      },
      {
        what: "matrix products, worst shape",
        ...sides,
        figure: Math.min(...ratios),
        bound: 0.85,
        kind: "at-least" as const,
        unit: "×",
      },
    ];
  });
}

function shapesFor(scale: Scale): readonly Shape[] {
  if (scale === "tiny") return TINY;
  const all = [...SQUARE, ...LARGE, ...SMALL];
  return scale === "full" ? all : all.filter(([m, k, n]) => m * k * n < QUICK_WORK);
}

async function measureShape([m, k, n]: Shape, settings: Settings): Promise<Row> {
  const workload = matmulWorkload(m, k, n);
  const opening = [
    () => assayRunner(workload),
    () => assayRunner(workload, 2),
    () => ortWebRunner(workload),
    () => tfjsWasmRunner(workload),
    () => ortNodeRunner(workload),
    () => ortNodeRunner(workload, 2),
    () => nativeRunner(workload),
    () => nativeRunner(workload, 2),
    () => tfjsNodeRunner(workload),
  ];
  return withRunners(opening, async (runners) => {
    const timings = await compare(runners, settings);
    const of = (name: string): Timing => timings.find((t) => t.name === name) as Timing;
    const peer = fastest([of(ORT_WEB), of(TFJS_WASM)]);
    const ratio = ratioOf(of(ASSAY), peer);
    return {
      shape: workload.title,
      ...Object.fromEntries(timings.map((t) => [t.name, (2e-6 * m * k * n) / t.min])),
      ratio: ratio.ofMins,
      paired: ratio.paired,
      ...nativeRatios(timings),
      bits: await disagreement(runners),
    };
  });
}

/** Native code against native code, at one and two threads; nothing where either is missing. */
function nativeRatios(timings: readonly Timing[]): Row {
  const row: Record<string, number> = {};
  for (const threads of ["", " 2T"]) {
    const [own, peer] = [ASSAY_NATIVE, ORT_NODE].map((name) =>
      timings.find((t) => t.name === `${name}${threads}`),
    );
    if (own && peer) row[`native${threads}`] = ratioOf(own, peer).ofMins;
  }
  return row;
}

/** tfjs-wasm was seen to multiply, then add, in order: an oracle that costs nothing. */
async function disagreement(runners: readonly Runner[]): Promise<number> {
  const outputs = [ASSAY, TFJS_WASM].map((name) => runners.find((r) => r.name === name)?.output());
  const [mine, theirs] = (await Promise.all(outputs)) as [Float32Array, Float32Array];
  return differingBits(mine, theirs);
}
