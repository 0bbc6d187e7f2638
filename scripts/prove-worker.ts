import type { FunctionOp } from "../operators/program/micro-ops.js";
import { type Block, blockOf, digestChunk, type Prover } from "./prove-chunk.js";

/** A child process of `prove`: digests one chunk per message. */

export interface Task {
  readonly op: FunctionOp;
  readonly prover: Prover;
  /** The top byte of the inputs. */
  readonly chunk: number;
}

export interface Result extends Task {
  readonly digest: string;
  /** What computed it (prove-chunk.ts). */
  readonly module: string;
  readonly seconds: number;
}

const blocks = new Map<string, Block>();

process.on("message", ({ op, prover, chunk }: Task) => {
  const key = `${prover} ${op}`;
  const block = blocks.get(key) ?? blockOf(op, prover);
  blocks.set(key, block);
  const start = performance.now();
  const digest = digestChunk(block, chunk);
  const seconds = (performance.now() - start) / 1000;
  const result: Result = { op, prover, chunk, digest, module: block.module, seconds };
  process.send?.(result);
});
