import type { FunctionOp } from "../operators/program/micro-ops.js";
import { type Block, blockOf, digestChunk } from "./prove-chunk.js";

/** A child process of `prove`: digests one chunk per message. */

export interface Task {
  readonly op: FunctionOp;
  /** The top byte of the inputs. */
  readonly chunk: number;
}

export interface Result extends Task {
  readonly digest: string;
  /** SHA-256 of the module that computed it. */
  readonly module: string;
  readonly seconds: number;
}

const blocks = new Map<FunctionOp, Block>();

process.on("message", ({ op, chunk }: Task) => {
  const block = blocks.get(op) ?? blockOf(op);
  blocks.set(op, block);
  const start = performance.now();
  const digest = digestChunk(block, chunk);
  const seconds = (performance.now() - start) / 1000;
  const result: Result = { op, chunk, digest, module: block.module, seconds };
  process.send?.(result);
});
