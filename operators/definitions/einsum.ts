import {
  type BodyBuilder,
  type Index,
  k,
  o,
  type ProgramSpec,
  type Register,
  type View,
} from "../program/builder.js";
import { zero } from "../program/literal.js";
import { LIMITS } from "../program/types.js";
import type { LoweringContext, OperatorDefinition } from "./definition.js";
import { type Equation, equationOf } from "./einsum-equation.js";
import {
  inputOperand,
  invalid,
  type Operand,
  registerOf,
  requireDType,
  single,
  unsupported,
} from "./shared/context.js";
import { NUMBERS } from "./shared/elementwise.js";
import { multiplyAdd } from "./shared/multiply-add.js";

/**
 * Einsum: y[output labels] = the sum over all other labels of the product of the operands. The product
 * is taken from left to right, each multiplication rounded; the sum is a fold from +0 over the
 * contracted labels by first appearance, the last fastest (rule 9). Where no label is contracted, y is
 * the product as it is. A label that a term repeats reads the diagonal; an axis of extent 1 broadcasts.
 *
 * Dtypes: any number, operands alike; integers wrap.
 * Errors: `operator/invalid` where equation and operands do not fit; `operator/unsupported` above eight
 * labels of extent > 1 in the output, the sum or an operand.
 * Source: ONNX Einsum, version 12.
 */
export const einsum: OperatorDefinition = {
  domain: "",
  name: "Einsum",
  versions: [12],
  lower(context) {
    const operands = context.inputs.map((_, i) => inputOperand(context, i));
    const [first] = operands;
    if (!first) throw invalid(context, "takes at least one input");
    for (const t of operands) requireDType(context, t, t === first ? NUMBERS : [first.dtype]);
    const equation = equationOf(context);
    const extent = (label: string) => equation.extents.get(label) as number;
    const dims = equation.output.map(extent);
    const out = equation.output.filter((label) => extent(label) !== 1);
    const fold = equation.contracted.filter((label) => extent(label) !== 1);
    const indexOf = (label: string): Index => {
      if (out.includes(label)) return o(out.indexOf(label));
      return fold.includes(label) ? k(fold.indexOf(label)) : 0;
    };
    const seen = operands.map((t, i) => withoutUnits(t, equation.terms[i] as readonly string[]));
    requireRank(context, [out, fold, ...seen.map((t) => t.labels)], operands.length);
    return single(
      context,
      seen.map((t) => t.operand),
      dims,
      (views) => ({
        dtype: first.dtype,
        out: out.map(extent),
        ...sumOfProducts(equation, fold.map(extent), first, (b, i) =>
          b.read(views[i] as View, (seen[i]?.labels ?? []).map(indexOf)),
        ),
      }),
    );
  },
};

/** The operand without its axes of extent 1. */
function withoutUnits(t: Operand, term: readonly string[]) {
  const isReal = (_: unknown, axis: number) => t.dims[axis] !== 1;
  return { operand: { ...t, dims: t.dims.filter(isReal) }, labels: term.filter(isReal) };
}

function requireRank(
  context: LoweringContext,
  lists: readonly (readonly string[])[],
  operands: number,
): void {
  const rank = Math.max(...lists.map((labels) => labels.length));
  if (rank > LIMITS.rank) {
    throw unsupported(context, `${rank} labels in one place; at most ${LIMITS.rank} are supported`);
  }
  if (operands > LIMITS.sources) throw unsupported(context, `${operands} operands`);
}

function sumOfProducts(
  { terms, contracted }: Equation,
  fold: readonly number[],
  { dtype }: Operand,
  operand: (b: BodyBuilder, index: number) => Register,
): Pick<ProgramSpec, "fold" | "init" | "step" | "finish"> {
  const product = (b: BodyBuilder, from: number): Register =>
    terms.slice(from + 1).reduce((p, _, i) => b.mul(p, operand(b, from + 1 + i)), operand(b, from));
  if (contracted.length === 0) return { finish: (b) => product(b, 0) };
  const type = registerOf(dtype);
  const finish = (b: BodyBuilder): Register => b.state(0);
  // A label of extent 1 is contracted too: one step, so that +0 is added.
  const steps = fold.length === 0 ? [1] : fold;
  if (terms.length === 2) {
    return { fold: steps, ...multiplyAdd(type, (s) => [operand(s, 0), operand(s, 1)]), finish };
  }
  return {
    fold: steps,
    init: [zero(type)],
    step: (s) => [s.add(s.state(0), product(s, 0))],
    finish,
  };
}
