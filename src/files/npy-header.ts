import { AssayError, type DType, elementCount } from "../../operators/basis.js";

/** What the header of a .npy file says. */
export interface NpyHeader {
  readonly dtype: DType;
  readonly bigEndian: boolean;
  /** Elements lie in column-major order. */
  readonly fortran: boolean;
  readonly dims: readonly number[];
  /** Where the elements start. */
  readonly dataOffset: number;
}

/** numpy's type characters and sizes. It has none for bf16. */
const TYPES: ReadonlyMap<string, DType> = new Map([
  ["f2", "f16"],
  ["f4", "f32"],
  ["f8", "f64"],
  ["i1", "i8"],
  ["i2", "i16"],
  ["i4", "i32"],
  ["i8", "i64"],
  ["u1", "u8"],
  ["u2", "u16"],
  ["u4", "u32"],
  ["u8", "u64"],
  ["b1", "bool"],
]);

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const MAX_HEADER = 0xffff;
const MAX_ELEMENTS = 2 ** 48;

export function npyError(where: string, message: string): AssayError {
  return new AssayError("npy/malformed", `${where}: ${message}`, {
    hint: "write it with numpy.save from an array of a plain number type",
    facts: { where },
  });
}

/** Reads the header of format version 1, 2 or 3. Throws `npy/malformed`. */
export function readNpyHeader(bytes: Uint8Array, where: string): NpyHeader {
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) throw npyError(where, "is not a .npy file");
  const version = bytes[6];
  if (version === undefined || version < 1 || version > 3 || bytes[7] !== 0) {
    throw npyError(where, `format version ${version}.${bytes[7]} (1.0 to 3.0 are known)`);
  }
  const start = version === 1 ? 10 : 12;
  if (bytes.length < start) throw npyError(where, "ends inside its header");
  const lengthBytes = bytes.subarray(8, start);
  const length = lengthBytes.reduceRight((n, byte) => n * 256 + byte, 0);
  if (length > MAX_HEADER) throw npyError(where, `a header of ${length} bytes`);
  if (bytes.length < start + length) throw npyError(where, "ends inside its header");
  const text = String.fromCharCode(...bytes.subarray(start, start + length));
  return { ...parseDictionary(text, where), dataOffset: start + length };
}

const ENTRY = /\s*(['"])(\w+)\1\s*:\s*(?:(['"])([^'"]*)\3|(True|False)|\(([0-9,\s]*)\))\s*(,|$)/y;

/** The header is a Python dictionary literal with exactly three keys. */
function parseDictionary(text: string, where: string): Omit<NpyHeader, "dataOffset"> {
  const body = /^\s*\{([^{}]*)\}\s*$/.exec(text)?.[1]?.trimEnd();
  if (body === undefined) throw npyError(where, "its header is not a plain dictionary");
  const entries = new Map<string, string>();
  ENTRY.lastIndex = 0;
  for (let at = 0; at < body.length; at = ENTRY.lastIndex) {
    const match = ENTRY.exec(body);
    const key = match?.[2] ?? "";
    const value = match?.[4] ?? match?.[5] ?? match?.[6];
    if (value === undefined || entries.has(key)) {
      throw npyError(where, "its header is not a dictionary of descr, fortran_order and shape");
    }
    entries.set(key, value);
  }
  const [descr, order, shape] = ["descr", "fortran_order", "shape"].map((k) => entries.get(k));
  if (descr === undefined || order === undefined || shape === undefined || entries.size !== 3) {
    throw npyError(where, "its header does not have exactly descr, fortran_order and shape");
  }
  if (order !== "True" && order !== "False") throw npyError(where, `fortran_order is ${order}`);
  return { ...parseDescr(descr, where), fortran: order === "True", dims: parseShape(shape, where) };
}

function parseDescr(descr: string, where: string): { dtype: DType; bigEndian: boolean } {
  const order = descr.slice(0, 1);
  const dtype = TYPES.get(descr.slice(1));
  const single = descr.endsWith("1");
  if (dtype === undefined || !(order === "<" || order === ">" || (order === "|" && single))) {
    throw npyError(where, `element type '${descr}' is not supported`);
  }
  return { dtype, bigEndian: order === ">" };
}

function parseShape(shape: string, where: string): number[] {
  const text = shape.replace(/\s/g, "");
  if (text === "") return [];
  if (!/^(?:[0-9]{1,15},)+(?:[0-9]{1,15})?$/.test(text)) {
    throw npyError(where, `(${shape}) is not a shape`);
  }
  const dims = text.replace(/,$/, "").split(",").map(Number);
  if (dims.some((d) => d >= MAX_ELEMENTS) || elementCount(dims) >= MAX_ELEMENTS) {
    throw npyError(where, `(${shape}) is too large`);
  }
  return dims;
}

/** A version 1 header, padded with spaces so that the elements start at a multiple of 64. */
export function npyHeaderBytes(dtype: DType, dims: readonly number[]): Uint8Array {
  const type = [...TYPES].find(([, d]) => d === dtype)?.[0] as string;
  const descr = `${type.endsWith("1") ? "|" : "<"}${type}`;
  const shape = dims.length === 1 ? `${dims[0]},` : dims.join(", ");
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`;
  const total = Math.ceil((10 + text.length + 1) / 64) * 64;
  if (total - 10 > MAX_HEADER) throw npyError("npy", `a shape of ${dims.length} dims`);
  const bytes = new Uint8Array(total).fill(0x20);
  bytes.set([...MAGIC, 1, 0, (total - 10) & 0xff, (total - 10) >> 8]);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes[total - 1] = 0x0a;
  return bytes;
}
