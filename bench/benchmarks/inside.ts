import { elementCount } from "../../operators/index.js";
import { resultRow, type Subject, subjectOf, type Workpiece } from "../dispute-cost.js";
import { additions, product, squeezenet, stack } from "../dispute-models.js";
import { growthPlot, type Series } from "../growth-plot.js";
import type { Column, Report, Row } from "../report.js";
import type { Settings } from "../settings.js";

const COLUMNS: readonly Column[] = [
  { key: "operator", label: "operator" },
  { key: "result", label: "result" },
  { key: "known", label: "moves, data at hand", digits: 0 },
  { key: "asked", label: "moves, all asked for", digits: 0 },
  { key: "bytes", label: "shown KiB", digits: 1 },
  { key: "longest", label: "longest move B", digits: 0 },
  { key: "steps", label: "steps recomputed", digits: 0 },
  { key: "of", label: "of the operator's", digits: 0 },
  { key: "hashes", label: "hashes", digits: 0 },
];

/** What a dispute about one wrong element costs the referee, for every operator of whole models. */
export async function benchInside(settings: Settings): Promise<Report> {
  const tiny = settings.scale === "tiny";
  const full = settings.scale === "full";
  const sizes = tiny ? [64] : full ? [1024, 4096, 16384] : [1024, 4096];
  const products: Row[] = [];
  for (const size of sizes) {
    settings.progress(`inside: product of ${size} by ${size}`);
    products.push(...(await rowsOf(product(size, size))));
  }
  settings.progress("inside: SqueezeNet");
  const image = await rowsOf(squeezenet(settings.scale));
  settings.progress("inside: transformer stack");
  const text = await rowsOf(stack(tiny ? 1 : 12));
  const rows = [...products, ...image, ...text];
  settings.progress("inside: growth");
  const series = await growth(tiny ? 2 ** 8 : 2 ** 16);
  return {
    name: "inside",
    title: "Dispute inside an operator: one wrong element, played to the end",
    tables: [
      { title: "Products, 1×K×N with K = N", columns: COLUMNS, rows: products },
      {
        title: "SqueezeNet, dearest result of each kind of operator",
        columns: COLUMNS,
        rows: dearest(image),
      },
      { title: "Transformer of 12 layers, the same", columns: COLUMNS, rows: dearest(text) },
    ],
    targets: [
      most(rows, "bytes", "shown to the referee", 64, " KiB"),
      most(rows, "steps", "weighted steps recomputed", 4096, ""),
      most(rows, "longest", "longest move", 8192, " B"),
      most(rows, "known", "moves with the asserter's data", 6, ""),
      most(rows, "asked", "moves where every level is asked for", 30, ""),
    ],
    notes: [
      `${rows.length} results disputed, in a plan that commits to each operator's; bytes, steps and hashes are the larger of both ways to play`,
      "hashes are those that the referee computes, the challenge itself included",
    ],
    figures: [{ file: "dispute-growth.svg", svg: growthPlot(series) }],
  };
}

async function rowsOf(piece: Workpiece): Promise<Row[]> {
  const subject = subjectOf(piece);
  // A result that nobody reads is committed nowhere, and nobody disputes it.
  const live = new Set(subject.plan.segments.flatMap((s) => s.live));
  const rows: Row[] = [];
  for (const [node, { outputs }] of subject.plan.nodes.entries()) {
    for (const [output, value] of outputs.entries()) {
      const elements = elementCount(subject.plan.values[value]?.dims ?? []);
      if (elements > 0 && live.has(value))
        rows.push(await resultRow(subject, node, output, elements - 1));
    }
  }
  return rows;
}

/** Of every kind of operator the result that shows the referee most. */
function dearest(rows: readonly Row[]): Row[] {
  const found = new Map<string, Row>();
  for (const row of rows) {
    const kind = String(row.operator);
    const known = found.get(kind);
    if (!known || Number(row.bytes) > Number(known.bytes)) found.set(kind, row);
  }
  return [...found.values()];
}

function most(rows: readonly Row[], key: string, what: string, bound: number, unit: string) {
  const figure = Math.max(...rows.map((row) => Number(row[key])));
  return { what, figure, bound, kind: "at-most", unit } as const;
}

/** Bytes shown, every level asked for, as one size grows and the others stay. */
async function growth(limit: number): Promise<Series[]> {
  const sizes: number[] = [];
  for (let n = 16; n <= limit; n *= 4) sizes.push(n);
  const operators = sizes.filter((n) => n <= 4096);
  const at = async (n: number, subject: Subject, node: number) => {
    const { dims } = subject.plan.values[subject.plan.nodes[node]?.outputs[0] as number] ?? {
      dims: [],
    };
    const row = await resultRow(subject, node, 0, elementCount(dims) - 1);
    return { n, bytes: 1024 * Number(row.bytes), moves: Number(row.asked) };
  };
  const series: Series[] = [
    { name: "steps of the fold", points: [] },
    { name: "elements of the result", points: [] },
    { name: "operators", points: [] },
  ];
  for (const n of sizes) {
    series[0]?.points.push(await at(n, subjectOf(product(n, 16, 2 ** 14)), 0));
    series[1]?.points.push(await at(n, subjectOf(product(16, n, 2 ** 14)), 0));
  }
  for (const n of operators) {
    series[2]?.points.push(await at(n, subjectOf(additions(n)), n - 1));
  }
  return series;
}
