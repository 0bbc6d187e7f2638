import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { wasmContractor } from "../../operators/backends/wasm/contraction/index.js";
import { contractionKernel } from "../../operators/backends/wasm/contraction/kernel.wasm.js";
import {
  type ContractionExports,
  contractionExports,
} from "../../operators/backends/wasm/machine/contractor.js";
import { nativeHere } from "./native-here.js";

// The kernel against the plain loop of the numeric contract, bit for bit, on every path.

/** A kernel under test: all give the plain loop's bits, by panels of their own width. */
interface Kernel {
  readonly name: string;
  readonly panel: number;
  readonly workspaceBytes: number;
  over(memory: WebAssembly.Memory): ContractionExports;
}

const BIAS_ROWS = 4;
const BIAS_COLUMNS = 8;
const RELU = 16;
const RESIDUAL = 32;
const EPILOGUES = [0, BIAS_ROWS, BIAS_COLUMNS].flatMap((bias) =>
  [0, RELU, RESIDUAL, RESIDUAL | RELU].map((rest) => bias | rest),
);
const POISON = 0x7fa55a5a;

const bytes = Buffer.from(contractionKernel, "base64");
const wasm = new WebAssembly.Module(bytes);

function kernels(): Kernel[] {
  const { panel, workspaceBytes, origin } = wasmContractor();
  const native = nativeHere();
  return [
    {
      name: "WebAssembly",
      panel,
      workspaceBytes,
      over: (memory) => contractionExports(origin, memory),
    },
    ...(native?.levels ?? []).map((level) => ({
      name: `native ${level.name}`,
      panel: native?.panel as number,
      workspaceBytes: level.workspaceBytes,
      over: (memory: WebAssembly.Memory) =>
        contractionExports({ kind: "native", level: level.name, integers: "portable" }, memory),
    })),
  ];
}

/** A memory for one case; `alloc` leaves 64 poisoned bytes after every buffer. */
class Arena {
  readonly memory: WebAssembly.Memory;

  constructor(
    pages = 512,
    private top = 4096,
  ) {
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: 65536, shared: true });
  }

  alloc(words: number): number {
    const at = this.top;
    this.top += Math.ceil((words * 4 + 64) / 64) * 64;
    if (this.top > this.memory.buffer.byteLength) throw new Error("arena is full");
    this.words(at, (this.top - at) / 4).fill(POISON);
    return at;
  }

  words(at: number, count: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, at, count);
  }

  put(values: ArrayLike<number>): number {
    const at = this.alloc(values.length);
    this.words(at, values.length).set(values);
    return at;
  }
}

/** Offsets in elements into a buffer of `size` elements. */
type Side = { readonly size: number; readonly outer: number[]; readonly k: number[] };

type Sizes = { readonly m: number; readonly n: number; readonly k: number };

interface Case extends Sizes {
  readonly a: Side;
  readonly b: Side;
  readonly value: () => number;
  readonly epilogue: number;
  /** Columns of C beyond n, which must stay as they are. */
  readonly gap: number;
}

function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state ^ (state >>> 15)) >>> 0) / 2 ** 32;
  };
}

const SPECIAL = [
  0x7fc00000, 0x7fc12345, 0xffc00000, 0xffa00001, 0x7f800001, 0x7f800000, 0xff800000, 0x00000000,
  0x80000000, 0x00000001, 0x80000001, 0x007fffff, 0x00800000, 0x7f7fffff, 0xff7fffff, 0x3f800000,
  0xbf800000, 0x1a000000, 0x9a000000, 0x33800000, 0x3f800001, 0x4b800000,
];

const scratch = new DataView(new ArrayBuffer(4));
function bitsOf(value: number): number {
  scratch.setFloat32(0, value);
  return scratch.getUint32(0);
}
function floatOf(bits: number): number {
  scratch.setUint32(0, bits);
  return scratch.getFloat32(0);
}

const ordinary = (random: () => number) => () => bitsOf(random() * 2 - 1);
const special = (random: () => number) => () => SPECIAL[Math.floor(random() * SPECIAL.length)] ?? 0;
/** Mostly numbers, so that infinities and NaN do not swallow every sum. */
const mixed = (random: () => number) => () =>
  random() < 0.97
    ? bitsOf((random() * 2 - 1) * 2 ** Math.floor(random() * 40 - 20))
    : special(random)();
