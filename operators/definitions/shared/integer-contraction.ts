import type { Lowering, LoweringContext } from "../definition.js";
import { inputOperand, invalid, requireDType, single } from "./context.js";
import type { Contraction, Side } from "./contraction.js";
import { FUNCTION_FLOATS } from "./elementwise.js";
import { multiplyAdd } from "./multiply-add.js";
import { BYTES, centred, requantised } from "./quantisation.js";
import { type Read, Reads } from "./reads.js";

/**
 * Σ (left − its zero point)·(right − its zero point) in i32, which wraps (rule 16): what integer and
 * quantised matrix products and convolutions have in common. A step in the padding is skipped, as
 * if x were its zero point there (rule 9).
 */

type Shape<C> = (context: LoweringContext, left: readonly number[], right: readonly number[]) => C;

/** Positions of an operand's scale and zero point among the inputs. */
interface Quantised {
  readonly at: number;
  readonly scale?: number;
  readonly zeroPoint: number;
}

/** Inputs: left, right and, both optional, their zero points. The result is the i32 sum. */
export function integerSum(context: LoweringContext, shape: Shape<Contraction>): Lowering {
  const c = sumOf(context, shape, { at: 0, zeroPoint: 2 }, { at: 1, zeroPoint: 3 });
  return single(context, c.reads.operands, c.contraction.dims, () => ({
    ...c.program,
    dtype: "i32",
    finish: (f) => f.state(0),
  }));
}

/**
 * Inputs: left, right and result, each with scale and zero point, the result's element missing. The
 * result is fl(fl(sum) · fl(fl(s_left · s_right) ÷ s_result)), quantised with its zero point. What
 * `bias` reads is added to the sum.
 */
export function requantisedSum<C extends Contraction>(
  context: LoweringContext,
  shape: Shape<C>,
  bias?: (contraction: C, reads: Reads) => Read | undefined,
): Lowering {
  const left = { at: 0, scale: 1, zeroPoint: 2 };
  const right = { at: 3, scale: 4, zeroPoint: 5 };
  const { contraction, reads, program } = sumOf(context, shape, left, right);
  const scale = (index: number, side: Side): Read => {
    const given = inputOperand(context, index);
    requireDType(context, given, FUNCTION_FLOATS);
    return contraction.parameter(reads, given, side);
  };
  const zeroPoint = inputOperand(context, 7);
  requireDType(context, zeroPoint, BYTES);
  const to = {
    scales: [scale(1, "left"), scale(4, "right"), scale(6, "result")],
    zeroPoint: contraction.parameter(reads, zeroPoint, "result"),
    dtype: zeroPoint.dtype,
  } as const;
  const added = bias?.(contraction, reads);
  return single(context, reads.operands, contraction.dims, () => ({
    ...program,
    dtype: zeroPoint.dtype,
    finish: (f) => requantised(f, added ? f.add(f.state(0), added(f)) : f.state(0), to),
  }));
}

function sumOf<C extends Contraction>(
  context: LoweringContext,
  shape: Shape<C>,
  left: Quantised,
  right: Quantised,
) {
  const a = inputOperand(context, left.at);
  const b = inputOperand(context, right.at);
  for (const t of [a, b]) requireDType(context, t, BYTES);
  const contraction = shape(context, a.dims, b.dims);
  const reads = new Reads();
  const x = reads.at(a, contraction.left);
  const w = reads.at(b, contraction.right);
  const zeroPoint = (index: number, dtype: string, side: Side): Read | undefined => {
    if (!context.inputs[index]) return undefined;
    const given = inputOperand(context, index);
    if (given.dtype !== dtype) throw invalid(context, `${given.dtype} zero point for ${dtype}`);
    return contraction.parameter(reads, given, side);
  };
  const zx = zeroPoint(left.zeroPoint, a.dtype, "left");
  const zw = zeroPoint(right.zeroPoint, b.dtype, "right");
  const program = {
    out: contraction.out,
    fold: contraction.fold,
    when: zx ? contraction.inside : [],
    ...multiplyAdd("i32", (s) => [centred(s, x, zx), centred(s, w, zw)]),
  };
  return { contraction, reads, program };
}
