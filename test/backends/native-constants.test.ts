import { describe, expect, it } from "vitest";
import type { NativeAddon, NativeLevel } from "../../operators/backends/native/load.js";
import type { ContractionExports } from "../../operators/backends/wasm/machine/contractor.js";
import { FAR_WORDS } from "../../operators/backends/wasm/machine/packings.js";
import { nativeHere } from "./native-here.js";

// Products with operands that were packed outside the memory, in every format and on every level,
// against the plain loop of the numeric contract over widened elements, bit for bit.

const addon = nativeHere() as NativeAddon;
const levels = addon?.levels ?? [];

const FORMATS = ["f32", "bf16", "f16", "i8"] as const;
type Format = (typeof FORMATS)[number];
const SIZES = { f32: 4, bf16: 2, f16: 2, i8: 1 };

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);
function floatOf(bits: number): number {
  word[0] = bits;
  return float[0] as number;
}
function bitsOf(value: number): number {
  float[0] = value;
  return Number.isNaN(value) ? 0x7fc00000 : (word[0] as number);
}

/** IEEE 754 binary16 by its definition. */
function ofHalf(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : fraction * 2 ** -24);
}

function widened(format: Format, view: DataView, index: number): number {
  if (format === "f32") return view.getFloat32(4 * index, true);
  if (format === "i8") return view.getInt8(index);
  const bits = view.getUint16(2 * index, true);
  return format === "f16" ? ofHalf(bits) : floatOf(bits * 65536);
}

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state ^ (state >>> 15)) >>> 0;
  };
}

/** Elements of any bits, or, so that sums stay numbers, of ordinary size. */
function elements(format: Format, count: number, random: () => number, tame: boolean): Uint8Array {
  const bytes = new Uint8Array(count * SIZES[format]);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) {
    const bits = random();
    if (format === "i8") view.setInt8(i, bits >> 8);
    else if (format === "f32")
      view.setUint32(4 * i, tame ? (bits & 0x81ffffff) | 0x3e000000 : bits, true);
    else if (!tame) view.setUint16(2 * i, bits >>> 7, true);
    else view.setUint16(2 * i, (bits & 0x81ff) | (format === "f16" ? 0x3800 : 0x3e00), true);
  }
  return bytes;
}

interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** How a and b are stored; rows of A are packed when their format is given. */
  readonly b: Format;
  readonly a?: Format;
  /** k of B are neighbours, not columns. */
  readonly turned?: boolean;
  readonly wild?: boolean;
  readonly bias?: boolean;
}

const PANEL = 32;
const BIAS_COLUMNS = 8;
const GUARD = 16;
const POISON = 0x7fa55a5a;
/** Where B would lie if it were not packed outside. */
const NO_B = [0, 0, 0, 0];

/** Everything a product reads, in a memory of its own. */
class Bench {
  readonly memory: WebAssembly.Memory;
  private top = 4096;

  constructor(bytes: number) {
    const pages = Math.ceil(bytes / 65536) + 1;
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: 65536, shared: true });
  }

  put(words: ArrayLike<number>): number {
    const at = this.top;
    this.words(at, words.length).set(words);
    this.top += Math.ceil((4 * words.length + 64) / 64) * 64;
    return at;
  }

  /** A record, of which the words behind the kernels' common ones say what lies outside. */
  job(common: readonly number[], format: Format, b?: Uint8Array, a?: Uint8Array): number {
    const residual = 0;
    const at = this.put([...common, residual, FORMATS.indexOf(format), 0, 0, 0, 0]);
    const view = new DataView(this.memory.buffer);
    const place = (field: number, bytes?: Uint8Array): void =>
      view.setBigUint64(at + 4 * field, BigInt(bytes ? addon.addressOf(bytes) : 0), true);
    place(FAR_WORDS.columns, b);
    place(FAR_WORDS.rows, a);
    return at;
  }

  words(at: number, count: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, at, count);
  }
}

const range = (count: number, step: number) =>
  Int32Array.from({ length: count }, (_, i) => i * step);
const bytesOf = (x: Int32Array | Float64Array) => new Uint8Array(x.buffer);

function pack(
  level: NativeLevel,
  bytes: Uint8Array,
  tables: readonly Int32Array[],
  bases: readonly number[],
  side: number,
  format: Format,
  threads = 1,
): Uint8Array {
  const [outer, depth] = tables.map(bytesOf) as [Uint8Array, Uint8Array];
  const at = bytesOf(Float64Array.from(bases));
  const code = FORMATS.indexOf(format);
  return addon.packConstant(bytes, outer, depth, at, level.name, side, code, threads);
}

