import { DTYPES, REGISTER_CODES } from "./dtype.js";
import { ByteWriter, functionBytes } from "./program/bytes.js";
import { MICRO_OPS } from "./program/micro-ops.js";
import { LIMITS } from "./program/types.js";
import { pow } from "./scalar/functions/pow.js";

/**
 * The numeric profile: what two honest implementers must agree on. Its digest is in every receipt;
 * the name has no part in it. A released profile never changes: a changed rule is a new profile.
 * docs/numeric-contract.md explains every sentence, and a test holds that page against this table.
 */
export const PROFILE = {
  name: "portable-1-draft",
  rules: [
    "1 scalars: IEEE-754 binary32 and binary64, round to nearest even, subnormals kept, no contraction, no reassociation; binary64 has + - * / sqrt and comparisons only, the functions of rule 6 and what is built on them are refused for f64; float attributes and schema defaults are binary32 values, widened exactly for f64",
    "2 NaN: every micro-op result and state word has the canonical NaN f32 7fc00000, f64 7ff8000000000000, f16 7e00, bf16 7fc0; inputs and weights are canonicalised at binding, before hashing",
    "3 total: a read outside its dims yields its pad; integer division truncates, x/0 = x mod 0 = 0, MIN/-1 wraps; integers wrap; a shift by the width or more gives 0, arithmetic right the sign; float to integer truncates and saturates, NaN to 0; float to bool is x != 0, true for NaN; a bool is 0 or 1; index arithmetic with registers wraps modulo 2^64; affine extremes and counts are below 2^48",
    "4 conversions round once, directly from source to target, 64-bit integers to f16 and bf16 too; float to a narrow integer saturates at the limits of that integer; integer to integer wraps",
    "5 f16 and bf16 tensors are widened exactly to f32, computed in f32 and rounded once at the operator's output; intermediates stay f32",
    "6 functions: exp, log, log1p, tanh, erf, rsqrt are the correctly rounded binary32 value, rsqrt(-0) = -inf; pow is its fixed program, whose bytes end this table",
    "7 compositions: sigmoid(x) = 1/(1+exp(-x)); silu = x*sigmoid(x), swish and quick gelu = x*sigmoid(alpha*x); softplus = log1p(exp(x)) for x <= 20, else x; gelu = (0.5*x)*(1+erf(x*fl(sqrt(1/2)))); tanh gelu = (0.5*x)*(1+tanh(fl(sqrt(2/pi))*(x+fl(0.044715)*((x*x)*x)))), fast gelu is that of x+bias; hard sigmoid = max(0,min(1,alpha*x+beta)), hard swish = x*hard sigmoid(x) with alpha fl(1/6), beta 0.5; softsign = x/(1+abs(x)); reciprocal = 1/x; each operation is rounded",
    "8 order: max and min let NaN win, +0 > -0; clip = min(max(x,lo),hi), before version 11 an absent bound is -+ the largest binary32, from 11 no bound; relu = max(x,+0); leaky and parametric relu: x < 0 ? slope*x : x; thresholded relu: x > alpha ? x : +0; sign(-0) = sign(+0) = +0, sign(NaN) = NaN; comparisons with NaN are false, -0 equals +0; round is half to even, -0 kept; arg-max, arg-min, top-k compare numerically, NaN greatest (least for arg-min), first index wins, the last where the node says so",
    "9 contractions: acc = +0; acc = fl(acc + fl(a*b)), k ascending over the stated fold order, operands left to right; convolution folds channel, then kernel dims; padding is read as +0 and multiplied and added, quantised convolution skips it; gemm = fl(fl(alpha*acc)+fl(beta*C)), without C fl(alpha*acc), nothing skipped at 0 or 1; bias after the fold",
    "10 sums in reductions, means, norms, softmax, attention, average pooling, LRN: 32 lanes, element i of the row-major fold coordinate to lane i mod 32 ascending, lanes start at +0 and add, tree l with l+16, +8, +4, +2, +1; cumulative sums start at +0, products at 1 and are sequential; variadic sums, minima, maxima go left to right from the first operand as it is",
    "11 empty folds: sum 0, product 1, max -inf, min +inf (integers: limits), mean NaN; arg-max of nothing is refused; max and min of bools are or and and",
    "12 mean = fl(sum/fl(n)), of variadic sums too; average pooling divides by in-bounds cells, with count_include_pad by cells inside the padded extent; no cell gives NaN; padding counts a position and adds nothing",
    "13 softmax: m = max; e = exp(fl(x-m)); s = lane sum of e; fl(e/s); a row of all -inf or without visible key is NaN; log softmax = fl(fl(x-m)-log(s)); log-sum-exp = fl(log(s)+m), m +0 where the maximum is infinite or NaN; log-sum = log(s), L2 = sqrt(lane sum of fl(x*x))",
    "14 norms: mean; d = fl(x-mean); var = lane sum of fl(d*d) / n; y = fl(fl(d*rsqrt(fl(var+eps)))*gamma), then + beta; batch norm the same with mean and var given; RMS norm without the mean; eps is rounded to f32 at import; statistics that are outputs are f32; LRN: fl(x/pow(fl(bias+fl(fl(alpha/fl(size))*s)),beta)), s the lane sum of fl(x*x) by position in the window of size channels that begins floor((size-1)/2) before, absent channels adding nothing",
    "15 attention: s = fl(dot*scale), default scale fl(1/fl(sqrt(d))); softcap c > 0: s = fl(tanh(fl(s/c))*c); float mask added, hiding nothing; softmax over visible keys by absolute position; p = fl(e/sum) before the contraction with V, keys ascending; invisible keys are skipped: bool mask false, beyond the mask, at or beyond the key length, or key > query + offset when causal, offset the past length, or key length - queries where lengths are given without a past; as outputs scores show an invisible key as -inf and probabilities as +0",
    "16 quantise: x/scale, half to even, add zero point, saturate; requantise fl(fl(sx*sw)/sy); accumulators i32 wrap",
    "17 randomness: Philox4x32-10, key = seed, counter = (position, stream, index, 0); uniform = ((u32 >> 9) + 0.5) * 2^-23",
    "18 powers: a float operand: pow of both converted to f32, converted to the base's dtype; integers: wrapping product, a negative exponent truncates the reciprocal: 1 gives 1, -1 gives -1 or 1, any other base, 0 too, gives 0",
    "19 remainders: integers have the divisor's sign, with fmod the dividend's; floats with fmod only, exact, a zero has the dividend's sign, x mod +-inf = x, +-inf mod y = x mod 0 = NaN",
    "20 max pooling: padding is skipped, a window of padding alone is empty (rule 11); its index output is that of arg-max over the cells in bounds, row-major in the whole input, with storage_order 1 column-major in the spatial dims, -1 where empty",
    "21 index work copies bits: gather counts a negative index from the end and reads 0 outside; pad repeats the edge, reflects again and again without repeating it, or wraps, and reads 0 on an axis of extent 0; range: fl(start+fl(i*delta)), its length exact for integers, from the f64 quotient of the f64 difference for floats; dropout is inference, its mask ones",
  ],
  /** Canonical bytes of the normative tables: rules, dtypes, micro-ops, limits, the program of pow. */
  bytes(): Uint8Array {
    const w = new ByteWriter();
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
    const program = functionBytes(pow);
    w.u32(program.length);
    w.raw(program);
    return w.bytes();
  },
} as const;
