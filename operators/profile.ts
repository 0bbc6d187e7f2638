import { DTYPES, REGISTER_CODES } from "./dtype.js";
import { ByteWriter, functionBytes } from "./program/bytes.js";
import { MICRO_OPS } from "./program/micro-ops.js";
import { LIMITS } from "./program/types.js";
import { atan2 } from "./scalar/functions/atan2.js";
import { fmod } from "./scalar/functions/fmod.js";
import { pow } from "./scalar/functions/pow.js";

/**
 * The numeric profile: what two honest implementers must agree on. Its digest is in every receipt;
 * the name has no part in it. A released profile never changes: a changed rule is a new profile.
 * docs/numeric-contract.md explains every sentence, and a test holds that page against this table.
 */
export const PROFILE = {
  name: "portable-1",
  rules: [
    "1 scalars: IEEE-754 binary32 and binary64, round to nearest even, subnormals kept, no contraction, no reassociation; binary64 has + - * / sqrt and comparisons only, the functions of rule 6 and what is built on them are refused for f64; float attributes and schema defaults are binary32 values, widened exactly for f64",
    "2 NaN: every micro-op result and state word has the canonical NaN f32 7fc00000, f64 7ff8000000000000, f16 7e00, bf16 7fc0; inputs and weights are canonicalised at binding, before hashing",
    "3 total: a read outside its dims yields its pad; integer division truncates, x/0 = x mod 0 = 0, MIN/-1 wraps; integers wrap; a shift by the width or more gives 0, arithmetic right the sign; float to integer truncates and saturates, NaN to 0; float to bool is x != 0, true for NaN; a bool is 0 or 1; index arithmetic with registers wraps modulo 2^64; affine extremes and counts are below 2^48",
    "4 conversions round once, directly from source to target, 64-bit integers to f16 and bf16 too; float to a narrow integer saturates at the limits of that integer; integer to integer wraps",
    "5 f16 and bf16 tensors are widened exactly to f32, computed in f32 and rounded once at the operator's output; intermediates stay f32",
    "6 functions: exp, exp2, exp10, expm1, log, log2, log10, log1p, sin, cos, tan, asin, acos, atan, sinh, cosh, tanh, asinh, acosh, atanh, erf, erfc, cbrt, rsqrt are the correctly rounded binary32 value, rsqrt(-0) = -inf; pow, atan2, fmod are their fixed programs, whose bytes end this table",
    "7 compositions: sigmoid(x) = 1/(1+exp(-x)); silu = x*sigmoid(x), swish and quick gelu = x*sigmoid(alpha*x); softplus = log1p(exp(x)) for x <= 20, else x; gelu = (0.5*x)*(1+erf(x*fl(sqrt(1/2)))); tanh gelu = (0.5*x)*(1+tanh(fl(sqrt(2/pi))*(x+fl(0.044715)*((x*x)*x)))), fast gelu is that of x+bias; hard sigmoid = max(0,min(1,alpha*x+beta)), hard swish = x*hard sigmoid(x) with alpha fl(1/6), beta 0.5; swiglu = swish(a)*b; bias gelu is gelu of x+bias; mish = x*tanh(softplus(x)); elu: x >= 0 ? x : alpha*expm1(x); celu: x >= 0 ? x : alpha*expm1(x/alpha); selu = gamma*(x > 0 ? x : alpha*expm1(x)); softsign = x/(1+abs(x)); reciprocal = 1/x; each operation is rounded",
    "8 order: max and min let NaN win, +0 > -0; clip = min(max(x,lo),hi), before version 11 an absent bound is -+ the largest binary32, from 11 no bound; relu = max(x,+0); leaky and parametric relu: x < 0 ? slope*x : x; thresholded relu: x > alpha ? x : +0; shrink: x < -lambd ? x+bias : lambd < x ? x-bias : +0; sign(-0) = sign(+0) = +0, sign(NaN) = NaN; comparisons with NaN are false, -0 equals +0; round is half to even, -0 kept; arg-max, arg-min, top-k compare numerically, NaN greatest (least for arg-min; greatest for the least k too), first index wins, the last where the node says so; top-k is sorted, best first, whether it must be or not; hardmax: 1 where arg-max points, +0 elsewhere",
    "9 contractions: acc = +0; acc = fl(acc + fl(a*b)), k ascending over the stated fold order, operands left to right; convolution folds channel, then kernel dims; transposed convolution folds channel of the group, then the kernel positions k with output + pad - k*dilation a multiple of the stride, the others being no steps, cells outside +0 as padding is; causal convolution folds the kernel over past and input, an absent past +0; padding is read as +0 and multiplied and added, quantised convolution skips it; gemm = fl(fl(alpha*acc)+fl(beta*C)), without C fl(alpha*acc), nothing skipped at 0 or 1; bias after the fold; einsum multiplies its operands left to right, then adds, from +0 over the contracted labels by first appearance, the last fastest; where no label is contracted the product is the element, nothing is added; fused matmul fl(alpha*acc); integer operands of matmul and gemm wrap, alpha and beta must be whole",
    "10 sums in reductions, means, norms, softmax, attention, average pooling, LRN, norms of windows and rows: 32 lanes, element i of the row-major fold coordinate to lane i mod 32 ascending, lanes start at +0 and add, tree l with l+16, +8, +4, +2, +1; cumulative sums start at +0, products at 1 and are sequential; variadic sums, minima, maxima go left to right from the first operand as it is",
    "11 empty folds: sum 0, product 1, max -inf, min +inf (integers: limits), mean NaN; arg-max of nothing is refused; max and min of bools are or and and",
    "12 mean = fl(sum/fl(n)), of variadic sums too; average pooling divides by in-bounds cells, with count_include_pad by cells inside the padded extent; no cell gives NaN; padding counts a position and adds nothing; of integers the wrapped sum divided by n, truncated, of nothing 0",
    "13 softmax: m = max; e = exp(fl(x-m)); s = lane sum of e; fl(e/s); a row of all -inf or without visible key is NaN; log softmax = fl(fl(x-m)-log(s)); log-sum-exp = fl(log(s)+m), m +0 where the maximum is infinite or NaN; log-sum = log(s), L2 = sqrt(lane sum of fl(x*x)); p-norms: the lane sum of abs(x), fl(x*x) or pow(abs(x),p), for p = 1 itself, for p = 2 its square root, else pow of it and fl(1/p); in pooling padding counts a position and adds nothing; Lp normalization: fl(x/norm), x where the norm is 0",
    "14 norms: mean; d = fl(x-mean); var = lane sum of fl(d*d) / n; y = fl(fl(d*rsqrt(fl(var+eps)))*gamma), then + beta; batch norm the same with mean and var given; RMS norm without the mean; eps is rounded to f32 at import; statistics that are outputs are f32; LRN: fl(x/pow(fl(bias+fl(fl(alpha/fl(size))*s)),beta)), s the lane sum of fl(x*x) by position in the window of size channels that begins floor((size-1)/2) before, absent channels adding nothing; skip norms take the norm of fl(fl(x+skip)+bias), their mean output without a mean +0; mean-variance normalization: fl(d/fl(fl(sqrt(var))+fl(1e-9)))",
    "15 attention: s = fl(dot*scale), default scale fl(1/fl(sqrt(d))); softcap c > 0: s = fl(tanh(fl(s/c))*c); float mask added, hiding nothing; softmax over visible keys by absolute position; p = fl(e/sum) before the contraction with V, keys ascending; invisible keys are skipped: bool mask false, beyond the mask, at or beyond the key length, or key > query + offset when causal, offset the past length, or key length - queries where lengths are given without a past; as outputs scores show an invisible key as -inf and probabilities as +0",
    "16 quantise: fl(x/scale), half to even, add the zero point, saturate; NaN gives 0, i32 is rounded to f32 first; dequantise fl(fl(x-zero point)*scale), the difference in i32; dynamic: scale fl(fl(max(x,+0)-min(x,+0))/255), zero point fl(0-fl(min/scale)) clipped to 0..255, then half to even, NaN gives 0; sums of products of differences from the zero points are i32 and wrap, so is the bias added to them; requantise fl(fl(sum)*fl(fl(sx*sw)/sy)), then quantised as above; all in f32, f16 and bf16 scales are widened",
    "17 randomness: Philox4x32-10, key = seed, counter = (position, stream, index, 0); uniform = ((u32 >> 9) + 0.5) * 2^-23",
    "18 powers: a float operand: pow of both converted to f32, converted to the base's dtype; integers: wrapping product, a negative exponent truncates the reciprocal: 1 gives 1, -1 gives -1 or 1, any other base, 0 too, gives 0",
    "19 remainders: integers have the divisor's sign, with fmod the dividend's; floats with fmod only, exact, a zero has the dividend's sign, x mod +-inf = x, +-inf mod y = x mod 0 = NaN",
    "20 max pooling: padding is skipped, a window of padding alone is empty (rule 11); its index output is that of arg-max over the cells in bounds, row-major in the whole input, with storage_order 1 column-major in the spatial dims, -1 where empty",
    "21 index work copies bits: gather counts a negative index from the end and reads 0 outside; pad repeats the edge, reflects again and again without repeating it, or wraps, and reads 0 on an axis of extent 0; range: fl(start+fl(i*delta)), its length exact for integers, from the f64 quotient of the f64 difference for floats; dropout is inference, its mask ones, before version 12 zeros; eye: 1 on the diagonal, 0 elsewhere; one-hot: the index truncated, from version 11 counted from the end where negative, outside hits nothing; compress keeps the true slices in order; reverse sequence reads outside for a length beyond the axis; non-zero lists coordinates row-major, -0 is zero and NaN is not; slices and stacks of scans and loops are those of slice and concat",
    "22 recurrences: each gate is the sum, left to right, of the product of its weights with the input, that with the state before, the peephole's part, the bias of the input and that of the state; each product is a contraction from +0; clip is min(max(x,-c),c) before each activation; with linear_before_reset 0 the candidate of a GRU adds the bias of the state before that of the input; C = fl(fl(f*C')+fl(i*c)), H = fl(o*h(C)); GRU H = fl(fl(fl(1-z)*h)+fl(z*H')); input_forget f = 1-i; a batch entry whose sequence has ended keeps its state and gives +0; activations are rule 7's, affine fl(fl(alpha*x)+beta), scaled tanh fl(alpha*tanh(fl(beta*x)))",
    "23 linear attention: D = fl(S'*exp(decay)), without decay S'; S = fl(D+fl(k*v)), with a delta rule v replaced by fl(beta*fl(v-dot(D,k))); output fl(scale*dot(q,S)), default scale fl(1/fl(sqrt(key size)))",
    "24 scatter: updates are applied in row-major order of the indices; without a reduction the last that hits an element is the element, with add, mul, min or max each is folded onto the element of data, rounded each (halves once, at the end), min and max by rule 8, integers wrap; an index counts from the end where negative, an update outside is dropped; tensor scatter: position start + i, modulo the extent where circular, dropped outside where linear",
    "25 rotary embedding: first' = fl(fl(cos*first)-fl(sin*second)), second' = fl(fl(sin*first)+fl(cos*second)); pair i is elements i and i+half, interleaved 2i and 2i+1; elements beyond the pairs are copied; a position outside the cache reads 0",
    "26 selections whose length depends on values are computed at binding: unique slices by position, -0 equal to +0, NaN to NaN and greatest, ascending or by first appearance, the first of equals kept; non-max suppression per batch and class by descending score, of equals the first, among scores above the threshold, a box taken unless fl(i/fl(fl(a+b)-i)) with one that was taken is above the threshold, in f32; corners min and max, or fl(c-fl(w/2)) and fl(c+fl(w/2)); areas fl(width*height), a negative side of the intersection +0; no overlap where an area is not above 0",
    "27 resize: in f64, each operation rounded: a scale is to/from, from scales scale/1, from sizes size/D; length L = fl32(fl32(D)*scale), count floor(L), from sizes L = count = size; with an aspect policy one to/from for all axes, that whose f64 quotient is least (not larger) or greatest (not smaller), the first of equals, L = fl(fl(D*to)/from), count floor(fl(L+0.5)); coordinate x of cell p: half-pixel ((p+0.5)*from)/to-0.5, symmetric (c+((p+0.5)*from)/to)-0.5 with c = (D/2)*(1-count/L), pytorch half-pixel as half-pixel if L > 1, else 0, align-corners (p*(D-1))/(L-1) if L > 1, else 0, asymmetric (p*from)/to, tf half-pixel ((p+0.5)*from)/to, crop ((p*(end-start))*(D-1))/(L-1)+start*(D-1) if L > 1, else (0.5*(start+end))*(D-1); nearest copies the bits of cell floor(x), ceil(x), ceil(x-0.5) (prefer floor) or floor(x+0.5) (prefer ceil), clamped, version 10 ceil where to < from, else floor; linear and cubic: from the last resized axis to the first, acc = +0, acc = fl(acc+fl(cell*weight)) over taps q ascending in the arithmetic of rule 5, integers in f32, converted once at the end (rule 4); taps floor(x)+t, t from 1+floor(-r/s), 2-2*(1+floor(-r/s)) of them, r 1 for linear, 2 for cubic, s = min(fl(to/from),1) with antialias, else 1, x clamped to 0 ... D-1 first for linear without antialias; weight K(abs(q-x)*s), linear max(0,1-d), cubic ((a+2)*d-(a+3))*d*d+1 for d <= 1, ((a*d-5*a)*d+8*a)*d-4*a for d < 2, else 0; with exclude-outside +0 outside; with antialias or exclude-outside divided by the sum of the weights, taps ascending from +0 (not for linear without antialias); then rounded to the arithmetic; a tap outside reads the nearest cell; an axis with to = from and count = D is left alone unless cropped or tf half-pixel; cropped, an element with a coordinate outside 0 ... D-1 on any axis is the extrapolation value; upsample is resize, asymmetric, floor",
  ],
  /** Canonical bytes of the normative tables: rules, dtypes, micro-ops, limits, the fixed programs. */
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
    for (const fixed of [pow, atan2, fmod]) {
      const program = functionBytes(fixed);
      w.u32(program.length);
      w.raw(program);
    }
    return w.bytes();
  },
} as const;
