import {
  canonicalNaNs,
  DTYPES,
  emptyTensor,
  firstNonCanonical,
  readerOf,
  stridesOf,
  type Tensor,
  writerOf,
} from "../../operators/basis.js";
import { npyError, npyHeaderBytes, readNpyHeader } from "./npy-header.js";

/**
 * Reads a .npy file (version 1 to 3; f16 f32 f64, i8–i64, u8–u64, bool; either endianness and
 * either memory order). The number of bytes must be exact. NaNs become canonical. `where` names
 * the file in messages. Throws `npy/malformed`.
 */
export function readNpy(bytes: Uint8Array, where = "npy"): Tensor {
  const { dtype, bigEndian, fortran, dims, dataOffset } = readNpyHeader(bytes, where);
  const { size } = DTYPES[dtype];
  const expected = dims.reduce((n, d) => n * d, size);
  const found = bytes.length - dataOffset;
  if (found !== expected) {
    throw npyError(where, `${dtype}[${dims}] has ${expected} bytes, the file ${found}`);
  }
  let data = bytes.subarray(dataOffset);
  if (bigEndian && size > 1) data = swapped(data, size);
  if (fortran && dims.length > 1) data = rowMajor(data, dims, size);
  if (dtype === "bool") {
    const at = firstNonCanonical(dtype, data);
    if (at !== -1) throw npyError(where, `element ${at} is ${data[at]}, not a bool`);
  }
  return canonicalNaNs({ dtype, dims, bytes: data });
}

/**
 * Writes a .npy file of version 1, little endian, row-major. numpy has no bf16, so a bf16 tensor
 * is written as f32, which holds every bf16 value exactly; `parseTensorFile` narrows it back.
 */
export function writeNpy(t: Tensor): Uint8Array {
  const plain = t.dtype === "bf16" ? widened(t) : t;
  const header = npyHeaderBytes(plain.dtype, plain.dims);
  const bytes = new Uint8Array(header.length + plain.bytes.length);
  bytes.set(header);
  bytes.set(plain.bytes, header.length);
  return bytes;
}

function widened(t: Tensor): Tensor {
  const wide = emptyTensor("f32", t.dims);
  const read = readerOf(t.dtype, t.bytes);
  const write = writerOf("f32", wide.bytes);
  for (let i = 0; i < wide.bytes.length / 4; i++) write(i, read(i));
  return wide;
}

function swapped(data: Uint8Array, size: number): Uint8Array {
  const bytes = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const within = i % size;
    bytes[i - within + (size - 1 - within)] = data[i] as number;
  }
  return bytes;
}

/** Elements of a column-major array in row-major order. */
function rowMajor(data: Uint8Array, dims: readonly number[], size: number): Uint8Array {
  const bytes = new Uint8Array(data.length);
  const strides = stridesOf([...dims].reverse()).reverse();
  const at = new Array<number>(dims.length).fill(0);
  let source = 0;
  for (let target = 0; target < data.length; target += size) {
    bytes.set(data.subarray(source * size, source * size + size), target);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      const next = (at[axis] as number) + 1;
      if (next < (dims[axis] as number)) {
        at[axis] = next;
        source += strides[axis] as number;
        break;
      }
      source -= (next - 1) * (strides[axis] as number);
      at[axis] = 0;
    }
  }
  return bytes;
}
