import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { nativeAddon } from "../operators/backends/native/index.js";
import { mapRecord } from "../operators/backends/native/map-record.js";
import { generateModule, WasmBackend } from "../operators/backends/wasm/index.js";
import { AssayError } from "../operators/errors.js";
import { buildProgram, o } from "../operators/program/builder.js";
import type { FunctionOp } from "../operators/program/micro-ops.js";
import type { ElementProgram } from "../operators/program/types.js";
import { SCALAR_FUNCTIONS } from "../operators/scalar/functions/index.js";

/** Elements per call of the kernel: input and output stay in a core's second-level cache. */
const BLOCK = 2 ** 15;
/** Inputs per published digest: those with one top byte. */
const CHUNK = 2 ** 24;
const PAGE = 65536;

/** Who computes: the generated module, or native code at a level. */
export type Prover = "wasm" | "avx512" | "avx2" | "portable";

export interface Block {
  /** SHA-256 of the module that is run, or of the sources of the native functions. */
  readonly module: string;
  /** Elements per run. */
  readonly length: number;
  /** The bits of each argument. */
  readonly inputs: readonly Uint32Array[];
  readonly output: Uint8Array;
  run(): void;
}

/** The function as a map over one block, so that it runs as it does in every operator. */
function blockProgram(op: FunctionOp): ElementProgram {
  const sources = SCALAR_FUNCTIONS[op].parameters.map(
    (_, source) => ({ source, dtype: "f32", dims: [BLOCK] }) as const,
  );
  return buildProgram({
    sources,
    dtype: "f32",
    out: [BLOCK],
    finish: (b) => b.op(op, ...sources.map((s) => b.read(s, [o(0)]))),
  });
}

/** What a native function's bits come from: nothing else that is compiled decides them. */
const NATIVE_SOURCES = ["functions.gen.h", "lanes.h"];

export function nativeDigest(): string {
  const hash = createHash("sha256");
  for (const name of NATIVE_SOURCES) {
    hash.update(
      readFileSync(new URL(`../operators/backends/native/source/${name}`, import.meta.url)),
    );
  }
  return hash.digest("hex");
}

export function moduleDigest(op: FunctionOp, prover: Prover = "wasm"): string {
  if (prover !== "wasm") return nativeDigest();
  return createHash("sha256")
    .update(generateModule(blockProgram(op)))
    .digest("hex");
}

export function blockOf(op: FunctionOp, prover: Prover = "wasm"): Block {
  const program = blockProgram(op);
  const bytes = 4 * BLOCK;
  const at = program.sources.map((_, i) => PAGE + i * bytes);
  const out = PAGE + at.length * bytes;
  const memory = new WebAssembly.Memory({ initial: (out + bytes) / PAGE, maximum: 65536 });
  const run =
    prover === "wasm"
      ? generatedRun(program, memory, out, at)
      : nativeRun(prover, program, memory, out, at);
  return {
    module: moduleDigest(op, prover),
    length: BLOCK,
    inputs: at.map((address) => new Uint32Array(memory.buffer, address, BLOCK)),
    output: new Uint8Array(memory.buffer, out, bytes),
    run,
  };
}

type RunBlock = (
  program: ElementProgram,
  memory: WebAssembly.Memory,
  out: number,
  sources: readonly number[],
) => () => void;

const generatedRun: RunBlock = (program, memory, out, sources) => {
  const compiled = new WasmBackend().compile(program);
  const kernel = compiled.instantiate(memory);
  return () => kernel(out, sources, 0, compiled.units);
};

function nativeRun(level: string, ...[program, memory, out, sources]: Parameters<RunBlock>) {
  const native = nativeAddon();
  if ("reason" in native) throw new AssayError("backend/unavailable", native.reason);
  const record = mapRecord(program, out, sources);
  if (!record) throw new AssayError("backend/unavailable", "native code does not take the map");
  // The first page holds no tensor.
  const at = PAGE / 2;
  new Uint32Array(memory.buffer, at).set(record.words);
  const kernel = native.addon.kernel(new Uint8Array(memory.buffer), level);
  return () => kernel.runMap?.(at, 0, record.elements);
}

/**
 * SHA-256 of the results, as little-endian words, at the 2^24 inputs with top byte `chunk`, in
 * ascending order of their bits. A NaN is bound as the canonical one (rule 2).
 */
export function digestChunk({ inputs, output, run }: Block, chunk: number): string {
  const [input] = inputs as [Uint32Array];
  const hash = createHash("sha256");
  for (let first = 0; first < CHUNK; first += BLOCK) {
    for (let i = 0; i < BLOCK; i++) {
      const bits = ((chunk << 24) | (first + i)) >>> 0;
      input[i] = (bits & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : bits;
    }
    run();
    hash.update(output);
  }
  return hash.digest("hex");
}
