import {
  type AttributeValue,
  findDefinition,
  i64Tensor,
  type Lowering,
  type LoweringContext,
  type OperatorDefinition,
  sameType,
  type TensorType,
} from "../../../operators/index.js";
import { lowered } from "../lowered.js";
import { NOWHERE } from "../provenance.js";
import type { Slot } from "../scope.js";
import type { SubgraphValue } from "../types.js";
import { type InlineCall, invalidAt, unsupportedAt } from "./inliner.js";

/**
 * Output number `output` of the node: tensors of one type beside each other on a new axis. The
 * programs are those of Concat.
 */
export function stacked(
  { at, node, inliner }: InlineCall,
  output: number,
  rows: readonly Slot[],
  axis: number,
  part = "",
): Slot {
  const [first] = rows as readonly [Slot];
  const other = rows.find((row) => !sameType(row.type, first.type));
  if (other) {
    const types = `${typeText(first.type)} and then ${typeText(other.type)}`;
    throw invalidAt(at, `the body yields ${types} for output ${output}`);
  }
  const path = `${at.path}${part}/output ${output}`;
  const { dtype, dims } = first.type;
  const widened = { dtype, dims: [...dims.slice(0, axis), 1, ...dims.slice(axis)] };
  const lowering = programsOf("Concat", {
    node: path,
    attributes: new Map<string, AttributeValue>([["axis", { kind: "int", value: BigInt(axis) }]]),
    inputs: rows.map(() => widened),
    values: [],
  });
  const { domain, operator, version } = node;
  const step = { name: path, domain, operator, version, outputs: [path] };
  return inliner.apply(step, rows, lowering)[0] as Slot;
}

/** What `stacked` yields of no tensors: only the declared type can say it. */
export function stackedNothing(
  { at, inliner }: InlineCall,
  { name, type }: SubgraphValue,
  axis: number,
): Slot {
  const dims = type?.dims?.every((d) => typeof d === "number")
    ? (type.dims as number[])
    : undefined;
  if (!type || !dims) {
    throw unsupportedAt(at, `takes no step, and its body does not say of which dims ${name} is`);
  }
  const at0 = axis < 0 ? axis + dims.length + 1 : axis;
  const empty = [...dims.slice(0, at0), 0, ...dims.slice(at0)];
  return inliner.known(name, { dtype: type.dtype, dims: empty, bytes: new Uint8Array(0) }, NOWHERE);
}

/** `slot[…, index, …]` on some axes, which go away. The programs are those of Slice. */
export function taken(
  { node, inliner }: InlineCall,
  name: string,
  slot: Slot,
  at: readonly { readonly axis: number; readonly index: number }[],
): Slot {
  const list = (values: readonly number[]) => i64Tensor([values.length], values);
  const starts = list(at.map((a) => a.index));
  const ends = list(at.map((a) => a.index + 1));
  const axes = list(at.map((a) => a.axis));
  const sliced = programsOf("Slice", {
    node: name,
    attributes: new Map(),
    inputs: [slot.type, starts, ends, axes],
    values: [undefined, starts, ends, axes],
  });
  const gone = new Set(at.map((a) => a.axis));
  const dims = slot.type.dims.filter((_, axis) => !gone.has(axis));
  const outputs = sliced.outputs.map((o) => ({ ...o, dims }));
  const { domain, operator, version } = node;
  const step = { name, domain, operator, version, outputs: [name] };
  return inliner.apply(step, [slot], { ...sliced, outputs })[0] as Slot;
}

function programsOf(
  operator: "Concat" | "Slice",
  context: Omit<LoweringContext, "version" | "outputCount">,
): Lowering {
  const definition = findDefinition("", operator) as OperatorDefinition;
  return lowered(definition, { ...context, version: 13, outputCount: 1 });
}

function typeText({ dtype, dims }: TensorType): string {
  return `${dtype}[${dims}]`;
}