/** The operands of a product, where they lie, and what must come out. */
function operands(p: Product, seed: number) {
  const { m, n, k } = p;
  const random = generator(seed);
  const a = elements(p.a ?? "f32", m * k, random, !p.wild);
  const b = elements(p.b, n * k, random, !p.wild);
  const bias = Array.from({ length: n }, () => bitsOf((random() % 2001) / 1000 - 1));
  const [va, vb] = [new DataView(a.buffer), new DataView(b.buffer)];
  const left = Float32Array.from({ length: m * k }, (_, i) => widened(p.a ?? "f32", va, i));
  const right = Float32Array.from({ length: n * k }, (_, i) => widened(p.b, vb, i));
  const [column, step] = p.turned ? [k, 1] : [1, n];
  const expected = new Uint32Array(m * n + GUARD).fill(POISON);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let x = 0; x < k; x++) {
        const product = (left[i * k + x] as number) * (right[j * column + x * step] as number);
        sum = Math.fround(sum + Math.fround(product));
      }
      if (p.bias) sum = Math.fround(sum + floatOf(bias[j] as number));
      expected[i * n + j] = bitsOf(sum);
    }
  }
  const tablesA = [range(m, k), range(k, 1)] as const;
  return { a, b, bias, expected, tablesA, tablesB: [range(n, column), range(k, step)] as const };
}

function check(p: Product, seed = 1): void {
  const { m, n, k } = p;
  const { a, b, bias, expected, tablesA, tablesB } = operands(p, seed);
  for (const level of levels) {
    const packedB = pack(level, b, tablesB, [0], 0, p.b);
    const packedA = p.a ? pack(level, a, tablesA, [0], 1, p.a) : undefined;
    const bench = new Bench(4 * (m * k + m * n + 8 * (m + n + k)) + 4 * n * k + 2 ** 21);
    const inMemory = bench.put(p.a ? [] : new Uint32Array(a.buffer));
    const [offM, offAk] = tablesA.map((t) => bench.put(t.map((x) => 4 * x))) as [number, number];
    const out = bench.put(new Uint32Array(m * n + GUARD).fill(POISON));
    const work = bench.put(new Uint32Array(level.workspaceBytes / 4));
    const c = [out, n, bench.put(bias), p.bias ? BIAS_COLUMNS : 0];
    // Where B is f32, it is read from the memory too.
    const plainB = p.b === "f32" ? bench.put(new Uint32Array(b.buffer)) : 0;
    const [offN, offBk] = tablesB.map((t) => bench.put(t.map((x) => 4 * x))) as [number, number];
    const common = [m, n, k, inMemory, offM, offAk, plainB, offN, offBk, 0, ...c];
    const job = bench.job(common, p.b, packedB, packedA);
    const kernel = addon.kernel(new Uint8Array(bench.memory.buffer), level.name);
    for (const run of waysOf(p)) {
      bench.words(out, m * n + GUARD).fill(POISON);
      WAYS[run](kernel, job, p, work);
      const actual = bench.words(out, m * n + GUARD);
      const bad = expected.findIndex((x, i) => x !== actual[i]);
      const what = `${level.name} ${run} ${JSON.stringify(p)}`;
      expect(bad < 0 ? what : `${what}: ${bad} is ${actual[bad]?.toString(16)}`).toBe(what);
    }
  }
}

/** As threads may: parts of the rows, which need not begin with a tile, and of the panels. */
const WAYS = {
  packed(kernel: ContractionExports, job: number, { m, n }: Product, work: number): void {
    const [panels, middle] = [Math.ceil(n / PANEL), Math.floor(m / 2)];
    const half = Math.floor(panels / 2);
    kernel.multiply(job, middle, m, half, panels, work);
    kernel.multiply(job, 0, middle, half, panels, work);
    kernel.multiply(job, 0, m, 0, half, work);
  },
  fresh(kernel: ContractionExports, job: number, { m, n }: Product, work: number): void {
    const [panels, third] = [Math.ceil(n / PANEL), Math.floor(m / 3)];
    kernel.multiplyFresh(job, third, m, 0, panels, work);
    kernel.multiplyFresh(job, 0, third, 0, panels, work);
  },
  direct(kernel: ContractionExports, job: number, { n }: Product, work: number): void {
    kernel.multiplyDirect(job, 0, Math.floor(n / 2), work);
    kernel.multiplyDirect(job, Math.floor(n / 2), n, work);
  },
};

function waysOf({ b, turned }: Product): (keyof typeof WAYS)[] {
  if (b !== "f32") return ["packed"];
  return turned ? ["packed", "fresh"] : ["packed", "fresh", "direct"];
}

