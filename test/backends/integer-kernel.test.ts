import { describe, expect, test } from "vitest";
import { wasmContractor } from "../../operators/backends/wasm/contraction/index.js";
import {
  type ContractionExports,
  contractionExports,
} from "../../operators/backends/wasm/machine/contractor.js";
import { panelBytes } from "../../operators/backends/wasm/machine/lower-integers.js";
import { nativeHere } from "./native-here.js";

// Every kernel for products of integers against the plain loop modulo 2^32, on every path.

interface Kernel {
  readonly name: string;
  readonly panel: number;
  readonly workspaceBytes: number;
  readonly quads: boolean;
  over(memory: WebAssembly.Memory): ContractionExports;
}

type Narrow = "u8" | "i8" | "i16";

/** Offsets in bytes into a buffer of `size` bytes. */
interface Side {
  readonly dtype: Narrow;
  readonly size: number;
  readonly outer: readonly number[];
  readonly k: readonly number[];
  /** Bytes from one zero point to the next; undefined: there are none. */
  readonly zeroStep: number | undefined;
}

interface Case {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Side;
  readonly b: Side;
  readonly byte: () => number;
  /** Columns of C beyond n, which must stay as they are. */
  readonly gap: number;
}

const POISON = 0x7fa55a5a;
const SIZES = { u8: 1, i8: 1, i16: 2 } as const;

function kernels(): Kernel[] {
  const { origin, integers } = wasmContractor();
  const native = nativeHere();
  const panel = native?.panel ?? 0;
  return [
    {
      ...integers,
      name: "WebAssembly",
      over: (memory) => contractionExports(origin, memory),
    },
    ...(native?.integers ?? []).map(({ name, workspaceBytes }) => ({
      name: `native ${name}`,
      panel,
      workspaceBytes,
      quads: name === "vnni",
      over: (memory: WebAssembly.Memory) =>
        contractionExports({ kind: "native", level: "portable", integers: name }, memory),
    })),
  ];
}

function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state ^ (state >>> 15)) >>> 0) / 2 ** 32;
  };
}

const any = (random: () => number) => () => Math.floor(random() * 256);
/** 0, 127, 128 and 255: the limits of u8, i8 and, in pairs, near those of i16. */
const extreme = (random: () => number) => () => [0, 127, 128, 255][Math.floor(random() * 4)] ?? 0;

const range = (count: number, step: number) => Array.from({ length: count }, (_, i) => i * step);

type Layout = (dtype: Narrow, outer: number, k: number, zeroStep?: number) => Side;

const rowMajor: Layout = (dtype, outer, k, zeroStep) => {
  const s = SIZES[dtype];
  return { dtype, size: s * outer * k, outer: range(outer, s * k), k: range(k, s), zeroStep };
};

const kMajor: Layout = (dtype, outer, k, zeroStep) => {
  const s = SIZES[dtype];
  return { dtype, size: s * outer * k, outer: range(outer, s), k: range(k, s * outer), zeroStep };
};

const spread: Layout = (dtype, outer, k, zeroStep) => {
  const s = 2 * SIZES[dtype];
  return { dtype, size: s * outer * k, outer: range(outer, s), k: range(k, s * outer), zeroStep };
};

/** Patches of 3 × 3 on images of width 7: columns break at the ends of rows. */
const patches: Layout = (dtype, outer, k, zeroStep) => {
  const s = SIZES[dtype];
  const at = (i: number) => s * (Math.floor(i / 5) * 7 + (i % 5));
  const tap = (i: number) => s * (Math.floor(i / 9) * 700 + Math.floor((i % 9) / 3) * 7 + (i % 3));
  const [outs, ks] = [range(outer, 1).map(at), range(k, 1).map(tap)];
  return { dtype, size: (outs.at(-1) ?? 0) + (ks.at(-1) ?? 0) + s, outer: outs, k: ks, zeroStep };
};

const LAYOUTS = [rowMajor, kMajor, spread, patches];

function read(memory: WebAssembly.Memory, dtype: Narrow, at: number): number {
  const view = new DataView(memory.buffer);
  if (dtype === "i16") return view.getInt16(at, true);
  return dtype === "i8" ? view.getInt8(at) : view.getUint8(at);
}

/** All elements of an operand less their zero points, [outer][k]. */
function centred(memory: WebAssembly.Memory, side: Side, at: number, zeros: number): Int32Array[] {
  return side.outer.map((offset, i) => {
    const zero =
      side.zeroStep === undefined ? 0 : read(memory, side.dtype, zeros + i * side.zeroStep);
    return Int32Array.from(side.k, (k) => read(memory, side.dtype, at + offset + k) - zero);
  });
}

