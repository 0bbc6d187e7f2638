import {
  buildProgram,
  DTYPES,
  type DType,
  type ElementProgram,
  emptyTensor,
  MICRO_OPS,
  type MicroOp,
  o,
  type Register,
  type RegisterType,
  type Tensor,
} from "../../operators/index.js";
import { SCALAR_FUNCTIONS } from "../../operators/scalar/functions/index.js";
import { randomBits } from "./edge-tensors.js";

/** Programs that store what a micro-op makes of every combination of edge values, and of random bits. */

const F32: readonly bigint[] = [
  0x00000000n,
  0x80000000n,
  0x00000001n,
  0x80000001n,
  0x007fffffn,
  0x00800000n,
  0x3f000000n,
  0xbf000000n,
  0x3fc00000n,
  0xbfc00000n,
  0x3f800000n,
  0xbf800000n,
  0x40200000n,
  0x4b000001n,
  0x4b800000n,
  0x4effffffn,
  0x4f000000n,
  0xcf000000n,
  0xcf000001n,
  0x5effffffn,
  0x5f000000n,
  0xdf000000n,
  0x5f7fffffn,
  0x5f800000n,
  0x7f7fffffn,
  0xff7fffffn,
  0x7f800000n,
  0xff800000n,
  0x7fc00000n,
  0xffc00001n,
  0x7f800001n,
  0x42b17218n,
  0xc2cff1b5n,
];
const F64: readonly bigint[] = [
  0x0n,
  0x8000000000000000n,
  0x1n,
  0x000fffffffffffffn,
  0x3fe0000000000000n,
  0xbfe0000000000000n,
  0x3ff8000000000000n,
  0xbff0000000000000n,
  0x4330000000000001n,
  0x41dfffffffc00000n,
  0x41e0000000000000n,
  0xc1e0000000200000n,
  0xc1e0000000000000n,
  0x43e0000000000000n,
  0xc3e0000000000000n,
  0x43dfffffffffffffn,
  0x43f0000000000000n,
  0x47efffffefffffffn,
  0x47effffff0000000n,
  0x36a0000000000000n,
  0x36a0000000000001n,
  0x3690000000000000n,
  0x3ff0000010000000n,
  0x3ff0000030000000n,
  0x7fefffffffffffffn,
  0x7ff0000000000000n,
  0xfff0000000000000n,
  0x7ff8000000000000n,
  0xfff8000000000001n,
];
const INTEGERS: readonly bigint[] = [
  0n,
  1n,
  -1n,
  2n,
  -2n,
  3n,
  7n,
  -7n,
  10n,
  31n,
  32n,
  33n,
  63n,
  64n,
  65n,
  127n,
  -128n,
  255n,
  65535n,
  0x7fffffffn,
  -0x80000000n,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  0x1000000000001n,
  0x7fffffffffffffffn,
  -0x8000000000000000n,
  0x4000004000000001n,
  0x4000004000000000n,
  0x20000000000001n,
  -0x20000000000003n,
];

const STORED: Readonly<Record<RegisterType, DType>> = {
  f32: "f32",
  f64: "f64",
  i32: "i32",
  i64: "i64",
};

function edgesOf(type: RegisterType): readonly bigint[] {
  if (type === "f32") return F32;
  return type === "f64" ? F64 : INTEGERS;
}

function tensorOfBits(type: RegisterType, bits: readonly bigint[]): Tensor {
  const t = emptyTensor(STORED[type], [bits.length]);
  const view = new DataView(t.bytes.buffer);
  const { size } = DTYPES[STORED[type]];
  bits.forEach((b, i) => {
    if (size === 4) view.setUint32(i * 4, Number(BigInt.asUintN(32, b)), true);
    else view.setBigUint64(i * 8, BigInt.asUintN(64, b), true);
  });
  return t;
}

/** One column per operand: all pairs of edges, then random bits. */
export function operandsOf(op: MicroOp): Tensor[] {
  const types = MICRO_OPS[op].args;
  const rows: bigint[][] = [];
  const edges = types.map(edgesOf) as [readonly bigint[], (readonly bigint[])?, ...unknown[]];
  for (const a of edges[0]) {
    for (const b of edges[1] ?? [0n]) rows.push([a, b, a ^ b]);
  }
  const next = randomBits(MICRO_OPS[op].code);
  const wide = (): bigint => (BigInt(next()) << 32n) | BigInt(next());
  for (let i = 0; i < 500; i++) rows.push([wide(), wide(), wide()]);
  return types.map((type, i) =>
    tensorOfBits(
      type,
      rows.map((r) => r[i] as bigint),
    ),
  );
}

/**
 * Rows of 4 elements, one vector each: element (i, j) takes operands from position i + j, or from
 * i, the same for the whole vector, where bit n of `uniform` says so for operand n.
 */
export function mapOf(op: MicroOp, operands: readonly Tensor[], uniform: number): ElementProgram {
  const count = (operands[0] as Tensor).dims[0] as number;
  return buildProgram({
    sources: operands,
    dtype: STORED[MICRO_OPS[op].result],
    out: [count - 3, 4],
    finish: (b) => {
      const args = operands.map((t, source): Register => {
        const view = { source, dtype: t.dtype, dims: t.dims };
        return b.read(view, [(uniform >> source) & 1 ? o(0) : [o(0), o(1)]]);
      });
      return b.op(op, ...args);
    },
  });
}

/** Every micro-op that has a meaning: a function's code may be reserved before the function is there. */
export const MICRO_OP_CASES = (Object.keys(MICRO_OPS) as MicroOp[]).filter(
  (op) => MICRO_OPS[op].code < 0xc0 || op in SCALAR_FUNCTIONS,
);
