import {
  canonicalNaNs,
  DTYPES,
  type DType,
  elementCount,
  firstNonCanonical,
  type Tensor,
  type TensorType,
  writerOf,
} from "../../operators/index.js";
import { readDType, type Unsupported } from "./data-types.js";
import { type ExternalData, readExternal } from "./external.js";
import { malformed } from "./problems.js";
import { type TensorProto, TensorProto_DataLocation } from "./proto/onnx_pb.js";

/** Element counts stay below 2^48 (contract rule 3), so byte counts are exact numbers. */
const MAX_ELEMENTS = 2 ** 48;

/**
 * A tensor from any of the format's encodings: raw bytes (a view, not a copy, unless a NaN had to be
 * made canonical), typed lists, or external data. Nothing is allocated before the number of
 * elements has been compared with the data that is there. Throws `onnx/malformed`.
 */
export function readTensor(
  proto: TensorProto,
  where: string,
  externalData?: ExternalData,
): Tensor | Unsupported {
  const type = readTensorType(proto, where);
  if ("unsupported" in type) return type;
  const { dtype, dims } = type;
  const bytes = readBytes(proto, dtype, elementCount(dims), where, externalData);
  if (dtype === "bool") {
    const at = firstNonCanonical(dtype, bytes);
    if (at !== -1) throw malformed(where, `element ${at} is ${bytes[at]}, not a bool`);
  }
  return canonicalNaNs({ dtype, dims, bytes });
}

/** What a tensor says about itself, before anybody looks for its data. Throws `onnx/malformed`. */
export function readTensorType(proto: TensorProto, where: string): TensorType | Unsupported {
  const dtype = readDType(proto.dataType);
  if (typeof dtype !== "string") return dtype;
  if (proto.segment !== undefined) return { unsupported: "segmented tensors are not supported" };
  const dims = readDims(proto.dims, where);
  // Many large dims and a zero multiply to NaN, which is below nothing.
  if (!(elementCount(dims) < MAX_ELEMENTS)) throw malformed(where, `[${dims}] is too large`);
  return { dtype, dims };
}

/** Whether the file itself holds elements of a tensor, in whatever form. */
export function holdsData(proto: TensorProto): boolean {
  return proto.rawData !== undefined || LISTS.some((l) => l.values(proto).length > 0);
}

function readDims(dims: readonly bigint[], where: string): number[] {
  return dims.map((d) => {
    if (d < 0n || d >= BigInt(MAX_ELEMENTS)) throw malformed(where, `dimension ${d}`);
    return Number(d);
  });
}

function readBytes(
  proto: TensorProto,
  dtype: DType,
  count: number,
  where: string,
  externalData: ExternalData | undefined,
): Uint8Array {
  const length = count * DTYPES[dtype].size;
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) {
    if (holdsData(proto)) throw twice(where);
    return readExternal(proto, where, length, externalData);
  }
  const lists = LISTS.filter((l) => l.values(proto).length > 0);
  const raw = proto.rawData;
  if (raw !== undefined && (raw.length > 0 || lists.length === 0)) {
    if (lists.length > 0) throw twice(where);
    if (raw.length !== length) {
      throw malformed(where, `${dtype}[${proto.dims}] has ${length} bytes, the file ${raw.length}`);
    }
    return raw;
  }
  if (lists.length > 1) throw twice(where);
  const list = lists[0];
  const found = list?.values(proto).length ?? 0;
  if (found !== count) {
    throw malformed(where, `${dtype}[${proto.dims}] has ${count} elements, the file ${found}`);
  }
  if (list === undefined) return new Uint8Array(0);
  if (!list.holds.includes(dtype)) throw malformed(where, `${dtype} cannot be in ${list.name}`);
  return bytesOfList(list.values(proto), dtype, where);
}

export function twice(where: string) {
  return malformed(where, "gives its data in two ways");
}

/** The typed lists of a TensorProto and what each may hold. */
const LISTS: readonly {
  readonly name: string;
  readonly holds: readonly DType[];
  values(t: TensorProto): readonly (number | bigint)[] | readonly Uint8Array[];
}[] = [
  { name: "float_data", holds: ["f32"], values: (t) => t.floatData },
  {
    name: "int32_data",
    holds: ["i32", "i16", "i8", "u16", "u8", "bool", "f16", "bf16"],
    values: (t) => t.int32Data,
  },
  { name: "int64_data", holds: ["i64"], values: (t) => t.int64Data },
  { name: "double_data", holds: ["f64"], values: (t) => t.doubleData },
  { name: "uint64_data", holds: ["u32", "u64"], values: (t) => t.uint64Data },
  { name: "string_data", holds: [], values: (t) => t.stringData },
];

/** Range of the integers that stand for an element; halves are given as their bits. */
const RANGES: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  i8: [-128, 127],
  u8: [0, 255],
  bool: [0, 1],
  i16: [-32768, 32767],
  u16: [0, 65535],
  f16: [0, 65535],
  bf16: [0, 65535],
  u32: [0, 4294967295],
};

function bytesOfList(
  values: readonly (number | bigint)[] | readonly Uint8Array[],
  dtype: DType,
  where: string,
): Uint8Array {
  const bytes = new Uint8Array(values.length * DTYPES[dtype].size);
  const store = writerOf(dtype === "f16" || dtype === "bf16" ? "u16" : dtype, bytes);
  const long = DTYPES[dtype].register === "i64";
  const range = RANGES[dtype];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number | bigint;
    if (range !== undefined && (value < range[0] || value > range[1])) {
      throw malformed(where, `element ${i} is ${value}, outside ${dtype}`);
    }
    store(i, long ? BigInt(value) : Number(value));
  }
  return bytes;
}