function plain(c: Case, a: readonly Int32Array[], b: readonly Int32Array[]): Int32Array {
  const out = new Int32Array(c.m * (c.n + c.gap)).fill(POISON);
  a.forEach((row, m) => {
    b.forEach((column, n) => {
      let sum = 0;
      for (let k = 0; k < c.k; k++) {
        sum = (sum + Math.imul(row[k] as number, column[k] as number)) | 0;
      }
      out[m * (c.n + c.gap) + n] = sum;
    });
  });
  return out;
}

type Run = (run: ContractionExports, job: number, c: Case, work: number, panels: number) => void;
const RUNS: Record<string, Run> = {
  packed: (run, job, c, work, panels) => {
    run.packIntegers(job, 0, panels);
    run.multiplyIntegers(job, 0, c.m, 0, panels, work);
  },
  fresh: (run, job, c, work, panels) => run.multiplyIntegersFresh(job, 0, c.m, 0, panels, work),
  /** As threads may: parts of the panels and of the rows, in any order. */
  split: (run, job, c, work, panels) => {
    const [jm, mm] = [Math.ceil(panels / 3), Math.ceil(c.m / 2)];
    run.packIntegers(job, jm, panels);
    run.packIntegers(job, 0, jm);
    run.multiplyIntegers(job, mm, c.m, jm, panels, work);
    run.multiplyIntegers(job, 0, c.m, 0, jm, work);
    run.multiplyIntegers(job, 0, mm, jm, panels, work);
  },
  splitFresh: (run, job, c, work, panels) => {
    for (let j = panels - 1; j >= 0; j--) {
      run.multiplyIntegersFresh(job, 0, c.m, j, j + 1, work);
    }
  },
};

const MEMORY = new WebAssembly.Memory({ initial: 1024, maximum: 65536, shared: true });
const KERNELS = kernels().map((k) => ({ ...k, exports: k.over(MEMORY) }));

/** Runs every path of every kernel and compares all of C, the gaps and what follows included. */
function compare(c: Case, base = 4096): void {
  let top = base;
  const alloc = (bytes: number, align = 64): number => {
    const at = Math.ceil(top / align) * align;
    top = at + bytes + 64;
    if (top > MEMORY.buffer.byteLength) throw new Error("the memory is full");
    return at;
  };
  const words = (values: ArrayLike<number>): number => {
    const at = alloc(4 * values.length);
    new Uint32Array(MEMORY.buffer, at, values.length).set(values);
    return at;
  };
  /** Operands begin at any byte. */
  const random = (bytes: number): number => {
    const at = alloc(bytes, 1);
    new Uint8Array(MEMORY.buffer, at, bytes).set(Array.from({ length: bytes }, c.byte));
    return at;
  };
  const placed = [c.a, c.b].map((side) => {
    const at = random(side.size);
    const zeros = random(1 + (side.zeroStep ?? 0) * side.outer.length);
    return {
      values: centred(MEMORY, side, at, zeros),
      record: [at, words(side.outer), words(side.k)],
      zeros: side.zeroStep === undefined ? [0, 0] : [zeros, side.zeroStep],
    };
  });
  const [a, b] = placed as [(typeof placed)[0], (typeof placed)[0]];
  const expected = plain(c, a.values, b.values);
  const out = alloc(4 * expected.length);
  const work = alloc(Math.max(...KERNELS.map((k) => k.workspaceBytes)));
  const types =
    (c.a.dtype === "u8" ? 0 : 1) |
    (c.a.dtype === "i16" ? 2 : 0) |
    (c.b.dtype === "u8" ? 0 : 4) |
    (c.b.dtype === "i16" ? 8 : 0);
  for (const kernel of KERNELS) {
    const quads = kernel.quads && (types & 10) === 0;
    const panels = Math.ceil(c.n / kernel.panel);
    const before = top;
    const packed = alloc(panels * panelBytes(kernel, c.k, quads));
    const shape = [c.m, c.n, c.k];
    const target = [packed, out, c.n + c.gap];
    const zeros = [...a.zeros, ...b.zeros];
    const record = [shape, a.record, b.record, target, zeros, types | (quads ? 16 : 0)].flat();
    const job = words(record);
    for (const [name, run] of Object.entries(RUNS)) {
      const actual = new Int32Array(MEMORY.buffer, out, expected.length + 8).fill(POISON);
      run(kernel.exports, job, c, work, panels);
      const bad = expected.findIndex((x, i) => x !== actual[i]);
      const what = `${kernel.name} ${name} ${c.m}x${c.k}x${c.n} ${c.a.dtype} ${c.b.dtype}`;
      expect(
        bad < 0 ? what : `${what}: element ${bad} is ${actual[bad]}, not ${expected[bad]}`,
      ).toBe(what);
      expect([...actual.subarray(expected.length)]).toEqual(Array(8).fill(POISON));
    }
    top = before;
  }
}

const random = generator(7);

function product(m: number, k: number, n: number, dtypes: readonly [Narrow, Narrow]): Case {
  const [a, b] = [rowMajor(dtypes[0], m, k, 0), kMajor(dtypes[1], n, k, 0)];
  return { m, n, k, a, b, byte: any(random), gap: 0 };
}

