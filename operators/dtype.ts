/**
 * Element types of tensors (storage) and of registers (arithmetic).
 *
 * Codes are the field numbers of ONNX `TensorProto.DataType`, so that there is one numbering to know.
 */
export type DType =
  | "f32"
  | "u8"
  | "i8"
  | "u16"
  | "i16"
  | "i32"
  | "i64"
  | "bool"
  | "f16"
  | "f64"
  | "u32"
  | "u64"
  | "bf16";

/** What a micro-op computes on. A bool is an i32 that is 0 or 1. */
export type RegisterType = "f32" | "f64" | "i32" | "i64";

interface DTypeInfo {
  /** Code in every canonical encoding. */
  readonly code: number;
  /** Bytes per element. */
  readonly size: 1 | 2 | 4 | 8;
  /** The register a read yields: f16/bf16 widen exactly; u32 zero-extends; u64 keeps its bits. */
  readonly register: RegisterType;
}

export const DTYPES: Readonly<Record<DType, DTypeInfo>> = {
  f32: { code: 1, size: 4, register: "f32" },
  u8: { code: 2, size: 1, register: "i32" },
  i8: { code: 3, size: 1, register: "i32" },
  u16: { code: 4, size: 2, register: "i32" },
  i16: { code: 5, size: 2, register: "i32" },
  i32: { code: 6, size: 4, register: "i32" },
  i64: { code: 7, size: 8, register: "i64" },
  bool: { code: 9, size: 1, register: "i32" },
  f16: { code: 10, size: 2, register: "f32" },
  f64: { code: 11, size: 8, register: "f64" },
  u32: { code: 12, size: 4, register: "i64" },
  u64: { code: 13, size: 8, register: "i64" },
  bf16: { code: 16, size: 2, register: "f32" },
};

/** Codes of register types in canonical encodings. */
export const REGISTER_CODES: Readonly<Record<RegisterType, number>> = {
  f32: 1,
  f64: 2,
  i32: 3,
  i64: 4,
};

/**
 * Which registers may be stored as which dtype. f32 → f16/bf16 and f64 → f16/bf16 round once
 * (contract rule 4); i32 and i64 wrap to narrower integers (rule 3).
 */
export const STORABLE: Readonly<Record<RegisterType, readonly DType[]>> = {
  f32: ["f32", "f16", "bf16"],
  f64: ["f64", "f16", "bf16"],
  i32: ["i32", "i16", "i8", "u16", "u8", "bool"],
  i64: ["i64", "u64", "u32"],
};

const BY_CODE = new Map(Object.entries(DTYPES).map(([name, d]) => [d.code, name as DType]));

export function dtypeFromCode(code: number): DType | undefined {
  return BY_CODE.get(code);
}

export function isFloat(dtype: DType): boolean {
  return dtype === "f32" || dtype === "f64" || dtype === "f16" || dtype === "bf16";
}

/** Number of elements; the empty product (rank 0) is 1. */
export function elementCount(dims: readonly number[]): number {
  let count = 1;
  for (const d of dims) count *= d;
  return count;
}

/** Row-major strides in elements. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length).fill(1);
  for (let i = dims.length - 2; i >= 0; i--)
    strides[i] = (strides[i + 1] ?? 1) * (dims[i + 1] ?? 1);
  return strides;
}
