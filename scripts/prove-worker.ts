import { createHash } from "node:crypto";
import { WasmBackend } from "../operators/backends/wasm/index.js";
import { buildProgram, o } from "../operators/program/builder.js";
import type { FunctionOp } from "../operators/program/micro-ops.js";

/** A child process of `prove`: digests chunks of 2^24 inputs as it is asked to. */

/** Elements per call of the kernel: input and output stay in a core's second-level cache. */
const BLOCK = 2 ** 15;
export const CHUNK = 2 ** 24;

export interface Task {
  readonly op: FunctionOp;
  /** The top byte of the inputs. */
  readonly chunk: number;
}

export interface Result extends Task {
  /** SHA-256 of the 2^24 results as little-endian words. */
  readonly digest: string;
  readonly seconds: number;
}

interface Block {
  readonly input: Uint32Array;
  readonly output: Uint8Array;
  run(): void;
}

/** The function as a map over one block, through the same generator as every operator. */
function blockOf(op: FunctionOp): Block {
  const source = { source: 0, dtype: "f32", dims: [BLOCK] } as const;
  const program = buildProgram({
    sources: [source],
    dtype: "f32",
    out: [BLOCK],
    finish: (b) => b.op(op, b.read(source, [o(0)])),
  });
  const compiled = new WasmBackend().compile(program);
  const [at, out] = [65536, 65536 + 4 * BLOCK];
  const memory = new WebAssembly.Memory({ initial: 1 + (8 * BLOCK) / 65536, maximum: 65536 });
  const kernel = compiled.instantiate(memory);
  return {
    input: new Uint32Array(memory.buffer, at, BLOCK),
    output: new Uint8Array(memory.buffer, out, 4 * BLOCK),
    run: () => kernel(out, [at], 0, compiled.units),
  };
}

/** Every input of a chunk in ascending order of bits; a NaN is bound as the canonical one (rule 2). */
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

const blocks = new Map<FunctionOp, Block>();

process.on("message", ({ op, chunk }: Task) => {
  const block = blocks.get(op) ?? blockOf(op);
  blocks.set(op, block);
  const start = performance.now();
  const digest = digestChunk(block, chunk);
  const result: Result = { op, chunk, digest, seconds: (performance.now() - start) / 1000 };
  process.send?.(result);
});
