import {
  AssayError,
  elementCount,
  findDefinition,
  type Lowering,
  type OperatorDefinition,
  sameType,
  type Tensor,
  type TensorType,
} from "../../operators/index.js";
import { type At, findControlFlow, type Inliner, type PlannedStep } from "./control/index.js";
import { executedInstructions } from "./cost.js";
import { FOLD_STEPS, type PLAN_LIMITS, requireWithin } from "./limits.js";
import { lowered } from "./lowered.js";
import type { PlanNode, PlanValue, ValueOrigin } from "./plan.js";
import { DependentNode, type Problem, problemOf } from "./problems.js";
import { NOWHERE, Provenance } from "./provenance.js";
import { runLowering } from "./run-lowering.js";
import { MISSING, Scope, type Slot } from "./scope.js";
import { plainAttributes } from "./subgraphs.js";
import type { GraphNode, Subgraph } from "./types.js";
import { isFoldable, type KnownValue, materialize } from "./values.js";

type Slots = readonly (Slot | undefined)[];

/** Makes the nodes, values and constants of a plan, one node of the graph after the other. */
export class Binder implements Inliner {
  readonly values: PlanValue[] = [];
  readonly constants: KnownValue[] = [];
  readonly nodes: PlanNode[] = [];
  readonly problems: Problem[] = [];
  /** Every weight by its key in the model, also those that only a subgraph sees. */
  readonly weights = new Map<string, Slot>();
  private readonly spent = new Map<keyof typeof PLAN_LIMITS, number>();
  /** Results of nodes that read nothing, by their place in the model: a body's are made once. */
  private readonly fixed = new Map<string, readonly Slot[]>();
  /** The last lowering of a body's nodes, by their place: iterations mostly ask for the same. */
  private readonly lowered = new Map<
    string,
    { readonly inputs: Slots; readonly lowering: Lowering }
  >();

  /** `steering` receives the inputs whose values decide what the plan is. */
  constructor(private readonly steering: Set<string>) {}

  /** Adds to a sum over the whole plan. Throws `model/too-large`. */
  count(what: keyof typeof PLAN_LIMITS, amount: number): void {
    const sum = (this.spent.get(what) ?? 0) + amount;
    this.spent.set(what, sum);
    requireWithin(what, sum);
  }

  /** A value that takes part in execution. */
  add(
    name: string,
    { dtype, dims }: TensorType,
    origin: ValueOrigin,
    known?: KnownValue,
    from: Provenance = NOWHERE,
  ): Slot {
    requireWithin("rank", dims.length);
    const id = this.values.length;
    this.values.push({ name, dtype, dims, origin });
    return { name, type: { dtype, dims }, id, known, from };
  }

  /** A value that is known; it becomes a constant of the plan where something that runs reads it. */
  known(name: string, known: KnownValue, from: Provenance): Slot {
    requireWithin("rank", known.dims.length);
    return { name, type: known, id: undefined, known, from };
  }

  idOf(slot: Slot): number {
    if (slot.id === undefined) {
      const known = slot.known as KnownValue;
      const origin: ValueOrigin = { kind: "constant", index: this.constants.length };
      slot.id = this.values.length;
      this.values.push({ name: slot.name, dtype: known.dtype, dims: known.dims, origin });
      this.constants.push(known);
    }
    return slot.id;
  }

  bindNodes(nodes: readonly GraphNode[], scope: Scope): boolean {
    const before = this.problems.length;
    nodes.forEach((node, i) => {
      const path = scope.path === "" ? node.name : `${scope.path}${shortened(node.name)}`;
      this.tryNode(node, { path, place: `${scope.place}${i}`, scope });
    });
    return this.problems.length === before;
  }

  /** Notes what is unsupported and goes on, so that one error can name everything at once. */
  private tryNode(node: GraphNode, at: At): void {
    this.count("nodes", 1);
    this.count("mentions", mentionsOf(node));
    // Nobody can tell what such a node did.
    if (node.outputs.every((name) => name === "")) return;
    try {
      this.bindNode(node, at);
    } catch (error) {
      if (!(error instanceof DependentNode)) this.problems.push(problemOf(node, at.path, error));
      for (const name of node.outputs) if (name !== "") at.scope.define(name, MISSING);
    }
  }

  private bindNode(node: GraphNode, at: At): void {
    const inputs = node.inputs.map((name) => this.input(name, at));
    const results = this.results(node, inputs, at);
    node.outputs.forEach((name, i) => {
      const result = results[i];
      if (name !== "" && result) at.scope.define(name, result);
    });
  }

  private input(name: string, { scope, path }: At): Slot | undefined {
    if (name === "") return undefined;
    const slot = scope.get(name, path);
    if (slot === MISSING) throw new DependentNode();
    return slot;
  }

  private results(node: GraphNode, inputs: Slots, at: At): readonly Slot[] {
    const control = findControlFlow(node.domain, node.operator);
    if (control) return control.inline({ node, inputs, at, inliner: this });
    const definition = findDefinition(node.domain, node.operator);
    if (!definition) {
      const message = `${at.path}: no definition of ${node.operator}`;
      throw new AssayError("operator/unsupported", message);
    }
    if (inputs.length > 0 || at.scope.path === "")
      return this.defined(node, definition, inputs, at);
    const results = this.fixed.get(at.place) ?? this.defined(node, definition, inputs, at);
    this.fixed.set(at.place, results);
    return results;
  }