const tiny = (random: () => number) => () =>
  bitsOf((random() * 2 - 1) * 2 ** (random() < 0.5 ? -70 : -64));

const range = (count: number, step: number) => Array.from({ length: count }, (_, i) => i * step);

function rowMajor(outer: number, k: number): Side {
  return { size: outer * k, outer: range(outer, k), k: range(k, 1) };
}

function kMajor(outer: number, k: number): Side {
  return { size: outer * k, outer: range(outer, 1), k: range(k, outer) };
}

function spread(outer: number, k: number): Side {
  return { size: 2 * outer * k, outer: range(outer, 2), k: range(k, 2 * outer) };
}

function scattered(outer: number, k: number, random: () => number): Side {
  const pick = () => Math.floor(random() * 500);
  return { size: 1000, outer: range(outer, 1).map(pick), k: range(k, 1).map(pick) };
}

/** Patches of an image, one more dimension than the kernel knows: columns break at row ends. */
function patches(outW: number, outH: number, channels: number, size: number, stride: number): Side {
  const width = (outW - 1) * stride + size;
  const height = (outH - 1) * stride + size;
  const outer = range(outW * outH, 1).map(
    (n) => Math.floor(n / outW) * stride * width + (n % outW) * stride,
  );
  const k = range(channels * size * size, 1).map((i) => {
    const [c, y, x] = [Math.floor(i / size ** 2), Math.floor(i / size) % size, i % size];
    return (c * height + y) * width + x;
  });
  return { size: channels * width * height, outer, k };
}

/** The contract, element by element. */
function plain(
  c: Case,
  a: Uint32Array,
  b: Uint32Array,
  bias: Uint32Array,
  residual: Uint32Array,
): Uint32Array {
  const af = Float32Array.from(a, floatOf);
  const bf = Float32Array.from(b, floatOf);
  const out = new Uint32Array(c.m * (c.n + c.gap)).fill(POISON);
  for (let m = 0; m < c.m; m++) {
    for (let n = 0; n < c.n; n++) {
      let acc = 0;
      for (let k = 0; k < c.k; k++) {
        const x = af[(c.a.outer[m] as number) + (c.a.k[k] as number)] as number;
        const y = bf[(c.b.outer[n] as number) + (c.b.k[k] as number)] as number;
        acc = Math.fround(acc + Math.fround(x * y));
      }
      if (c.epilogue & BIAS_ROWS) acc = Math.fround(acc + floatOf(bias[m] as number));
      if (c.epilogue & BIAS_COLUMNS) acc = Math.fround(acc + floatOf(bias[n] as number));
      if (c.epilogue & RESIDUAL) {
        acc = Math.fround(acc + floatOf(residual[m * (c.n + c.gap) + n] as number));
      }
      if (c.epilogue & RELU) acc = Math.max(acc, 0);
      out[m * (c.n + c.gap) + n] = Number.isNaN(acc) ? 0x7fc00000 : bitsOf(acc);
    }
  }
  return out;
}

type Run = (run: ContractionExports, job: number, c: Case, work: number, panels: number) => void;
const RUNS: Record<string, Run> = {
  packed: (run, job, c, work, panels) => {
    run.packB(job, 0, panels);
    run.multiply(job, 0, c.m, 0, panels, work);
  },
  fresh: (run, job, c, work, panels) => run.multiplyFresh(job, 0, c.m, 0, panels, work),
  direct: (run, job, c, work) => run.multiplyDirect(job, 0, c.n, work),
  /** As threads may: parts of the panels and of the rows, in any order. */
  split: (run, job, c, work, panels) => {
    const [jm, mm] = [Math.ceil(panels / 3), Math.ceil(c.m / 2)];
    run.packB(job, jm, panels);
    run.packB(job, 0, jm);
    run.multiply(job, mm, c.m, jm, panels, work);
    run.multiply(job, 0, c.m, 0, jm, work);
    run.multiply(job, 0, mm, jm, panels, work);
  },
  splitFresh: (run, job, c, work, panels) => {
    for (let j = panels - 1; j >= 0; j--) run.multiplyFresh(job, 0, c.m, j, j + 1, work);
  },
  splitDirect: (run, job, c, work) => {
    const middle = Math.floor(c.n / 2);
    run.multiplyDirect(job, middle, c.n, work);
    run.multiplyDirect(job, 0, middle, work);
  },
};

