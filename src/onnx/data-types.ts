import { type DType, dtypeFromCode } from "../../operators/index.js";

/** Data types of the format that tensors here cannot have, for messages. */
const OTHERS: ReadonlyMap<number, string> = new Map([
  [8, "string"],
  [14, "complex64"],
  [15, "complex128"],
  [17, "float8e4m3fn"],
  [18, "float8e4m3fnuz"],
  [19, "float8e5m2"],
  [20, "float8e5m2fnuz"],
  [21, "uint4"],
  [22, "int4"],
  [23, "float4e2m1"],
  [24, "float8e8m0"],
  [25, "uint2"],
  [26, "int2"],
]);

/** Valid in the file, but nothing here can hold it. */
export interface Unsupported {
  readonly unsupported: string;
}

/** The dtype of a data type code, or why there is none. */
export function readDType(code: number): DType | Unsupported {
  const dtype = dtypeFromCode(code);
  if (dtype !== undefined) return dtype;
  const name = OTHERS.get(code) ?? (code === 0 ? "undefined" : `number ${code}`);
  return { unsupported: `data type ${name} is not supported` };
}
