import {
  AssayError,
  byteLength,
  DTYPES,
  type DType,
  elementCount,
  type Tensor,
  type TensorType,
} from "../../operators/basis.js";
import { writeNpy } from "../files/npy.js";
import type { Granularity, Plan, PlanValue } from "../graph/plan.js";
import { concat, DIGEST_SIZE } from "../merkle/hash.js";
import { parseHex, toHex } from "../receipt/hex.js";
import { receiptFromJson, receiptToJson } from "../receipt/json.js";
import type { SignedReceipt } from "../receipt/receipt.js";
import type { Corruption } from "./drill.js";
import type { Run } from "./run-model.js";

/**
 * A run on disk: the receipt for everyone, the outputs for people, and the executor's own data with
 * which it can re-execute any single segment and so answer a dispute. Holds no path and no key.
 *
 *   receipt.json, outputs/<name>.npy
 *   run.json              what follows, for reading it back
 *   executor/inputs.bin   input tensors, one after the other
 *   executor/trace.bin    commitments of every boundary, one after the other
 *   executor/kept.bin     every tensor that crosses a boundary, by ascending value id
 */
export const RUN_FILES = {
  receipt: "receipt.json",
  run: "run.json",
  inputs: "executor/inputs.bin",
  trace: "executor/trace.bin",
  kept: "executor/kept.bin",
} as const;

const FORMAT = "assay.run";
const VERSION = 1;
/** Longest run.json that is read. */
export const MAX_RUN_JSON = 1 << 20;

export interface RunDescription {
  readonly granularity: Granularity;
  readonly inputs: readonly (TensorType & { readonly name: string })[];
  /** Output names with their files, in graph order. */
  readonly outputs: readonly (TensorType & { readonly name: string; readonly file: string })[];
  /** A drill, with the element that was changed. */
  readonly drill?: Required<Corruption> & { readonly masked: boolean };
  readonly salt?: Uint8Array;
}

/** All files of a run folder, by relative path. */
export function runFiles(run: Run, salt?: Uint8Array): Map<string, Uint8Array> {
  const text = new TextEncoder();
  const files = new Map<string, Uint8Array>();
  const names = fileNames([...run.outputs.keys()]);
  const outputs = [...run.outputs].map(([name, t], i) => ({
    name,
    file: `outputs/${names[i]}.npy`,
    dtype: t.dtype,
    dims: t.dims,
  }));
  const inputs = run.plan.inputs.map(({ name, dtype, dims }) => ({ name, dtype, dims }));
  const description = {
    format: FORMAT,
    version: VERSION,
    granularity: run.plan.granularity,
    inputs,
    outputs,
    ...(run.trace.corruption ? { drill: run.trace.corruption } : {}),
    ...(salt ? { salt: toHex(salt) } : {}),
  };
  files.set(RUN_FILES.receipt, text.encode(receiptToJson(run.signed)));
  files.set(RUN_FILES.run, text.encode(`${JSON.stringify(description, null, 2)}\n`));
  outputs.forEach(({ name, file }) => {
    files.set(file, writeNpy(run.outputs.get(name) as Tensor));
  });
  files.set(RUN_FILES.inputs, concat(...run.inputs.map((t) => t.bytes)));
  files.set(RUN_FILES.trace, concat(...run.trace.boundaries.flat()));
  files.set(RUN_FILES.kept, concat(...keptOrder(run.plan).map((v) => keptBytes(run, v))));
  return files;
}

/** Names that Windows keeps for devices, with any ending. */
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * File names that every system takes and that stay readable. A name that is not plain, that a
 * system reserves, or that differs from an earlier one in case alone gets `~` and its index, which
 * keep it unique.
 */
export function fileNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name, index) => {
    const safe = name
      .replace(/[^A-Za-z0-9._-]/g, "_")
      .replace(/^\.+/, "")
      .slice(0, 100);
    const plain = safe === name && safe !== "" && !RESERVED.test(safe);
    const file = plain && !taken.has(safe.toLowerCase()) ? safe : `~${index}-${safe}`;
    taken.add(file.toLowerCase());
    return file;
  });
}

function keptBytes(run: Run, value: number): Uint8Array {
  const tensor = run.trace.kept.get(value);
  if (!tensor) throw new AssayError("run/incomplete", "the run did not keep its boundaries");
  return tensor.bytes;
}

/** Values that cross a boundary, ascending. */
export function keptOrder(plan: Plan): number[] {
  return [...new Set(plan.segments.flatMap((s) => s.live))].sort((a, b) => a - b);
}

/**
 * Reads one file of a run folder, or yields undefined where there is none. More than `atMost` bytes
 * are refused in any case: a reader need not read further than one byte more.
 */
export type RunReader = (path: string, atMost?: number) => Uint8Array | undefined;

export function readReceipt(read: RunReader): SignedReceipt {
  return receiptFromJson(required(read, RUN_FILES.receipt));
}

