import { AssayError, elementCount, type Tensor, type TensorType } from "../../operators/index.js";
import { Binder } from "./binder.js";
import { requireDeclaredDTypes } from "./declared.js";
import { requireWithin } from "./limits.js";
import type { Granularity, Plan, PlanInput, PlanOutput, PlanWeight } from "./plan.js";
import { problemError } from "./problems.js";
import { NOWHERE, Provenance } from "./provenance.js";
import { Scope, type Slot } from "./scope.js";
import { cutSegments } from "./segments.js";
import { innerWeights } from "./subgraphs.js";
import type { Skeleton, ValueInfo } from "./types.js";
import { isFoldable, isWhole } from "./values.js";

export interface Binding {
  /** Concrete type of every graph input, by name. */
  readonly types: ReadonlyMap<string, TensorType>;
  /**
   * Values of inputs that may steer shapes. Only those that really do become part of the plan; leaving
   * one out that does is an error.
   */
  readonly values?: ReadonlyMap<string, Tensor>;
  readonly granularity?: Granularity;
}

/**
 * Binds a model to shapes. Pure and cheap: nothing of the size of the weights is touched,
 * and those of more than 1024 elements need not be there.
 *
 * A node is folded, not executed, when its operator yields its value from types alone (Shape,
 * Constant, ConstantOfShape), or when all it reads and writes is known and has at most 1024
 * elements. Folding runs the interpreter on the node's own programs, so it changes no bit. The nodes of
 * a branch that is taken, and of a body once per iteration, stand where their If, Loop or Scan was.
 */
export function bind(model: Skeleton, binding: Binding): Plan {
  const steering = new Set<string>();
  // First pass: every small integer input is tentatively known, and those are noted whose value a
  // definition asked for. Second pass: only the noted ones are known.
  const candidates = binding.values ?? new Map<string, Tensor>();
  if (candidates.size > 0) planOf(model, binding, candidates, steering);
  const known = new Map([...candidates].filter(([name]) => steering.has(name)));
  return planOf(model, binding, known, new Set());
}

function planOf(
  { graph, weights }: Skeleton,
  { types, granularity = "layer" }: Binding,
  known: ReadonlyMap<string, Tensor>,
  steering: Set<string>,
): Plan {
  const names = graph.outputs.map((v) => v.name);
  if (new Set(names).size < names.length) {
    throw new AssayError("graph/invalid", "the graph names an output twice");
  }
  requireWithin("nodes", graph.nodes.length);
  const hidden = innerWeights(graph.nodes);
  const binder = new Binder(steering);
  const scope = new Scope("", "");
  const inputs = bindInputs(binder, scope, graph.inputs, types, known);
  const planWeights = bindWeights(binder, scope, weights, hidden);
  binder.bindNodes(graph.nodes, scope);
  if (binder.problems.length > 0) throw problemError(binder.problems);
  const outputs = graph.outputs.map(({ name }): PlanOutput => {
    return { name, value: binder.idOf(scope.get(name, "the graph's outputs") as Slot) };
  });
  const { constants, values, nodes } = binder;
  const ids = outputs.map((v) => v.value);
  requireDeclaredDTypes(
    graph.outputs,
    ids.map((v) => values[v] as TensorType),
  );
  const segments = cutSegments(nodes, values, ids, granularity);
  return { granularity, inputs, weights: planWeights, constants, values, nodes, outputs, segments };
}

function bindInputs(
  binder: Binder,
  scope: Scope,
  infos: readonly ValueInfo[],
  types: ReadonlyMap<string, TensorType>,
  known: ReadonlyMap<string, Tensor>,
): PlanInput[] {
  const symbols = new Map<string, number>();
  return infos.map((info, index) => {
    const type = types.get(info.name);
    if (!type) throw missingInput(info);
    checkInput(info, type, symbols);
    const { name } = info;
    const { dtype, dims } = type;
    const steering = known.get(name);
    const from = steering ? Provenance.ofInput(name) : NOWHERE;
    const slot = binder.add(name, type, { kind: "input", index }, steering, from);
    if (name !== "") scope.define(name, slot);
    return { name, dtype, dims, value: binder.idOf(slot), ...(steering ? { steering } : {}) };
  });
}

/** All weights; the graph itself sees those that are not `hidden` in a subgraph. */
function bindWeights(
  binder: Binder,
  scope: Scope,
  weights: Skeleton["weights"],
  hidden: ReadonlySet<string>,
): PlanWeight[] {
  return [...weights].map(([name, t], index) => {
    const slot = binder.add(name, t, { kind: "weight", index }, knownWeight(name, t));
    binder.weights.set(name, slot);
    if (name !== "" && !hidden.has(name)) scope.define(name, slot);
    return { name, dtype: t.dtype, dims: t.dims, value: binder.idOf(slot) };
  });
}

/** A small weight may decide the plan, so it must be there. */
function knownWeight(name: string, weight: TensorType): Tensor | undefined {
  if (!isFoldable(weight)) return undefined;
  if (isWhole(weight)) return weight;
  throw new AssayError("graph/invalid", `the weight "${name}" is small and has no elements`);
}

function missingInput(info: ValueInfo): AssayError {
  return new AssayError("input/missing", `the graph input "${info.name}" was not given`, {
    hint: `give it as ${info.name}=<file>`,
    facts: { name: info.name, dtype: info.dtype, dims: info.dims },
  });
}

/** A bound type must agree with what the graph declares; symbols take one value each. */
function checkInput(info: ValueInfo, type: TensorType, symbols: Map<string, number>): void {
  const dims = info.dims ?? type.dims.map(() => null);
  const fail = (): never => {
    throw new AssayError(
      "input/mismatch",
      `input "${info.name}" is declared ${info.dtype}[${dims.map((d) => d ?? "?")}], got ${type.dtype}[${type.dims}]`,
      { facts: { name: info.name, dims: info.dims, got: type.dims } },
    );
  };
  if (type.dtype !== info.dtype || type.dims.length !== dims.length) fail();
  const counts = type.dims.every((d) => Number.isSafeInteger(d) && d >= 0);
  if (!counts || !(elementCount(type.dims) < 2 ** 48)) fail();
  dims.forEach((declared, i) => {
    const given = type.dims[i] as number;
    const expected = typeof declared === "string" ? symbols.get(declared) : declared;
    if (expected !== undefined && expected !== null && expected !== given) fail();
    if (typeof declared === "string") symbols.set(declared, given);
  });
}