/** Runs every path of every kernel and compares all of C, the gaps and what follows included. */
function compare(c: Case, newArena = () => new Arena()): void {
  const arena = newArena();
  const fill = (count: number) => arena.put(Array.from({ length: count }, c.value));
  const table = (offsets: readonly number[]) => arena.put(offsets.map((x) => x * 4));
  const [a, b, bias] = [fill(c.a.size), fill(c.b.size), fill(Math.max(c.m, c.n))];
  const tablesA = [a, table(c.a.outer), table(c.a.k)];
  const tablesB = [b, table(c.b.outer), table(c.b.k)];
  const count = c.m * (c.n + c.gap);
  const out = arena.alloc(count);
  const residual = fill(c.epilogue & RESIDUAL ? count : 0);
  const expected = plain(
    c,
    arena.words(a, c.a.size),
    arena.words(b, c.b.size),
    arena.words(bias, Math.max(c.m, c.n)),
    arena.words(residual, c.epilogue & RESIDUAL ? count : 0),
  );
  const widest = Math.max(...KERNELS.map((k) => k.panel));
  const packed = arena.alloc(Math.ceil(c.n / widest) * widest * c.k);
  const work = arena.alloc(Math.max(...KERNELS.map((k) => k.workspaceBytes)) / 4);
  const job = arena.put(
    [
      [c.m, c.n, c.k],
      tablesA,
      tablesB,
      [packed, out, c.n + c.gap, bias, c.epilogue, residual],
      // Nothing outside the memory.
      [0, 0, 0, 0, 0],
    ].flat(),
  );
  const straight = c.b.outer.every((x, i) => x === (c.b.outer[0] as number) + i);
  for (const kernel of KERNELS) {
    const exports = kernel.over(arena.memory);
    for (const [name, run] of Object.entries(RUNS)) {
      if (/direct/i.test(name) && !straight) continue;
      arena.words(out, count + 16).fill(POISON);
      run(exports, job, c, work, Math.ceil(c.n / kernel.panel));
      const actual = arena.words(out, count + 16);
      const bad = expected.findIndex((x, i) => x !== actual[i]);
      const what = `${kernel.name} ${name} ${c.m}x${c.k}x${c.n} epilogue ${c.epilogue}`;
      expect(bad < 0 ? what : `${what}: element ${bad} is ${actual[bad]?.toString(16)}`).toBe(what);
      expect([...actual.subarray(count)]).toEqual(Array(16).fill(POISON));
    }
  }
}

function matmul(m: number, k: number, n: number, epilogue = 0, seed = 1): Case {
  const [a, b] = [rowMajor(m, k), kMajor(n, k)];
  return { m, n, k, a, b, value: ordinary(generator(seed)), epilogue, gap: 0 };
}

const KERNELS = kernels();

