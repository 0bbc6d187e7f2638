import { freemem } from "node:os";
import type { MemoryNeed } from "../execute/session.js";
import type { Io } from "./command.js";
import { bytesText } from "./format.js";

/** What `--memory-limit` says, in bytes, or else what this machine has left for one process. */
export function memoryLimit(mebibytes: number | undefined): number {
  return mebibytes === undefined ? availableMemory() : mebibytes * 2 ** 20;
}

/** Free memory, or what a container still allows. */
export function availableMemory(): number {
  // Node 20.12 does not have it yet.
  const { availableMemory: available } = process as { availableMemory?: () => number };
  if (available) return available.call(process);
  const allowed = process.constrainedMemory();
  if (!allowed || allowed > Number.MAX_SAFE_INTEGER) return freemem();
  return Math.min(freemem(), Math.max(0, allowed - process.memoryUsage.rss()));
}

/** Says what a run needs before it starts: on a terminal, or where more words are asked for. */
export function announceNeed({ stderr }: Io, verbose: boolean, need: MemoryNeed): void {
  if (!stderr.isTTY && !verbose) return;
  const parts = `${bytesText(need.weightBytes)} weights, ${bytesText(need.activationBytes)} activations`;
  stderr.write(`needs ${bytesText(need.totalBytes)} of memory (${parts})\n`);
}
