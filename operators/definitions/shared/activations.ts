import type { BodyBuilder, Register } from "../../program/builder.js";
import type { LoweringContext } from "../definition.js";
import { eluOf } from "../elu.js";
import { sigmoidOf } from "../sigmoid.js";
import { softplusOf } from "../softplus.js";
import { floatsAttribute, invalid, unsupported } from "./context.js";

/** A function of one f32 as the recurrent operators name it in their attribute `activations`. */
export type Activation = (b: BodyBuilder, x: Register) => Register;

interface ActivationSpec {
  /** Default of alpha and of beta, where it takes them; `null` where it has no default. */
  readonly alpha?: number | null;
  readonly beta?: number | null;
  apply(b: BodyBuilder, x: Register, alpha: Register, beta: Register): Register;
}

/** By lower-case name; parameters default as in the operators of these names. */
const ACTIVATIONS: Readonly<Record<string, ActivationSpec>> = {
  relu: { apply: (b, x) => b.max(x, b.f32(0)) },
  tanh: { apply: (b, x) => b.op("f32.tanh", x) },
  sigmoid: { apply: sigmoidOf },
  softsign: { apply: (b, x) => b.div(x, b.add(b.f32(1), b.op("f32.abs", x))) },
  softplus: { apply: softplusOf },
  elu: { alpha: 1, apply: eluOf },
  affine: { alpha: 1, beta: 0, apply: (b, x, alpha, beta) => b.add(b.mul(alpha, x), beta) },
  leakyrelu: {
    alpha: 0.01,
    apply: (b, x, alpha) => b.select(b.lt(x, b.f32(0)), b.mul(alpha, x), x),
  },
  thresholdedrelu: {
    alpha: 1,
    apply: (b, x, alpha) => b.select(b.lt(alpha, x), x, b.f32(0)),
  },
  scaledtanh: {
    alpha: null,
    beta: null,
    apply: (b, x, alpha, beta) => b.mul(alpha, b.op("f32.tanh", b.mul(beta, x))),
  },
  hardsigmoid: {
    alpha: 0.2,
    beta: 0.5,
    apply: (b, x, alpha, beta) => b.max(b.f32(0), b.min(b.f32(1), b.add(b.mul(alpha, x), beta))),
  },
};

/**
 * The activations of a recurrent operator, `perDirection` for each direction, in the attribute's
 * order. Entries of `activation_alpha` and `activation_beta` belong to those functions that take
 * one, in the same order; rounded to f32. Throws `operator/invalid` for a wrong number of names or a
 * missing parameter without default, `operator/unsupported` for an unknown name.
 */
export function activationsOf(
  context: LoweringContext,
  defaults: readonly string[],
  directions: number,
): Activation[] {
  const names = stringsAttribute(context, "activations") ?? repeat(defaults, directions);
  if (names.length !== defaults.length * directions) {
    throw invalid(context, `takes ${defaults.length * directions} activations`);
  }
  const alphas = [...(floatsAttribute(context, "activation_alpha") ?? [])];
  const betas = [...(floatsAttribute(context, "activation_beta") ?? [])];
  return names.map((name) => {
    const spec = Object.hasOwn(ACTIVATIONS, name.toLowerCase())
      ? ACTIVATIONS[name.toLowerCase()]
      : undefined;
    if (!spec) throw unsupported(context, `the activation ${name}`);
    const take = (given: number[], fallback: number | null | undefined): number => {
      if (fallback === undefined) return 0;
      const value = given.shift() ?? fallback;
      if (value === null) throw invalid(context, `the activation ${name} needs its parameters`);
      return value;
    };
    const alpha = take(alphas, spec.alpha);
    const beta = take(betas, spec.beta);
    return (b, x) => spec.apply(b, x, b.f32(alpha), b.f32(beta));
  });
}

function repeat(names: readonly string[], times: number): string[] {
  return Array.from({ length: times }, () => names).flat();
}

function stringsAttribute(context: LoweringContext, name: string): readonly string[] | undefined {
  const a = context.attributes.get(name);
  if (a && a.kind !== "strings") throw invalid(context, `attribute ${name} is not a list of texts`);
  return a?.value;
}