/** Reads run.json strictly. Throws `json/malformed` and `run/incomplete`. */
export function readDescription(read: RunReader): RunDescription {
  const bytes = required(read, RUN_FILES.run);
  if (bytes.length > MAX_RUN_JSON) throw malformed("is longer than 1 MiB");
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw malformed("is not JSON", cause);
  }
  const run = asObject(value, "the document");
  if (run.format !== FORMAT || run.version !== VERSION)
    throw malformed("is not version 1 of a run");
  if (run.granularity !== "layer" && run.granularity !== "operator") {
    throw malformed("has no granularity");
  }
  const salt = typeof run.salt === "string" ? parseHex(run.salt, DIGEST_SIZE) : undefined;
  if (run.salt !== undefined && !salt) throw malformed("has a broken salt");
  return {
    granularity: run.granularity,
    inputs: asArray(run.inputs, "inputs").map(namedType),
    outputs: asArray(run.outputs, "outputs").map((item) => {
      const { file } = asObject(item, "an output");
      if (typeof file !== "string" || !/^outputs\/[A-Za-z0-9._~-]+\.npy$/.test(file)) {
        throw malformed("names an output file outside outputs/");
      }
      return { ...namedType(item), file };
    }),
    ...(run.drill === undefined ? {} : { drill: drillOf(run.drill) }),
    ...(salt ? { salt } : {}),
  };
}

/** The inputs a run was made on. */
export function readInputs(read: RunReader, description: RunDescription): Map<string, Tensor> {
  const bytes = required(read, RUN_FILES.inputs, totalBytes(description.inputs));
  const tensors = cut(bytes, description.inputs, RUN_FILES.inputs);
  return new Map(description.inputs.map(({ name }, i) => [name, tensors[i] as Tensor]));
}

/** The boundary commitments, cut as the plan says. */
export function readBoundaries(read: RunReader, plan: Plan): Uint8Array[][] {
  const count = plan.segments.reduce((sum, s) => sum + s.live.length, 0);
  const bytes = required(read, RUN_FILES.trace, count * DIGEST_SIZE);
  if (bytes.length !== count * DIGEST_SIZE) {
    throw incomplete(RUN_FILES.trace, count * DIGEST_SIZE, bytes.length);
  }
  let at = 0;
  const next = (): Uint8Array => {
    at += DIGEST_SIZE;
    return bytes.slice(at - DIGEST_SIZE, at);
  };
  return plan.segments.map((s) => s.live.map(next));
}

/** The tensors that cross boundaries, by value id; undefined where the folder has none. */
export function readKept(read: RunReader, plan: Plan): Map<number, Tensor> | undefined {
  const order = keptOrder(plan);
  const types = order.map((v) => plan.values[v] as PlanValue);
  const bytes = read(RUN_FILES.kept, totalBytes(types));
  if (!bytes) return undefined;
  const tensors = cut(bytes, types, RUN_FILES.kept);
  return new Map(order.map((v, i) => [v, tensors[i] as Tensor]));
}

function cut(bytes: Uint8Array, types: readonly TensorType[], file: string): Tensor[] {
  const total = totalBytes(types);
  if (bytes.length !== total) throw incomplete(file, total, bytes.length);
  let at = 0;
  return types.map(({ dtype, dims }) => {
    const length = byteLength({ dtype, dims });
    at += length;
    return { dtype, dims, bytes: bytes.slice(at - length, at) };
  });
}

function totalBytes(types: readonly TensorType[]): number {
  return types.reduce((sum, t) => sum + byteLength(t), 0);
}

function required(read: RunReader, path: string, atMost?: number): Uint8Array {
  const bytes = read(path, atMost);
  if (!bytes) {
    throw new AssayError("run/incomplete", `the run folder has no ${path}`, { facts: { path } });
  }
  return bytes;
}

function incomplete(file: string, expected: number, actual: number): AssayError {
  return new AssayError(
    "run/incomplete",
    `${file} has ${actual} bytes, the plan asks for ${expected}`,
    {
      facts: { file, expected, actual },
    },
  );
}

function malformed(what: string, cause?: unknown): AssayError {
  return new AssayError("json/malformed", `${RUN_FILES.run} ${what}`, { cause });
}

function asObject(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw malformed(`is broken: ${what} is not an object`);
  }
  return value as Record<string, unknown>;
}

function asArray(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value) || value.length > 0xffff) throw malformed(`is broken: ${what}`);
  return value;
}

function namedType(item: unknown): TensorType & { readonly name: string } {
  const { name, dtype, dims } = asObject(item, "a tensor");
  const known = typeof dtype === "string" && Object.hasOwn(DTYPES, dtype);
  const sizes = asArray(dims, "dims");
  const counts = sizes.every((d) => Number.isSafeInteger(d) && (d as number) >= 0);
  if (
    typeof name !== "string" ||
    !known ||
    !counts ||
    !(elementCount(sizes as number[]) < 2 ** 48)
  ) {
    throw malformed("describes a tensor that cannot be");
  }
  return { name, dtype: dtype as DType, dims: sizes as number[] };
}

function drillOf(value: unknown): Required<Corruption> & { readonly masked: boolean } {
  const { node, element, masked } = asObject(value, "drill");
  if (
    !Number.isSafeInteger(node) ||
    !Number.isSafeInteger(element) ||
    typeof masked !== "boolean"
  ) {
    throw malformed("has a broken drill");
  }
  return { node: node as number, element: element as number, masked };
}
