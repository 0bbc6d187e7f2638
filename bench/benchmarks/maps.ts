import { float } from "../../fixtures/builders/model-builder.js";
import { elementCount } from "../../operators/index.js";
import { compare, ratioOf, type Timing } from "../measure.js";
import { type OperatorCase, operatorWorkload } from "../models.js";
import type { Column, Report, Row } from "../report.js";
import { ASSAY, assayRunner } from "../runners/assay.js";
import { ORT_NODE, ORT_WEB, ortNodeRunner, ortWebRunner } from "../runners/onnxruntime.js";
import { withRunners } from "../runners/runner.js";
import type { Settings } from "../settings.js";

const COLUMNS: readonly Column[] = [
  { key: "operator", label: "operator" },
  { key: ASSAY, label: "assay ns", digits: 2 },
  { key: ORT_WEB, label: "ort-web ns", digits: 2 },
  { key: ORT_NODE, label: "ort-node ns", digits: 2 },
  { key: "rate", label: "assay GB/s", digits: 2 },
  { key: "ratio", label: "× ort-web", digits: 2 },
  { key: "paired", label: "paired", digits: 2 },
];

/** Operators that do no contraction, over a million elements or so; ns per output element. */
export async function benchMaps(settings: Settings): Promise<Report> {
  const rows: Row[] = [];
  for (const c of casesFor(settings.scale === "tiny" ? 64 : 1024)) {
    settings.progress(`maps: ${c.operator} [${c.dims}]`);
    rows.push(await measureOperator(c, settings));
  }
  return {
    name: "maps",
    title: "Maps, norms, pools and moves",
    tables: [
      {
        title: "f32, one thread, ns per output element of the fastest round",
        columns: COLUMNS.filter(({ key }) => rows.some((r) => key in r)),
        rows,
      },
    ],
    targets: [],
    notes: [
      "copying the input in and the output out is part of each run, for assay and ort alike",
      "exp, tanh, erf and gelu are correctly rounded here, not in ort",
    ],
  };
}

function casesFor(n: number): readonly OperatorCase[] {
  const square = { dims: [n, n], out: [n, n] };
  const unary = (operator: string): OperatorCase => ({ operator, ...square });
  const side = n / 8;
  const pooled = Math.floor((side - 3) / 2) + 1;
  return [
    ...["Relu", "Exp", "Tanh", "Erf", "Gelu"].map(unary),
    { operator: "Softmax", ...square, attributes: { axis: -1 } },
    {
      operator: "LayerNormalization",
      ...square,
      attributes: { axis: -1, epsilon: float(1e-5) },
      constants: [[n], [n]],
    },
    {
      operator: "MaxPool",
      dims: [1, 64, side, side],
      out: [1, 64, pooled, pooled],
      attributes: { kernel_shape: [3, 3], strides: [2, 2] },
    },
    { operator: "Transpose", ...square, attributes: { perm: [1, 0] } },
    {
      operator: "Transpose",
      dims: [1, n / 8, 12, 64],
      out: [1, 12, n / 8, 64],
      attributes: { perm: [0, 2, 1, 3] },
    },
    { operator: "Add", ...square, constants: [[n, n]] },
    { operator: "Add", ...square, constants: [[n]] },
  ];
}

async function measureOperator(c: OperatorCase, settings: Settings): Promise<Row> {
  const workload = operatorWorkload(c);
  const opening = [
    () => assayRunner(workload),
    () => ortWebRunner(workload),
    () => ortNodeRunner(workload),
  ];
  return withRunners(opening, async (runners) => {
    const timings = await compare(runners, settings);
    const [mine, web] = timings as [Timing, Timing];
    const elements = elementCount(c.out);
    const operands = [c.dims, ...(c.constants ?? []), c.out];
    const bytes = 4 * operands.reduce((sum, dims) => sum + elementCount(dims), 0);
    const ratio = ratioOf(mine, web);
    return {
      operator: `${workload.title}${c.constants ? ` + [${c.constants.join("], [")}]` : ""}`,
      ...Object.fromEntries(timings.map((t) => [t.name, (1e6 * t.min) / elements])),
      rate: bytes / 1e6 / mine.min,
      ratio: ratio.ofMins,
      paired: ratio.paired,
    };
  });
}
