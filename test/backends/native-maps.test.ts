import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WasmBackend } from "../../operators/backends/wasm/index.js";
import {
  buildProgram,
  bytesEqual,
  type DType,
  type ElementProgram,
  elementCount,
  literal,
  MICRO_OPS,
  type MicroOp,
  o,
  type Register,
  type RegisterType,
  runProgram,
  type Tensor,
} from "../../operators/index.js";
import { functionBytes } from "../../operators/program/bytes.js";
import type { FunctionOp } from "../../operators/program/micro-ops.js";
import { SCALAR_FUNCTIONS } from "../../operators/scalar/functions/index.js";
import { nativeFunctions } from "../../scripts/generate-native-functions.js";
import { nativeDigest } from "../../scripts/prove-chunk.js";
import { describeProgram, difference } from "./conformance.js";
import { edgeTensor, randomBits } from "./edge-tensors.js";
import { mapOf, operandsOf } from "./micro-op-cases.js";
import { nativeHere } from "./native-here.js";
import { runNatively } from "./native-programs.js";

/**
 * Maps in native code at every level of this processor: each function against the generated code,
 * whose results are proved; each micro-op and random programs against the interpreter.
 */
const LEVELS = (nativeHere()?.levels ?? []).map(({ name }) => name);
const SEED = Number(process.env.ASSAY_FUZZ_SEED ?? 20240229);
const RUNS = Number(process.env.ASSAY_FUZZ_RUNS ?? 300);

it("functions.gen.h is what the programs of the functions say", () => {
  const url = new URL("../../operators/backends/native/source/functions.gen.h", import.meta.url);
  expect(readFileSync(url, "utf8")).toBe(nativeFunctions());
});

it("native-proofs.json is of the functions as they are: a change wants `npm run prove -- --native all`", () => {
  const url = new URL("../../operators/scalar/functions/native-proofs.json", import.meta.url);
  const proofs = JSON.parse(readFileSync(url, "utf8")) as Record<
    FunctionOp,
    { program: string; source: string; levels: object }
  >;
  const names = Object.keys(proofs) as FunctionOp[];
  expect(names.length).toBeGreaterThan(0);
  for (const op of names) {
    const { program, source, levels } = proofs[op];
    const now = createHash("sha256").update(functionBytes(SCALAR_FUNCTIONS[op])).digest("hex");
    expect([op, program, source]).toEqual([op, now, nativeDigest()]);
    expect(Object.keys(levels).length).toBeGreaterThan(0);
  }
});

/** Runs a map at a level, if native code takes it; fails where a byte differs. */
function expectSame(
  level: string,
  program: ElementProgram,
  sources: readonly Tensor[],
  want: Tensor,
  seed = 1,
  columns?: number,
): boolean {
  const got = runNatively(level, program, sources, seed, columns);
  if (!got) return false;
  if (!bytesEqual(got.bytes, want.bytes)) {
    const text = `${difference(want, { ...want, bytes: got.bytes })}\n${describeProgram(program)}`;
    expect.fail(`${level}: ${text}`);
  }
  expect(got.untouched).toBe(true);
  return true;
}

const COUNT = 2 ** 15;
const EXPONENTS = 256;

/** Raw bits; then every sign and exponent with the ends and the middle of its significands. */
function patterns(seed: number): Tensor {
  const t = edgeTensor("f32", [COUNT], seed);
  const words = new Uint32Array(t.bytes.buffer, t.bytes.byteOffset, COUNT);
  const next = randomBits(seed);
  for (let i = COUNT / 2; i < COUNT; i++) words[i] = next();
  const near = [0, 1, 2, 0x3fffff, 0x400000, 0x400001, 0x7ffffe, 0x7fffff];
  for (let i = 0; i < 2 * EXPONENTS * near.length; i++) {
    words[i] = ((i << 23) | (near[i >>> 9] as number)) >>> 0;
  }
  return t;
}

