import { GRAIN, openReaders, type Readers } from "../bandwidth.js";
import { compare, fastest, type Timing } from "../measure.js";
import { VECTOR_KINDS, type VectorKind, vectorWorkload } from "../models.js";
import type { Column, Report, Row, Target } from "../report.js";
import { ASSAY, ASSAY_NATIVE, assayRunner, nativeRunner } from "../runners/assay.js";
import { withRunners } from "../runners/runner.js";
import type { Settings } from "../settings.js";

/** Percent of the bandwidth. */
const GOAL = 85;

/** Bytes of weights: several times what a cache holds, so that all of them come from memory. */
const BYTES = { full: 2 ** 27, quick: 2 ** 27, tiny: 4 * GRAIN } as const;

const COLUMNS: readonly Column[] = [
  { key: "weights", label: "weights" },
  { key: "threads", label: "threads", digits: 0 },
  { key: "read", label: "read GB/s", digits: 1 },
  { key: "native", label: "native GB/s", digits: 1 },
  { key: "nativeShare", label: "% of it", digits: 0 },
  { key: "wasm", label: "assay GB/s", digits: 1 },
  { key: "wasmShare", label: "% of it", digits: 0 },
];

/** Products of one row, which do little but read their weights, beside reading alone. */
export async function benchVector(settings: Settings): Promise<Report> {
  const bytes = BYTES[settings.scale];
  const rows: Row[] = [];
  for (const threads of [1, 2]) {
    const readers = await openReaders(bytes, threads);
    try {
      for (const kind of Object.keys(VECTOR_KINDS) as VectorKind[]) {
        settings.progress(`M = 1, ${kind} weights, ${threads} threads`);
        rows.push(await measureKind(kind, readers, threads, settings));
      }
    } finally {
      await readers.close();
    }
  }
  return {
    name: "vector",
    title: "M = 1 against memory bandwidth",
    tables: [
      {
        title: `1×4096×N, ${bytes / 2 ** 20} MiB of weights as they are stored`,
        columns: COLUMNS.filter(({ key }) => rows.some((r) => key in r)),
        rows,
      },
    ],
    targets: rows.flatMap(targetOf),
    notes: [
      "read: a loop that only reads as many bytes, timed in turns with the products; from one and from four places at once; the best that anything here read at is the bandwidth",
      "bf16: a MatMul of a bf16 row; i8: a MatMulInteger of a u8 row; → f32: widened by a Cast in the model, for an f32 row",
    ],
  };
}

async function measureKind(
  kind: VectorKind,
  readers: Readers,
  threads: number,
  settings: Settings,
): Promise<Row> {
  const workload = vectorWorkload(kind, readers.bytes, settings.scale);
  const opening = [() => assayRunner(workload, threads), () => nativeRunner(workload, threads)];
  return withRunners(opening, async (runners) => {
    const timings = await compare([...readers.subjects, ...runners], settings);
    const rate = (t: Timing): number => readers.bytes / 1e6 / t.min;
    // A product that reads faster than the readers shows a bandwidth that they missed.
    const read = rate(fastest(timings));
    const of = (name: string): Timing | undefined =>
      timings.find((t) => t.name === name || t.name === `${name} ${threads}T`);
    const shares = (key: string, timing: Timing | undefined) =>
      timing ? { [key]: rate(timing), [`${key}Share`]: (100 * rate(timing)) / read } : {};
    return {
      weights: kind,
      threads,
      read,
      ...shares("native", of(ASSAY_NATIVE)),
      ...shares("wasm", of(ASSAY)),
    };
  });
}

function targetOf({ weights, threads, nativeShare }: Row): Target[] {
  if (nativeShare === undefined) return [];
  return [
    {
      what: `M = 1, ${weights} weights, ${threads === 1 ? "one thread" : `${threads} threads`}`,
      subject: ASSAY_NATIVE,
      against: "reading alone",
      figure: nativeShare as number,
      bound: GOAL,
      kind: "at-least",
      unit: " %",
    },
  ];
}