describe(`contraction kernels: ${KERNELS.map((k) => k.name).join(", ")}`, () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 13, 14, 15])(
    "%i rows, around the tile and its unrolling",
    (m) => {
      for (const n of [1, 3, 4, 15, 16, 17, 31, 32, 33, 48, 50]) {
        for (const k of [0, 1, 2, 3, 4, 5, 7, 8, 9, 33]) compare(matmul(m, k, n));
      }
    },
  );

  test("around the blocks of k, rows, panels and columns", () => {
    for (const k of [63, 64, 65, 255, 256, 257, 512, 1023, 1024, 1025, 2049]) {
      for (const m of [1, 2, 7]) compare(matmul(m, k, 33));
    }
    for (const k of [4095, 4096, 4097, 8193]) for (const m of [1, 3, 8]) compare(matmul(m, k, 17));
    for (const m of [63, 64, 65, 95, 96, 97, 193]) compare(matmul(m, 1025, 17));
    for (const n of [255, 256, 257, 16 * 17 + 5]) compare(matmul(3, 260, n));
    for (const n of [4095, 4096, 4097, 8200]) compare(matmul(3, 7, n));
    // C larger than the second cache: panels in groups of 16, 8 and 2.
    for (const k of [0, 7, 27, 70]) compare(matmul(5, k, 52_500, BIAS_ROWS), () => new Arena(2048));
    // The sums between blocks of k are in C, and the rest comes once.
    for (const m of [1, 2, 17]) {
      for (const n of [15, 33, 64]) compare(matmul(m, 4097, n, BIAS_ROWS | RESIDUAL | RELU));
    }
  });

  test("operands in every layout, with gaps between the rows of C", () => {
    const random = generator(2);
    for (const [m, k, n] of [
      [5, 9, 37],
      [4, 70, 64],
      [7, 66, 16],
      [1, 67, 33],
    ] as const) {
      const sides = (outer: number) => [
        rowMajor(outer, k),
        kMajor(outer, k),
        spread(outer, k),
        scattered(outer, k, random),
      ];
      for (const a of sides(m)) {
        for (const b of sides(n)) {
          for (const epilogue of EPILOGUES) {
            compare({ m, n, k, a, b, value: mixed(random), epilogue, gap: 5 });
          }
        }
      }
    }
  });

  test("convolutions: columns that break at row ends, strides 1 and 2", () => {
    const random = generator(3);
    for (const stride of [1, 2, 3]) {
      for (const [w, h, size] of [
        [13, 13, 3],
        [16, 4, 3],
        [28, 5, 1],
        [20, 7, 2],
        [3, 9, 5],
      ] as const) {
        const b = patches(w, h, 3, size, stride);
        const [m, n, k] = [6, w * h, b.k.length];
        const epilogue = BIAS_ROWS | RELU;
        compare({ m, n, k, a: rowMajor(m, k), b, value: mixed(random), epilogue, gap: 0 });
      }
    }
  });

  test.each([
    ["NaN, infinities, zeros and extremes only", special],
    ["a few of them among numbers", mixed],
    ["products and sums in the subnormal range", tiny],
  ])("special values: %s", (_, values) => {
    const value = values(generator(4));
    for (const epilogue of EPILOGUES) {
      for (const k of [0, 1, 2, 5]) {
        for (const m of [1, 2, 3]) compare({ ...matmul(m, k, 37, epilogue), value });
      }
    }
  });

  test("random shapes", () => {
    const random = generator(5);
    const upTo = (limit: number) => Math.floor(random() ** 2 * limit) + 1;
    for (let i = 0; i < 150; i++) {
      const [m, k, n] = [upTo(40), upTo(90), upTo(120)];
      const side = (outer: number) => {
        const layout = [rowMajor, kMajor, spread, scattered][Math.floor(random() * 4)] ?? rowMajor;
        return layout(outer, k, random);
      };
      const epilogue = EPILOGUES[i % EPILOGUES.length] ?? 0;
      compare({ m, n, k, a: side(m), b: side(n), value: mixed(random), epilogue, gap: i % 3 });
    }
  });

  test("addresses above 2 GiB", () => {
    const above = () => new Arena(33_024, 2 ** 31 - 4096);
    compare(matmul(5, 70, 37, BIAS_COLUMNS), above);
  });
});

describe("the kernel's module", () => {
  test("imports the shared memory and nothing else, and holds no data", () => {
    expect(WebAssembly.Module.imports(wasm)).toEqual([
      { module: "env", name: "memory", kind: "memory" },
    ]);
    // Types, imports, functions, globals, exports, code: no start (8), no data (11).
    expect(sections(bytes)).toEqual([1, 2, 3, 6, 7, 10]);
  });

  test("is what the compiler makes of the source, byte for byte", () => {
    const script = fileURLToPath(new URL("../../scripts/build-kernels.mjs", import.meta.url));
    execFileSync(process.execPath, [script, "--check"], { stdio: "pipe" });
  });
});

/** Ids of the module's sections, in order. */
function sections(module: Uint8Array): number[] {
  const ids: number[] = [];
  for (let at = 8; at < module.length; ) {
    ids.push(module[at++] as number);
    let size = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      const byte = module[at++] as number;
      size |= (byte & 127) << shift;
      more = byte > 127;
    }
    at += size;
  }
  return ids;
}
