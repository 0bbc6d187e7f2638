import {
  AssayError,
  DTYPES,
  type DType,
  elementCount,
  emptyTensor,
  readerOf,
  type Tensor,
} from "../../operators/basis.js";
import { storeJson } from "./json-element.js";

const MAX_RANK = 64;

/**
 * Reads a tensor from JSON text in UTF-8, either as nested arrays (`dtype` says of what; the dims
 * follow) or as `{"dtype": "f32", "dims": [2, 3], "data": [flat values]}`. Floats may be the
 * strings "NaN", "Infinity" and "-Infinity", 64-bit integers decimal strings, bools true/false or
 * 0/1. A value that its dtype cannot hold is refused. `where` names the file in messages. Throws
 * `json/malformed`.
 */
export function readJsonTensor(bytes: Uint8Array, dtype?: DType, where = "json"): Tensor {
  const value = parse(bytes, where);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return fromRecord(value as Record<string, unknown>, where);
  }
  if (dtype === undefined) {
    throw jsonError(where, "does not say its dtype", 'write {"dtype": …, "dims": …, "data": […]}');
  }
  const dims: number[] = [];
  for (let v = value; Array.isArray(v); v = v[0]) dims.push(v.length);
  if (dims.length > MAX_RANK) throw jsonError(where, `rank ${dims.length} (at most ${MAX_RANK})`);
  const flat: unknown[] = [];
  flatten(value, dims, 0, flat, where);
  return fromValues(dtype, dims, flat, where);
}

/** A tensor as JSON text, in the form with dtype and dims; every value comes back exactly. */
export function writeJsonTensor(t: Tensor): string {
  const read = readerOf(t.dtype, t.bytes);
  const data = Array.from({ length: elementCount(t.dims) }, (_, i) => jsonValue(read(i), t.dtype));
  return `{"dtype":"${t.dtype}","dims":${JSON.stringify(t.dims)},"data":[${data.join(",")}]}\n`;
}

function jsonValue(value: number | bigint, dtype: DType): string {
  if (typeof value === "bigint") {
    const exact = dtype === "u64" ? BigInt.asUintN(64, value) : value;
    return Number.isSafeInteger(Number(exact)) ? `${exact}` : `"${exact}"`;
  }
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? "-0" : `${value}`;
}

function parse(bytes: Uint8Array, where: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw jsonError(where, "is not JSON");
  }
}

function fromRecord(record: Record<string, unknown>, where: string): Tensor {
  const keys = Object.keys(record).sort().join();
  const { dtype, dims, data } = record;
  if (keys !== "data,dims,dtype" || !Array.isArray(dims) || !Array.isArray(data)) {
    throw jsonError(where, "must have exactly dtype, dims and data");
  }
  if (typeof dtype !== "string" || !Object.hasOwn(DTYPES, dtype)) {
    throw jsonError(where, `dtype ${JSON.stringify(dtype)}`, Object.keys(DTYPES).join(", "));
  }
  if (dims.length > MAX_RANK || !dims.every((d) => Number.isSafeInteger(d) && d >= 0)) {
    throw jsonError(where, "dims are not a list of sizes");
  }
  return fromValues(dtype as DType, dims, data, where);
}

function flatten(
  value: unknown,
  dims: readonly number[],
  axis: number,
  into: unknown[],
  where: string,
): void {
  const length = dims[axis];
  if (length === undefined) {
    into.push(value);
    return;
  }
  if (!Array.isArray(value) || value.length !== length) {
    throw jsonError(where, `is ragged: along axis ${axis} not every list has ${length} entries`);
  }
  for (const v of value) flatten(v, dims, axis + 1, into, where);
}

/** The number of values is compared with the dims before anything is allocated. */
function fromValues(
  dtype: DType,
  dims: readonly number[],
  values: readonly unknown[],
  where: string,
): Tensor {
  if (elementCount(dims) !== values.length) {
    throw jsonError(where, `[${dims}] does not hold ${values.length} values`);
  }
  const t = emptyTensor(dtype, dims);
  const store = storeJson(dtype, t.bytes);
  values.forEach((value, i) => {
    const problem = store(i, value);
    if (problem !== undefined) throw jsonError(where, `element ${i}: ${problem}`);
  });
  return t;
}

function jsonError(where: string, message: string, hint?: string): AssayError {
  const details = hint === undefined ? {} : { hint };
  return new AssayError("json/malformed", `${where}: ${message}`, { ...details, facts: { where } });
}