  /** The node of an operator that has a definition. */
  private defined(node: GraphNode, definition: OperatorDefinition, inputs: Slots, at: At): Slot[] {
    const asked = inputs.filter((_, i) => definition.steering?.includes(i));
    for (const slot of asked) if (slot?.known) slot.from.collect(this.steering);
    const context = {
      node: at.path,
      version: node.version,
      attributes: plainAttributes(node, at.path),
      inputs: inputs.map((s) => s?.type),
      values: inputs.map((s, i) =>
        s && definition.steering?.includes(i) ? steeringValue(s) : undefined,
      ),
      outputCount: node.outputs.length,
    };
    const names = node.outputs.map((name) => `${at.scope.path}${name}`);
    if (definition.fold) {
      const from = originOf(asked);
      return definition.fold(context).map((known, i) => this.known(names[i] ?? "", known, from));
    }
    const { domain, operator, version } = node;
    const step = { name: at.path, domain, operator, version, outputs: names };
    const last = this.lowered.get(at.place);
    if (last && asksTheSame(definition, last.inputs, inputs)) {
      return this.apply(step, inputs, last.lowering);
    }
    const lowering = lowered(definition, context);
    if (at.scope.path !== "") this.lowered.set(at.place, { inputs, lowering });
    return this.apply(step, inputs, lowering);
  }

  apply(step: PlannedStep, inputs: Slots, lowering: Lowering): Slot[] {
    if (!this.folds(inputs, lowering)) return this.execute(step, inputs, lowering);
    const known = inputs.map((s) => (s?.known ? materialize(s.known) : undefined));
    const from = originOf(inputs);
    return runLowering(lowering, known).map((t, i) => this.known(step.outputs[i] ?? "", t, from));
  }

  /** Whether a node is computed now. What it takes is counted, so that it ends. */
  private folds(inputs: Slots, lowering: Lowering): boolean {
    const allKnown = inputs.every((s) => !s || (s.known !== undefined && isFoldable(s.type)));
    if (!allKnown || inputs.length === 0 || !lowering.outputs.every(isFoldable)) return false;
    const steps = executedInstructions(lowering);
    if (steps > FOLD_STEPS) return false;
    this.count("foldSteps", steps);
    this.count(
      "foldedElements",
      lowering.outputs.reduce((n, t) => n + elementCount(t.dims), 0),
    );
    return true;
  }

  private execute(step: PlannedStep, inputs: Slots, lowering: Lowering): Slot[] {
    this.count("stages", lowering.stages.length);
    requireWithin("stagesOfNode", lowering.stages.length);
    this.count("instructions", instructionsOf(lowering));
    const ids = inputs.map((s) => s && this.idOf(s));
    const node = this.nodes.length;
    const results = lowering.outputs.map((type, output) =>
      this.add(step.outputs[output] ?? "", type, { kind: "node", node, output }),
    );
    const { name, domain, operator, version } = step;
    const outputs = results.map((slot) => this.idOf(slot));
    this.nodes.push({ name, domain, operator, version, inputs: ids, outputs, lowering });
    return results;
  }

  decisive(slot: Slot, what: string): Tensor {
    const value = steeringValue(slot);
    if (!value) {
      const message = `${what} depends on values that are only known at run time`;
      throw new AssayError("graph/data-dependent", message);
    }
    slot.from.collect(this.steering);
    return value;
  }

  open(graph: Subgraph, path: string, place: string, outer: Scope): Scope {
    this.count("mentions", graph.inputs.length + graph.outputs.length + graph.initializers.length);
    const scope = new Scope(path, place, outer);
    for (const { name, weight } of graph.initializers) {
      const slot = this.weights.get(weight);
      if (!slot) throw new AssayError("graph/invalid", `${path}: there is no weight "${weight}"`);
      scope.define(name, slot);
    }
    return scope;
  }
}

/** Whether a node's inputs lower to the same programs: alike in type, and steering ones in value. */
function asksTheSame({ steering }: OperatorDefinition, a: Slots, b: Slots): boolean {
  return a.every((slot, i) => {
    const other = b[i];
    if (slot === other || !slot || !other) return slot === other;
    return (
      sameType(slot.type, other.type) && (!steering?.includes(i) || slot.known === other.known)
    );
  });
}

/** What one binding of a node may cost beyond the count of nodes. */
function mentionsOf({ inputs, outputs, attributes }: GraphNode): number {
  let items = 0;
  for (const a of attributes.values()) {
    if (a.kind === "ints" || a.kind === "floats" || a.kind === "strings" || a.kind === "string") {
      items += a.value.length;
    }
  }
  return inputs.length + outputs.length + items;
}

/** Names in paths are cut, or nested loops over long names would take much memory. */
function shortened(name: string): string {
  return name.length <= LONGEST ? name : `${name.slice(0, LONGEST - 1)}…`;
}

const LONGEST = 160;

function instructionsOf({ stages }: Lowering): number {
  return stages.reduce((sum, { program: p }) => sum + p.step.code.length + p.finish.code.length, 0);
}

function originOf(slots: Slots): Provenance {
  return Provenance.ofAll(slots.flatMap((s) => (s?.known ? [s.from] : [])));
}

/** What is larger than any shape or list of axes is as good as unknown, however it came about. */
function steeringValue({ known }: Slot): Tensor | undefined {
  return known && isFoldable(known) ? materialize(known) : undefined;
}