const BYTE_PAIRS = (["u8", "i8"] as const).flatMap((a) =>
  (["u8", "i8"] as const).map((b) => [a, b] as const),
);

describe(`products of integers: ${KERNELS.map((k) => k.name).join(", ")}`, () => {
  test.each(BYTE_PAIRS)("%s × %s: every shape around the tiles and their lanes", (...dtypes) => {
    for (const m of [1, 2, 3, 5, 6, 7, 13, 14, 15, 29]) {
      for (const n of [1, 8, 9, 16, 17, 31, 32, 33, 50]) {
        for (const k of [0, 1, 3, 4, 5, 8, 9, 33]) compare(product(m, k, n, dtypes));
      }
    }
  });

  test("zero points: none, one, one per row or column, of any step; operands in every layout", () => {
    for (const [m, k, n] of [
      [5, 9, 37],
      [14, 70, 64],
      [3, 20, 16],
    ] as const) {
      for (const dtypes of BYTE_PAIRS) {
        for (const layouts of LAYOUTS.flatMap((a) => LAYOUTS.map((b) => [a, b] as const))) {
          const [za, zb] = [undefined, 0, 1, 3].map((step) => [step, random() < 0.5] as const)[
            Math.floor(random() * 4)
          ] as readonly [number | undefined, boolean];
          const a = layouts[0](dtypes[0], m, k, zb ? za : 1);
          const b = layouts[1](dtypes[1], n, k, zb ? 1 : za);
          compare({ m, n, k, a, b, byte: any(random), gap: 3 });
        }
      }
    }
  });

  test("words of 16 bits, as centred operands are", () => {
    for (const [a, b] of [
      ["i16", "i8"],
      ["u8", "i16"],
      ["i16", "i16"],
    ] as const) {
      for (const layout of LAYOUTS) {
        for (const [m, k, n] of [
          [3, 9, 37],
          [15, 34, 33],
        ] as const) {
          const sides = { a: layout(a, m, k), b: layout(b, n, k) };
          for (const byte of [any(random), extreme(random)]) {
            compare({ m, n, k, ...sides, byte, gap: 1 });
          }
        }
      }
    }
  });

  test("extremes: -128 · -128, 255 · 255 and -2^15 · -2^15, every operand full of them", () => {
    for (const dtypes of BYTE_PAIRS) {
      for (const value of [0, 127, 128, 255]) {
        for (const zero of [undefined, 0]) {
          const a = rowMajor(dtypes[0], 3, 64, zero);
          const b = kMajor(dtypes[1], 33, 64, undefined);
          compare({ m: 3, n: 33, k: 64, a, b, byte: () => value, gap: 0 });
        }
      }
      compare({ ...product(4, 257, 35, dtypes), byte: extreme(random) });
    }
    let odd = 0;
    const lowest = () => (odd++ % 2 === 0 ? 0 : 128);
    const [a, b] = [rowMajor("i16", 2, 10), kMajor("i16", 17, 10)];
    compare({ m: 2, n: 17, k: 10, a, b, byte: lowest, gap: 0 });
  });

  test("deep folds: blocks of k, and sums that wrap", () => {
    for (const k of [4095, 4096, 4097, 8195]) compare(product(3, k, 33, ["u8", "i8"]));
    // 255 · 255 · 33100 leaves 2^31.
    const [a, b] = [rowMajor("u8", 1, 33_100), kMajor("u8", 17, 33_100)];
    compare({ m: 1, n: 17, k: 33_100, a, b, byte: () => 255, gap: 0 });
    const wide = [rowMajor("i16", 2, 8200), kMajor("i16", 33, 8200)] as const;
    compare({ m: 2, n: 33, k: 8200, a: wide[0], b: wide[1], byte: any(random), gap: 0 });
  });

  test("more rows and columns than one block holds", () => {
    compare(product(4200, 5, 33, ["u8", "i8"]));
    compare(product(75, 4096, 17, ["i8", "u8"]));
    compare(product(2, 300, 1700, ["u8", "u8"]));
  });

  test("random shapes", () => {
    const upTo = (limit: number) => Math.floor(random() ** 2 * limit) + 1;
    for (let i = 0; i < 200; i++) {
      const [m, k, n] = [upTo(40), upTo(90), upTo(120)];
      const side = (outer: number) => {
        const layout = LAYOUTS[Math.floor(random() * 4)] ?? rowMajor;
        const dtype = (["u8", "i8", "i16"] as const)[Math.floor(random() * 3)] ?? "u8";
        const zero = dtype === "i16" ? undefined : [undefined, 0, 1, 2][Math.floor(random() * 4)];
        return layout(dtype, outer, k, zero);
      };
      compare({ m, n, k, a: side(m), b: side(n), byte: any(random), gap: i % 3 });
    }
  });
});
