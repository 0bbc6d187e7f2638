import { allCases, type Case, COLUMNS } from "./cases.js";
import { type Difference, difference, sum } from "./differences.js";
import { canEmulate, OpenBlas, type Results, runElsewhere } from "./processes.js";

/** One line of the table: a runtime, what was varied, and per column what that changed. */
export interface Line {
  readonly runtime: string;
  readonly varied: string;
  /** By column; a column that the runtime does not have is left out. */
  readonly found: Readonly<Record<string, Difference>>;
}

export interface Measured {
  readonly lines: readonly Line[];
  /** Results of every runtime against those of the first. */
  readonly between: readonly Line[];
  readonly missing: readonly string[];
  /** Which kernels OpenBLAS took, by what it was asked for. */
  readonly openblas: readonly string[];
}

/** Thread counts beside 1; tfjs has no threads in Node. */
const RUNTIMES: readonly (readonly [string, readonly number[]])[] = [
  ["onnxruntime-node", [2, 4]],
  ["onnxruntime-web", [2, 4]],
  ["tfjs cpu", []],
  ["tfjs wasm", []],
  ["assay", [2, 3]],
];

/** Emulated processors: with AVX2 and FMA, and with SSE4.2 alone. */
const PROCESSORS = [
  ["Haswell", "AVX2"],
  ["Nehalem", "SSE4.2"],
] as const;

const CORES = ["SkylakeX", "Haswell", "Nehalem"] as const;

export function measure(progress: (what: string) => void): Measured {
  const cases = allCases();
  const lines: Line[] = [];
  const missing: string[] = [];
  const natives: [string, Results][] = [];
  for (const [runtime, threads] of RUNTIMES) {
    progress(runtime);
    const native = runElsewhere(runtime, { threads: 1, large: true });
    natives.push([runtime, native]);
    lines.push(...withinOneProcess(runtime, cases, native));
    for (const count of threads) {
      progress(`${runtime}, ${count} threads`);
      const other = runElsewhere(runtime, { threads: count, large: true });
      lines.push(line(runtime, `${count} threads`, cases, other, native));
    }
    if (!canEmulate()) continue;
    for (const [cpu, instructions] of PROCESSORS) {
      progress(`${runtime} on an emulated ${cpu}`);
      const other = runElsewhere(runtime, { threads: 1, large: false, cpu });
      lines.push(line(runtime, `${instructions} (${cpu})`, cases, other, native));
    }
  }
  if (!canEmulate()) missing.push("qemu-user-static: no instruction sets but OpenBLAS's own");
  progress("assay interpreter");
  const interpreted = runElsewhere("assay interpreter", { threads: 1, large: false });
  const assay = natives.at(-1)?.[1] as Results;
  lines.push(line("assay", "interpreter", cases, interpreted, assay));
  const openblas = measureOpenBlas(cases, lines, natives, missing, progress);
  const [[, reference]] = natives as [[string, Results]];
  const between = natives
    .slice(1)
    .map(([runtime, results]) =>
      line(runtime, "onnxruntime-node", cases, results, reference, ["base"]),
    );
  return { lines, between, missing, openblas };
}

function measureOpenBlas(
  cases: readonly Case[],
  lines: Line[],
  natives: [string, Results][],
  missing: string[],
  progress: (what: string) => void,
): string[] {
  progress("OpenBLAS");
  const blas = OpenBlas.build();
  if (!blas) {
    missing.push("OpenBLAS: no C compiler or no libopenblas-dev");
    return [];
  }
  const runtime = "OpenBLAS";
  const native = blas.run(cases, 1);
  natives.push([runtime, native]);
  lines.push(...withinOneProcess(runtime, cases, native));
  for (const threads of [2, 4]) {
    lines.push(line(runtime, `${threads} threads`, cases, blas.run(cases, threads), native));
  }
  const about = [`default: ${blas.about()}`];
  for (const core of CORES) {
    about.push(`${core}: ${blas.about(core)}`);
    lines.push(line(runtime, `kernels for ${core}`, cases, blas.run(cases, 1, core), native));
  }
  blas.close();
  return about;
}

/** The same arithmetic within other shapes and other batches, on one thread. */
function withinOneProcess(runtime: string, cases: readonly Case[], results: Results): Line[] {
  return (["shape", "batch"] as const).map((variation) => {
    const found = byColumn((column) => {
      const base = results[cases.findIndex((c) => c.column === column && c.variation === "base")];
      return cases.flatMap((c, i) => {
        const own = results[i];
        if (c.column !== column || c.variation !== variation || !own || !base) return [];
        return [difference(own, base, c.same)];
      });
    });
    return { runtime, varied: variation === "shape" ? "shapes" : "batches", found };
  });
}

/** The same cases on the same data, run in two ways. */
function line(
  runtime: string,
  varied: string,
  cases: readonly Case[],
  results: Results,
  others: Results,
  only?: readonly string[],
): Line {
  const found = byColumn((column) =>
    cases.flatMap((c, i) => {
      const [own, other] = [results[i], others[i]];
      if (c.column !== column || !own || !other || only?.includes(c.variation) === false) return [];
      return [difference(own, other, undefined)];
    }),
  );
  return { runtime, varied, found };
}

function byColumn(of: (column: string) => Difference[]): Record<string, Difference> {
  const found = COLUMNS.map((column) => [column, of(column)] as const);
  return Object.fromEntries(found.flatMap(([c, d]) => (d.length === 0 ? [] : [[c, sum(d)]])));
}
