import { type DType, isFloat } from "../dtype.js";
import { k, o, type View } from "../program/builder.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
import { broadcastIndex } from "./shared/broadcast.js";
import {
  floatAttribute,
  inputOperand,
  intAttribute,
  invalid,
  type Operand,
  registerOf,
  requireDType,
  single,
  unsupported,
} from "./shared/context.js";
import { FLOATS, WORDS } from "./shared/elementwise.js";
import { multiplyAdd } from "./shared/multiply-add.js";

/**
 * Gemm: Y[m,n] = fl(fl(α·acc) + fl(β·C)), acc the fold over k of multiply-add of A'[m,k] and B'[k,n]
 * (rule 9), where ' is the transpose if transA or transB is set. C, if given, broadcasts to [m,n];
 * without it Y = fl(α·acc). Nothing is skipped when α or β is 0 or 1.
 * Inputs of one dtype, f32/f16/bf16/f64 or i32/i64/u32/u64; A and B of rank 2. Integers wrap, their α and β
 * must be whole (`operator/unsupported`). Source: ONNX Gemm, versions 1, 6, 7, 9, 11, 13.
 */
export const gemm: OperatorDefinition = {
  domain: "",
  name: "Gemm",
  versions: [1, 6, 7, 9, 11, 13],
  lower(context) {
    const a = inputOperand(context, 0);
    const b = inputOperand(context, 1);
    const c = context.inputs[2] ? inputOperand(context, 2) : undefined;
    requireDType(context, a, [...FLOATS, ...WORDS]);
    for (const t of [b, ...(c ? [c] : [])]) {
      if (t.dtype !== a.dtype) throw invalid(context, `mixes ${a.dtype} and ${t.dtype}`);
    }
    if (a.dims.length !== 2 || b.dims.length !== 2) throw invalid(context, "takes matrices");
    const transA = intAttribute(context, "transA", 0) !== 0;
    const transB = intAttribute(context, "transB", 0) !== 0;
    const [m, depth] = (transA ? [...a.dims].reverse() : a.dims) as [number, number];
    const [bDepth, n] = (transB ? [...b.dims].reverse() : b.dims) as [number, number];
    if (depth !== bDepth) throw invalid(context, `inner dims ${depth} and ${bDepth} differ`);
    const out = [m, n];
    if (c) requireBroadcast(context, c, out);
    const type = registerOf(a.dtype);
    const [alpha, beta] = [factor(context, "alpha", a.dtype), factor(context, "beta", a.dtype)];
    return single(context, c ? [a, b, c] : [a, b], out, ([va, vb, vc]) => ({
      dtype: a.dtype,
      out,
      fold: [depth],
      ...multiplyAdd(type, (s) => [
        s.read(va as View, transA ? [k(0), o(0)] : [o(0), k(0)]),
        s.read(vb as View, transB ? [o(1), k(0)] : [k(0), o(1)]),
      ]),
      finish: (f) => {
        const product = f.mul(f.of(type, alpha), f.state(0));
        if (!vc) return product;
        const bias = f.read(vc, broadcastIndex(vc, 2));
        return f.add(product, f.mul(f.of(type, beta), bias));
      },
    }));
  },
};

function factor(context: LoweringContext, name: string, dtype: DType): number {
  const value = floatAttribute(context, name, 1);
  if (isFloat(dtype) || Number.isSafeInteger(value)) return value;
  throw unsupported(context, `${name} ${value} for ${dtype}`);
}

function requireBroadcast(context: LoweringContext, c: Operand, out: readonly number[]): void {
  const fits =
    c.dims.length <= 2 &&
    c.dims.every((d, i) => {
      const target = out[2 - c.dims.length + i];
      return d === target || d === 1;
    });
  // Before version 7, C is broadcast only where an attribute says so.
  const strict = context.version < 7 && intAttribute(context, "broadcast", 0) === 0;
  if (!fits || (strict && c.dims.join() !== out.join())) {
    throw invalid(context, `C [${c.dims}] does not broadcast to [${out}]`);
  }
}