describe.skipIf(levels.length === 0)("packed outside the memory", () => {
  const sides: Pick<Product, "a" | "b">[] = FORMATS.flatMap((x) => [{ b: x }, { b: "f32", a: x }]);

  it.each(sides)("%o, around tiles, panels and blocks", (formats) => {
    for (const m of [1, 2, 3, 4, 5, 6, 7, 13, 14, 15, 29]) {
      for (const n of [1, 31, 32, 33, 64, 130]) {
        check({ m, n, k: (m * n) % 11, ...formats, bias: n % 2 === 0 });
      }
      check({ m, n: 40, k: 70, ...formats, turned: true });
    }
    for (const k of [0, 511, 512, 513, 1500]) check({ m: 9, n: 40, k, ...formats });
    for (const m of [1, 3]) check({ m, n: 200, k: 4200, ...formats });
    check({ m: 220, n: 35, k: 600, ...formats });
  });

  it.each(sides)("%o, of any bits", (formats) => {
    for (const k of [1, 2, 3, 40]) {
      for (const m of [1, 5]) check({ m, n: 70, k, ...formats, wild: true }, m * k);
    }
  });

  it("every half and brain float, widened", () => {
    const all = new Uint8Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer);
    for (const level of levels) {
      for (const format of ["bf16", "f16"] as const) {
        const view = new DataView(all.buffer);
        // One row of one, times every value: 1·x + 0 is x, but for -0 and NaN.
        const expected = Array.from({ length: 65536 }, (_, i) =>
          bitsOf(widened(format, view, i) + 0),
        );
        for (const m of [1, 20]) {
          const bench = new Bench(2 ** 23);
          const a = bench.put(new Uint32Array(m).fill(0x3f800000));
          const zeros = bench.put(new Uint32Array(m));
          const out = bench.put(new Uint32Array(m * 65536));
          const work = bench.put(new Uint32Array(level.workspaceBytes / 4));
          const packed = pack(level, all, [range(65536, 1), range(1, 1)], [0], 0, format);
          const common = [m, 65536, 1, a, zeros, zeros, ...NO_B, out, 65536, 0, 0];
          const job = bench.job(common, format, packed);
          const kernel = addon.kernel(new Uint8Array(bench.memory.buffer), level.name);
          kernel.multiply(job, 0, m, 0, 65536 / PANEL, work);
          const last = bench.words(out + 4 * 65536 * (m - 1), 65536);
          const bad = expected.findIndex((x, i) => x !== last[i]);
          expect(`${level.name} ${format} ${m}: ${bad}`).toBe(`${level.name} ${format} ${m}: -1`);
        }
      }
    }
  });

  it("the same by any number of threads, one piece behind the other", () => {
    const [n, k, pieces] = [100, 300, 5];
    const bytes = elements("bf16", n * k * pieces, generator(3), false);
    const bases = [4, 0, 1, 3, 2].map((i) => i * n * k);
    for (const level of levels) {
      for (const side of [0, 1]) {
        const tables = [range(n, 1), range(k, n)] as [Int32Array, Int32Array];
        const one = pack(level, bytes, tables, bases, side, "bf16", 1);
        const many = pack(level, bytes, tables, bases, side, "bf16", 4);
        expect(Buffer.compare(one, many)).toBe(0);
        const alone = bases.map((base) => pack(level, bytes, tables, [base], side, "bf16"));
        expect(Buffer.compare(Buffer.concat(alone), one)).toBe(0);
      }
    }
  });

  it("refuses tables that lead out of the bytes, and arguments that are none", () => {
    const level = levels[0] as NativeLevel;
    const bytes = new Uint8Array(4 * 100);
    const good = (tables: [Int32Array, Int32Array], bases = [0], format: Format = "f32") =>
      pack(level, bytes, tables, bases, 0, format);
    expect(good([range(10, 1), range(10, 10)]).length).toBe(32 * 10 * 4);
    expect(good([range(10, -1), range(10, 10)], [9]).length).toBe(32 * 10 * 4);
    expect(good([range(10, 1), range(40, 10)], [0], "i8").length).toBe(32 * 40);
    expect(() => good([range(11, 1), range(10, 10)])).toThrow(/lead out/);
    expect(() => good([range(10, 1), range(10, 10)], [1])).toThrow(/lead out/);
    expect(() => good([range(10, 1), range(10, 10)], [0, -1])).toThrow(/lead out/);
    expect(() => good([range(10, 1), range(10, 10)], [Number.NaN])).toThrow(/lead out/);
    expect(() => good([range(10, 1), range(21, 10)], [0], "bf16")).toThrow(/lead out/);
    expect(() => good([range(10, -1), range(10, 10)])).toThrow(/lead out/);
    const table = bytesOf(range(1, 1));
    const call = (...args: readonly unknown[]) =>
      (addon.packConstant as (...a: unknown[]) => void)(...args);
    const base = bytesOf(Float64Array.of(0));
    expect(() => call(bytes, table, table, base, "none", 0, 0, 1)).toThrow(/are expected/);
    expect(() => call(bytes, table, table, base, level.name, 2, 0, 1)).toThrow(/are expected/);
    expect(() => call(bytes, table, table, base, level.name, 0, 4, 1)).toThrow(/are expected/);
    expect(() => call(bytes, new Int32Array(1), table, base, level.name, 0, 0, 1)).toThrow();
    expect(() => call(bytes, table, table)).toThrow(/are expected/);
  });
});
