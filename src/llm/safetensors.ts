import {
  AssayError,
  canonicalNaNs,
  DTYPES,
  type DType,
  elementCount,
  type Tensor,
  viewOf,
} from "../../operators/index.js";
import { type Json, parseJson } from "./json.js";

/** What the format's own readers accept as the length of a header. */
const MAX_HEADER = 100_000_000;
const MAX_DIM = 2 ** 47;

const FLOATS: Readonly<Record<string, DType>> = { F32: "f32", F16: "f16", BF16: "bf16" };

/** A file that need not be in memory as a whole, or fit there. */
export interface FileSource {
  readonly length: number;
  /** Bytes `begin` … `end` − 1, which lie in the file. */
  range(begin: number, end: number): Uint8Array;
}

interface Entry {
  readonly name: string;
  readonly dtype: DType;
  readonly dims: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a safetensors file: the length of a header (u64, little endian), the header (JSON), and the
 * tensors' bytes. Tensors come in the order of their bytes; they are ranges of the file except where a
 * NaN had to become canonical (contract rule 2).
 *
 * Strict: every byte of the file belongs to exactly one thing. A header beyond the format's limit, one
 * that is no JSON object or has a key twice, a tensor with other members than dtype, shape and
 * data_offsets, gaps, overlaps, lengths that do not fit the shape and anything after the last tensor
 * are `safetensors/malformed`; a dtype other than F32, F16 and BF16 is `safetensors/unsupported`.
 *
 * Source: huggingface/safetensors, format description.
 */
export function readSafetensors(file: Uint8Array | FileSource): Map<string, Tensor> {
  const source = file instanceof Uint8Array ? wholeFile(file) : file;
  const { entries, start } = readHeader(source);
  const length = source.length - start;
  let at = 0;
  const tensors = new Map<string, Tensor>();
  for (const { name, dtype, dims, begin, end } of entries) {
    if (begin !== at) {
      const what = begin < at ? "overlaps the one before" : `leaves a gap of ${begin - at} bytes`;
      throw malformed(`tensor "${name}" ${what}`, { name });
    }
    if (end > length) throw malformed(`tensor "${name}" ends after the file`, { name });
    const bytes = source.range(start + begin, start + end);
    tensors.set(name, canonicalNaNs({ dtype, dims, bytes }));
    at = end;
  }
  if (at !== length) throw malformed(`${length - at} bytes belong to no tensor`);
  return tensors;
}

function wholeFile(file: Uint8Array): FileSource {
  return { length: file.length, range: (begin, end) => file.subarray(begin, end) };
}

/** What the header says, and where the tensors' bytes start. */
function readHeader(file: FileSource): { entries: Entry[]; start: number } {
  if (file.length < 8) throw malformed("the file is shorter than the length of its header");
  const length = viewOf(file.range(0, 8)).getBigUint64(0, true);
  if (length > BigInt(Math.min(MAX_HEADER, file.length - 8))) {
    throw malformed(`a header of ${length} bytes in a file of ${file.length}`);
  }
  const end = 8 + Number(length);
  const header = parseJson(textOf(file.range(8, end)), malformed);
  if (!(header instanceof Map)) throw malformed("the header is no JSON object");
  const entries: Entry[] = [];
  for (const [name, value] of header) {
    if (name === "__metadata__") checkMetadata(value);
    else entries.push(entryOf(name, value));
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  return { entries, start: end };
}

function textOf(bytes: Uint8Array): string {
  // The format asks for the brace first: spaces may only follow.
  if (bytes[0] !== 0x7b) throw malformed("the header does not begin with {");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformed("the header is not UTF-8");
  }
}

function checkMetadata(value: Json): void {
  const texts = value instanceof Map && [...value.values()].every((v) => typeof v === "string");
  if (!texts) throw malformed("__metadata__ is no object of texts");
}

function entryOf(name: string, value: Json): Entry {
  const members = value instanceof Map ? value : new Map<string, Json>();
  if ([...members.keys()].sort().join() !== "data_offsets,dtype,shape") {
    throw malformed(`tensor "${name}" has other members than dtype, shape, data_offsets`, { name });
  }
  const dtype = dtypeOf(name, members.get("dtype") as Json);
  const dims = numbers(name, "shape", members.get("shape") as Json);
  const offsets = numbers(name, "data_offsets", members.get("data_offsets") as Json);
  const [begin, end] = offsets as [number, number];
  const size = elementCount(dims) * DTYPES[dtype].size;
  if (offsets.length !== 2 || !(size < MAX_DIM) || end - begin !== size) {
    throw malformed(`tensor "${name}" has ${end - begin} bytes for ${dtype}[${dims}]`, { name });
  }
  return { name, dtype, dims, begin, end };
}

function dtypeOf(name: string, value: Json): DType {
  if (typeof value !== "string") throw malformed(`the dtype of "${name}" is no text`, { name });
  const dtype = Object.hasOwn(FLOATS, value) ? FLOATS[value] : undefined;
  if (dtype) return dtype;
  throw new AssayError("safetensors/unsupported", `tensor "${name}" has dtype ${value}`, {
    hint: "F32, F16 and BF16 are read",
    facts: { name, dtype: value },
  });
}

function numbers(name: string, member: string, value: Json): number[] {
  const proper = (v: Json): v is number =>
    typeof v === "number" && Number.isSafeInteger(v) && v >= 0 && v < MAX_DIM && !Object.is(v, -0);
  if (Array.isArray(value) && value.every(proper)) return value;
  throw malformed(`the ${member} of tensor "${name}" is no list of sizes`, { name });
}

function malformed(what: string, facts: Readonly<Record<string, unknown>> = {}): AssayError {
  return new AssayError("safetensors/malformed", what, { facts });
}
