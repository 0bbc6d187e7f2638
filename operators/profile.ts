import { DTYPES, REGISTER_CODES } from "./dtype.js";
import { ByteWriter } from "./program/bytes.js";
import { MICRO_OPS } from "./program/micro-ops.js";
import { LIMITS } from "./program/types.js";

/**
 * The numeric profile: what two honest implementers must agree on. Its digest, not its name, is in
 * every receipt. A released profile never changes; a changed rule is a new profile. The sentences
 * are explained in docs/numeric-contract.md, which a test holds against this table.
 */
export const PROFILE = {
  name: "portable-1-draft",
  rules: [
    "1 scalars: IEEE-754 binary32 and binary64, round to nearest even, subnormals kept, no contraction, no reassociation; binary64 has + - * / sqrt and comparisons only",
    "2 NaN: every micro-op result and state word has the canonical NaN f32 7fc00000, f64 7ff8000000000000, f16 7e00, bf16 7fc0; inputs and weights are canonicalised at binding, before hashing",
    "3 total: a read outside its dims yields its pad; integer x/0 = x mod 0 = 0; MIN/-1 wraps; integers wrap; a shift by the width or more gives 0, arithmetic right the sign; float to integer truncates, saturates, NaN to 0; float to bool is x != 0; index arithmetic with registers wraps modulo 2^64; affine extremes and counts are below 2^48",
    "4 conversions round once, directly from source to target",
    "5 f16 and bf16 tensors are widened exactly to f32, computed in f32 and rounded once at the operator's output; intermediates stay f32",
    "6 functions: the correctly rounded binary32 value; pow is its fixed program",
    "7 compositions: sigmoid(x) = 1/(1+exp(-x)); silu = x*sigmoid(x); softplus = log1p(exp(x)) for x <= 20, else x; gelu = (0.5*x)*(1+erf(x*fl(sqrt(1/2)))); tanh gelu as in the ONNX specification, left to right",
    "8 order: max and min let NaN win, +0 > -0; clip = min(max(x,lo),hi); round is half to even, -0 kept; arg-max, arg-min, top-k compare numerically, NaN greatest (least for arg-min), first index wins",
    "9 contractions: acc = +0; acc = fl(acc + fl(a*b)), k ascending over the stated fold order, operands left to right; padding is read as +0 and multiplied and added, quantised convolution skips it; gemm = fl(fl(alpha*acc)+fl(beta*C)); bias after the fold",
    "10 sums in reductions, means, norms, softmax, average pooling: 32 lanes, element i to lane i mod 32 ascending, lanes start at +0 and add, tree l with l+16, +8, +4, +2, +1; cumulative sums, products, variadic sums are sequential",
    "11 empty folds: sum 0, product 1, max -inf, min +inf (integers: limits), mean NaN; arg-max of nothing is refused",
    "12 mean = fl(sum/fl(n)); average pooling divides by in-bounds cells, with count_include_pad by cells inside the padded extent",
    "13 softmax: m = max; e = exp(fl(x-m)); s = lane sum of e; fl(e/s); a row of all -inf or without visible key is NaN",
    "14 norms: mean; d = fl(x-mean); var = lane sum of fl(d*d) / n; y = fl(fl(d*rsqrt(fl(var+eps)))*gamma), then + beta; RMS norm without the mean; eps is rounded to f32 at import",
    "15 attention: s = fl(dot*scale), default scale fl(1/fl(sqrt(d))); softcap; additive mask; softmax over visible keys by absolute position; p = fl(e/sum) before the contraction with V; invisible keys are skipped",
    "16 quantise: x/scale, half to even, add zero point, saturate; requantise fl(fl(sx*sw)/sy); accumulators i32 wrap",
    "17 randomness: Philox4x32-10, key = seed, counter = (position, stream, index, 0); uniform = ((u32 >> 9) + 0.5) * 2^-23",
  ],
  /** Canonical bytes of the normative tables: rules, dtypes, registers, micro-ops, limits. */
  bytes(): Uint8Array {
    const w = new ByteWriter();
    w.text(PROFILE.name);
    w.list(PROFILE.rules, (rule) => w.text(rule));
    w.list(Object.entries(DTYPES), ([name, d]) => {
      w.text(name);
      w.u8(d.code);
      w.u8(d.size);
      w.u8(REGISTER_CODES[d.register]);
    });
    w.list(Object.entries(MICRO_OPS), ([name, op]) => {
      w.text(name);
      w.u8(op.code);
      w.list(op.args, (a) => w.u8(REGISTER_CODES[a]));
      w.u8(REGISTER_CODES[op.result]);
    });
    w.list(Object.entries(LIMITS), ([name, value]) => {
      w.text(name);
      w.i64(value);
    });
    return w.bytes();
  },
} as const;