describe.each(LEVELS)("%s", (level) => {
  const wasm = new WasmBackend();

  it.each(Object.values(SCALAR_FUNCTIONS).map((f) => f.name))("%s", (op) => {
    const { parameters } = SCALAR_FUNCTIONS[op];
    const views = parameters.map((_, source) => {
      return { source, dtype: "f32", dims: [COUNT] } as const;
    });
    const program = buildProgram({
      sources: views,
      dtype: "f32",
      out: [COUNT],
      finish: (b) => b.op(op, ...views.map((v) => b.read(v, [o(0)]))),
    });
    for (let seed = 1; seed <= 4; seed++) {
      const sources = views.map((_, i) => patterns(10 * seed + i));
      expect(expectSame(level, program, sources, wasm.run(program, sources), seed)).toBe(true);
    }
  });

  it("every micro-op that blocks know, on all pairs of edge values", () => {
    const taken = (Object.keys(MICRO_OPS) as MicroOp[]).filter((op) => {
      const operands = operandsOf(op);
      const program = mapOf(op, operands, 0);
      return expectSame(level, program, operands, wasm.run(program, operands));
    });
    expect(taken.length).toBe(57);
  });
});

it.skipIf(LEVELS.length === 0)("random maps, in pieces, between other tensors", () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.gen(), fc.nat(), (draw, seed) => {
      const { program, columns } = randomMap(draw);
      const sources = program.sources.map((s, i) => edgeTensor(s.dtype, [s.length], seed + i));
      const want = runProgram(program, sources);
      for (const level of LEVELS) {
        if (expectSame(level, program, sources, want, seed, columns)) taken++;
      }
    }),
    { numRuns: RUNS, seed: SEED },
  );
  expect(taken).toBeGreaterThan(RUNS * LEVELS.length * 0.8);
});

const EXTENTS = [1, 2, 3, 5, 8, 15, 16, 17, 31, 32, 33, 64, 127, 128, 129, 255, 256, 257, 300, 520];
const OPS = (Object.keys(MICRO_OPS) as MicroOp[]).filter((op) => {
  const { args, result } = MICRO_OPS[op];
  const isNarrow = [...args, result].every((t) => t === "f32" || t === "i32");
  return isNarrow && !/div_|rem_|shl|shr|trunc_sat/.test(op);
});
const SOURCES: readonly DType[] = [
  "f32",
  "f32",
  "f32",
  "f32",
  "i32",
  "bool",
  "u8",
  "i8",
  "u16",
  "i16",
];

type Draw = fc.GeneratorValue;

/** A map whose sources are broadcast over some axes, in rows of the innermost axes. */
function randomMap(draw: Draw): { program: ElementProgram; columns: number | undefined } {
  const pick = <T>(from: readonly T[]): T => from[draw(fc.nat, from.length - 1)] as T;
  const out: number[] = [];
  for (let left = draw(fc.integer, { min: 1, max: 4 }); left > 0; left--) {
    const extent = pick(EXTENTS);
    if (elementCount(out) * extent <= 3000) out.push(extent);
  }
  const sources = Array.from({ length: draw(fc.integer, { min: 1, max: 4 }) }, (_, source) => {
    const isWhole = draw(fc.nat, 2) > 0;
    const dims = out.map((d) => (isWhole || draw(fc.nat, 1) ? d : 1));
    return { source, dtype: pick(SOURCES), dims };
  });
  const type = pick(["f32", "f32", "f32", "i32"] as const);
  const dtype = type === "f32" ? "f32" : pick(["i32", "bool", "u8", "i16"] as const);
  const program = buildProgram({
    sources,
    dtype,
    out,
    finish: (b) => {
      const registers: Register[] = sources.map((s) =>
        b.read(
          s,
          s.dims.map((d, i) => (d === 1 ? 0 : o(i))),
        ),
      );
      const ofType = (wanted: RegisterType): Register => {
        const known = registers.filter((r) => r.type === wanted).slice(-5);
        if (known.length > 0 && draw(fc.nat, 5) > 0) return pick(known);
        return b.constant(
          literal(
            wanted,
            pick([0, 1, -1, 3, 0.5, -0, Number.NaN].slice(0, wanted === "i32" ? 4 : 7)),
          ),
        );
      };
      for (let left = draw(fc.nat, 12); left > 0; left--) {
        const op = pick(OPS);
        registers.push(b.op(op, ...MICRO_OPS[op].args.map(ofType)));
      }
      return registers.findLast((r) => r.type === type) ?? ofType(type);
    },
  });
  const inner = out.slice(draw(fc.nat, out.length));
  return { program, columns: draw(fc.nat, 2) === 0 ? elementCount(inner) : undefined };
}
