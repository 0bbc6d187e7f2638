import type { LoweringContext } from "./definition.js";
import { input, invalid, stringAttribute } from "./shared/context.js";

/** An equation whose ellipses are written out: every axis of every term has a label. */
export interface Equation {
  /** Per operand the label of each axis. */
  readonly terms: readonly (readonly string[])[];
  readonly output: readonly string[];
  /** Labels that are in no output, by first appearance: the fold. */
  readonly contracted: readonly string[];
  /** An axis of extent 1 broadcasts against another extent of its label. */
  readonly extents: ReadonlyMap<string, number>;
}

/**
 * Reads the attribute `equation`. Labels are letters, blanks mean nothing. An ellipsis stands for the
 * axes that a term's labels leave over, aligned at the right; its axes count as labels. Without "->"
 * the output is the ellipsis and then the labels that appear once, in the order of their code points.
 */
export function equationOf(context: LoweringContext): Equation {
  const text = stringAttribute(context, "equation", "").replaceAll(" ", "");
  const sides = text.split("->");
  if (sides.length > 2) throw invalid(context, `equation "${text}" has more than one "->"`);
  const [left, right] = sides as [string, string | undefined];
  const written = left.split(",").map((term) => tokens(context, term));
  if (written.length !== context.inputs.length) {
    throw invalid(context, `equation "${text}" has ${written.length} terms`);
  }
  const spare = written.map((term, i) => spareAxes(context, term, i));
  const widest = Math.max(0, ...spare);
  const terms = written.map((term, i) => spelled(term, spare[i] as number, widest));
  const implicit = [...ellipsis(widest, widest), ...singles(written.flat())];
  const output = right === undefined ? implicit : spelled(tokens(context, right), widest, widest);
  const known = new Set(terms.flat());
  if (new Set(output).size < output.length || output.some((label) => !known.has(label))) {
    throw invalid(
      context,
      `the output of equation "${text}" repeats a label or has an unknown one`,
    );
  }
  const contracted = [...known].filter((label) => !output.includes(label));
  return { terms, output, contracted, extents: extentsOf(context, terms) };
}

const ELLIPSIS = "...";

function tokens(context: LoweringContext, term: string): string[] {
  const found = term.match(/\.\.\.|[A-Za-z]/g) ?? [];
  const isClean = found.join("") === term && found.filter((t) => t === ELLIPSIS).length <= 1;
  if (!isClean) throw invalid(context, `"${term}" in the equation is not a term`);
  return found;
}

/** How many axes of operand `index` its ellipsis stands for. */
function spareAxes(context: LoweringContext, term: readonly string[], index: number): number {
  const { dims } = input(context, index);
  const labels = term.filter((t) => t !== ELLIPSIS).length;
  const spare = dims.length - labels;
  if (spare < 0 || (spare > 0 && !term.includes(ELLIPSIS))) {
    throw invalid(context, `operand ${index} [${dims}] has not the ${labels} axes of its term`);
  }
  return spare;
}

/** The labels of the last `count` of `widest` ellipsis axes. */
function ellipsis(count: number, widest: number): string[] {
  return Array.from({ length: count }, (_, i) => `.${widest - count + i}`);
}

function spelled(term: readonly string[], spare: number, widest: number): string[] {
  return term.flatMap((t) => (t === ELLIPSIS ? ellipsis(spare, widest) : [t]));
}

function singles(labels: readonly string[]): string[] {
  const isSingle = (label: string) => labels.filter((l) => l === label).length === 1;
  return labels.filter((label) => label !== ELLIPSIS && isSingle(label)).sort();
}

function extentsOf(
  context: LoweringContext,
  terms: readonly (readonly string[])[],
): ReadonlyMap<string, number> {
  const extents = new Map<string, number>();
  terms.forEach((term, i) => {
    term.forEach((label, axis) => {
      const extent = input(context, i).dims[axis] as number;
      const before = extents.get(label) ?? 1;
      if (before !== 1 && extent !== 1 && before !== extent) {
        throw invalid(context, `label ${label} is ${before} and ${extent}`);
      }
      if (before === 1) extents.set(label, extent);
    });
  });
  return extents;
}
