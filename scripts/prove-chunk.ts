import { createHash } from "node:crypto";
import { generateModule, WasmBackend } from "../operators/backends/wasm/index.js";
import { buildProgram, o } from "../operators/program/builder.js";
import type { FunctionOp } from "../operators/program/micro-ops.js";
import type { ElementProgram } from "../operators/program/types.js";

/** Elements per call of the kernel: input and output stay in a core's second-level cache. */
const BLOCK = 2 ** 15;
/** Inputs per published digest: those with one top byte. */
const CHUNK = 2 ** 24;
const PAGE = 65536;

export interface Block {
  /** SHA-256 of the module that is run. */
  readonly module: string;
  readonly input: Uint32Array;
  readonly output: Uint8Array;
  run(): void;
}

/** The function as a map over one block, so that it runs as it does in every operator. */
function blockProgram(op: FunctionOp): ElementProgram {
  const source = { source: 0, dtype: "f32", dims: [BLOCK] } as const;
  return buildProgram({
    sources: [source],
    dtype: "f32",
    out: [BLOCK],
    finish: (b) => b.op(op, b.read(source, [o(0)])),
  });
}

export function moduleDigest(op: FunctionOp): string {
  return createHash("sha256")
    .update(generateModule(blockProgram(op)))
    .digest("hex");
}

export function blockOf(op: FunctionOp): Block {
  const compiled = new WasmBackend().compile(blockProgram(op));
  const [at, out] = [PAGE, PAGE + 4 * BLOCK];
  const memory = new WebAssembly.Memory({ initial: 1 + (8 * BLOCK) / PAGE, maximum: 65536 });
  const kernel = compiled.instantiate(memory);
  return {
    module: moduleDigest(op),
    input: new Uint32Array(memory.buffer, at, BLOCK),
    output: new Uint8Array(memory.buffer, out, 4 * BLOCK),
    run: () => kernel(out, [at], 0, compiled.units),
  };
}

/**
 * SHA-256 of the results, as little-endian words, at the 2^24 inputs with top byte `chunk`, in
 * ascending order of their bits. A NaN is bound as the canonical one (rule 2).
 */
export function digestChunk({ input, output, run }: Block, chunk: number): string {
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
