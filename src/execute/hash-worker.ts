import { parentPort } from "node:worker_threads";
import { nodeHasher } from "../merkle/node-hash.js";
import { commitTensor } from "../merkle/tensor-tree.js";
import type { HashAnswer, HashQuestion } from "./hash-thread.js";

/** Answers every tensor with its commitment, in order. */
parentPort?.on("message", ({ id, dtype, dims, bytes }: HashQuestion) => {
  const start = performance.now();
  const digest = commitTensor(nodeHasher, { dtype, dims, bytes });
  const startedAt = performance.timeOrigin + start;
  const ms = performance.now() - start;
  const answer: HashAnswer = { id, digest, bytes: bytes.length, startedAt, ms };
  parentPort?.postMessage(answer);
});
