import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  AssayError,
  byteLength,
  elementCount,
  emptyTensor,
  type Tensor,
  type TensorType,
  writerOf,
} from "../../operators/index.js";
import { bind } from "../../src/graph/bind.js";
import { modelDigest, planDigest } from "../../src/graph/digests.js";
import type { Model, ValueInfo } from "../../src/graph/types.js";
import { isFoldable } from "../../src/graph/values.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import { importOnnx } from "../../src/onnx/import.js";
import { OURS, type Seed } from "./corpus.js";
import { mutated } from "./mutate.js";
import { Random } from "./random.js";

/** What reading a damaged model may end with. */
const READ_CODES = ["onnx/malformed", "onnx/unsupported"];
/** What binding or hashing one that could be read may end with. */
const BIND_CODES = [
  "graph/invalid",
  "graph/data-dependent",
  "operator/unsupported",
  "operator/invalid",
  "input/mismatch",
  "model/too-large",
];

/** Seconds of processor time that one file may take. */
export const MOST_SECONDS = 2;

/** Bytes that a file may make the reader and the binder take, garbage included. */
export function mostBytes(fileBytes: number): number {
  return 256 * 2 ** 20 + 1024 * fileBytes;
}

export interface Outcome {
  /** "plan", or how far it came and the code of the error. */
  readonly ended: string;
  readonly seconds: number;
  readonly bytes: number;
  readonly fileBytes: number;
  /** What is wrong; absent where nothing is. */
  readonly failure?: string;
}

/** The damaged model of a seed, the same everywhere for the same corpus. */
export function fileOf(seed: number, corpus: readonly Seed[]): { file: Uint8Array; from: string } {
  const random = new Random(seed);
  // Ours come first, and are few.
  const origin = random.pick(random.chance(4) ? corpus.slice(0, OURS) : corpus);
  return { file: mutated(origin.bytes, random.pick(corpus).bytes, random), from: origin.name };
}

/** Reads and binds the damaged model of a seed, and says what became of it. */
export function runCase(seed: number, corpus: readonly Seed[]): Outcome {
  const { file, from } = fileOf(seed, corpus);
  let outcome = measured(file, seed);
  // Other cases left garbage, or the machine had other things to do.
  if (outcome.failure) {
    collectGarbage();
    outcome = measured(file, seed);
  }
  const { failure } = outcome;
  return failure ? { ...outcome, failure: `seed ${seed} (${from}): ${failure}` } : outcome;
}

function measured(file: Uint8Array, seed: number): Outcome {
  const before = process.memoryUsage();
  const started = process.cpuUsage();
  const { ended, failure } = attempt(file, seed);
  const used = process.cpuUsage(started);
  const after = process.memoryUsage();
  const seconds = (used.user + used.system) / 1e6;
  const bytes = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  const fileBytes = file.length;
  const wrong =
    failure ??
    (seconds > MOST_SECONDS ? `took ${seconds} s of processor time` : undefined) ??
    (bytes > mostBytes(fileBytes) ? `took ${bytes} bytes for ${fileBytes} of file` : undefined);
  return { ended, seconds, bytes, fileBytes, ...(wrong ? { failure: wrong } : {}) };
}

function attempt(file: Uint8Array, seed: number): { ended: string; failure?: string } {
  let stage = "read";
  try {
    const model = importOnnx(file);
    stage = "bound";
    const plan = bind(model, bindingOf(model, new Random(seed ^ 0x5eed)));
    stage = "hashed";
    planDigest(nodeHasher, plan);
    modelDigest(nodeHasher, model);
    return { ended: "plan" };
  } catch (error) {
    const codes = stage === "read" ? READ_CODES : BIND_CODES;
    if (error instanceof AssayError && codes.includes(error.code)) {
      return { ended: `${stage}: ${error.code}` };
    }
    const text =
      error instanceof AssayError
        ? `${error.code}: ${error.message}`
        : `${(error as Error).stack ?? error}`;
    return { ended: "failure", failure: `${stage}: ${text}` };
  }
}

/** Plausible inputs: declared sizes, a few elements where the file leaves them open, small integers. */
function bindingOf({ graph }: Model, random: Random) {
  const symbols = new Map<string, number>();
  const size = (d: number | string | null): number => {
    if (typeof d === "number") return d;
    const open = 1 + random.below(3);
    if (d === null) return open;
    if (!symbols.has(d)) symbols.set(d, open);
    return symbols.get(d) as number;
  };
  const typeOf = ({ dtype, dims }: ValueInfo): TensorType => {
    return { dtype, dims: (dims ?? [random.below(4)]).map(size) };
  };
  const types = new Map(graph.inputs.map((v) => [v.name, typeOf(v)] as const));
  const values = new Map<string, Tensor>();
  for (const [name, type] of types) {
    const steers = type.dtype === "i64" || type.dtype === "i32" || type.dtype === "bool";
    if (steers && isFoldable(type) && byteLength(type) >= 0)
      values.set(name, smallValues(type, random));
  }
  return { types, values };
}

function smallValues(type: TensorType, random: Random): Tensor {
  const tensor = emptyTensor(type.dtype, type.dims);
  const write = writerOf(type.dtype, tensor.bytes);
  for (let i = 0; i < elementCount(type.dims); i++) {
    const value = type.dtype === "bool" ? random.below(2) : random.below(6) - 1;
    write(i, type.dtype === "i64" ? BigInt(value) : value);
  }
  return tensor;
}

let gc: (() => void) | undefined;

function collectGarbage(): void {
  if (!gc) {
    setFlagsFromString("--expose-gc");
    gc = runInNewContext("gc") as () => void;
  }
  gc();
}
