import {
  DTYPES,
  type DType,
  elementCount,
  emptyTensor,
  type Tensor,
} from "../../operators/index.js";

/** Sources full of the values at which implementations part. */

/** A small deterministic generator (xorshift), so that a failure can be repeated. */
export function randomBits(seed: number): () => number {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

/** Zeros, units, subnormals, ties, the largest, infinities, quiet and signalling NaNs. */
const F32_EDGES = [
  0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x00000001, 0x807fffff, 0x00800000, 0x7f7fffff,
  0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc12345, 0x7f800001, 0x3f000000, 0x40200000,
  0xbfc00000, 0x4b000001, 0x4f000000, 0xcf000000, 0x5f000000, 0xdf000000, 0x33800000, 0x477fefff,
  0x477ff000, 0x38800000, 0x387fe000, 0x33000000, 0x33000001, 0x3f808000, 0x3f818000, 0x7f7f8000,
];
const INTEGER_EDGES = [0, 1, -1, 2, 3, 7, 31, 32, 63, 64, 127, 128, -128, 255, 32767, -32768];

/** A tensor of edge values, moderate values and raw bits, in proportions drawn from the seed. */
export function edgeTensor(dtype: DType, dims: readonly number[], seed: number): Tensor {
  const t = emptyTensor(dtype, dims);
  const view = new DataView(t.bytes.buffer);
  const next = randomBits(seed);
  const calm = next() % 3;
  const count = elementCount(dims);
  for (let i = 0; i < count; i++) writeEdge(view, dtype, i, next, calm);
  return t;
}

/** `calm` 0: every kind of value; 1: mostly moderate; 2: moderate only. */
function writeEdge(
  view: DataView,
  dtype: DType,
  i: number,
  next: () => number,
  calm: number,
): void {
  const kind = next() % 8;
  const isWild = calm === 0 ? kind < 5 : calm === 1 && kind === 0;
  const { size } = DTYPES[dtype];
  if (!isWild) return writeModerate(view, dtype, i, next);
  if (kind % 2 === 0 && (dtype === "f32" || dtype === "f64")) {
    const bits = F32_EDGES[next() % F32_EDGES.length] as number;
    if (dtype === "f32") return view.setUint32(i * 4, bits, true);
    const scratch = new DataView(new ArrayBuffer(4));
    scratch.setUint32(0, bits);
    return view.setFloat64(i * 8, scratch.getFloat32(0), true);
  }
  if (kind % 2 === 0 && dtype !== "f16" && dtype !== "bf16") {
    const value = BigInt(INTEGER_EDGES[next() % INTEGER_EDGES.length] as number);
    const shifted = next() % 3 === 0 ? value << BigInt(next() % 64) : value;
    for (let b = 0; b < size; b++) {
      view.setUint8(i * size + b, Number(BigInt.asUintN(8, shifted >> BigInt(8 * b))));
    }
    return;
  }
  for (let b = 0; b < size; b++) view.setUint8(i * size + b, next() >>> 7);
}

function writeModerate(view: DataView, dtype: DType, i: number, next: () => number): void {
  const small = (next() % 33) - 16;
  switch (dtype) {
    case "f32":
      return view.setFloat32(i * 4, small + (next() % 256) / 256, true);
    case "f64":
      return view.setFloat64(i * 8, small + (next() % 1024) / 1024, true);
    case "f16":
      return view.setUint16(i * 2, (next() % 0x1800) + 0x2c00 + (next() % 2) * 0x8000, true);
    case "bf16":
      return view.setUint16(i * 2, (next() % 0x200) + 0x3e80 + (next() % 2) * 0x8000, true);
    case "bool":
      return view.setUint8(i, next() % 2);
    default: {
      const { size } = DTYPES[dtype];
      const value = BigInt(small);
      for (let b = 0; b < size; b++) {
        view.setUint8(i * size + b, Number(BigInt.asUintN(8, value >> BigInt(8 * b))));
      }
    }
  }
}
