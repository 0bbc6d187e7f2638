import {
  AssayError,
  elementCount,
  findDefinition,
  type Lowering,
  type LoweringContext,
  type OperatorDefinition,
  type Tensor,
  type TensorType,
} from "../../operators/index.js";
import { executedInstructions } from "./cost.js";
import { FOLD_STEPS, requireWithin } from "./limits.js";
import type {
  Granularity,
  Plan,
  PlanInput,
  PlanNode,
  PlanOutput,
  PlanValue,
  PlanWeight,
  ValueOrigin,
} from "./plan.js";
import { DependentNode, type Problem, problemError, problemOf } from "./problems.js";
import { NOWHERE, Provenance } from "./provenance.js";
import { runLowering } from "./run-lowering.js";
import { cutSegments } from "./segments.js";
import type { GraphNode, Model, ValueInfo } from "./types.js";
import { isFoldable, type KnownValue, materialize } from "./values.js";

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
 * Binds a model to shapes. Pure and cheap: nothing of the size of the weights is touched.
 *
 * A node is folded, not executed, when its operator yields its value from types alone (Shape,
 * Constant, ConstantOfShape), or when all it reads and writes is known and has at most 1024
 * elements. Folding runs the interpreter on the node's own programs, so it changes no bit.
 */
export function bind(model: Model, binding: Binding): Plan {
  const steering = new Set<string>();
  // First pass: every small integer input is tentatively known, and those are noted whose value a
  // definition asked for. Second pass: only the noted ones are known.
  const candidates = binding.values ?? new Map<string, Tensor>();
  if (candidates.size > 0) new Binder(model, binding, candidates, steering).run();
  const known = new Map([...candidates].filter(([name]) => steering.has(name)));
  return new Binder(model, binding, known, new Set()).run();
}

interface Slot {
  readonly type: TensorType;
  /** Position in `values` once the value takes part in execution. */
  id: number | undefined;
  readonly origin: ValueOrigin | undefined;
  readonly known: KnownValue | undefined;
  /** Which inputs `known` depends on. */
  readonly from: Provenance;
}

class Binder {
  private readonly slots = new Map<string, Slot>();
  private readonly values: PlanValue[] = [];
  private readonly constants: KnownValue[] = [];
  private readonly nodes: PlanNode[] = [];
  private readonly problems: Problem[] = [];
  /** Tensors that a node with a problem would have made. */
  private readonly missing = new Set<string>();
  private stages = 0;
  private instructions = 0;
  private foldSteps = 0;

  constructor(
    private readonly model: Model,
    private readonly binding: Binding,
    private readonly known: ReadonlyMap<string, Tensor>,
    private readonly steering: Set<string>,
  ) {}

  run(): Plan {
    const names = this.model.graph.outputs.map((v) => v.name);
    if (new Set(names).size < names.length) {
      throw new AssayError("graph/invalid", "the graph names an output twice");
    }
    requireWithin("nodes", this.model.graph.nodes.length);
    const inputs = this.bindInputs();
    const weights = this.bindWeights();
    for (const node of this.model.graph.nodes) this.tryNode(node);
    if (this.problems.length > 0) throw problemError(this.problems);
    const outputs = this.model.graph.outputs.map((info): PlanOutput => {
      return { name: info.name, value: this.valueId(info.name, "the graph's outputs") };
    });
    const granularity = this.binding.granularity ?? "layer";
    return {
      granularity,
      inputs,
      weights,
      constants: this.constants,
      values: this.values,
      nodes: this.nodes,
      outputs,
      segments: cutSegments(
        this.nodes,
        this.values,
        outputs.map((v) => v.value),
        granularity,
      ),
    };
  }

  private bindInputs(): PlanInput[] {
    const symbols = new Map<string, number>();
    return this.model.graph.inputs.map((info, index) => {
      const type = this.binding.types.get(info.name);
      if (!type) throw missingInput(info);
      checkInput(info, type, symbols);
      const steering = this.known.get(info.name);
      const from = steering ? Provenance.ofInput(info.name) : NOWHERE;
      const value = this.add(info.name, type, { kind: "input", index }, steering, from);
      return {
        name: info.name,
        dtype: type.dtype,
        dims: type.dims,
        value,
        ...(steering ? { steering } : {}),
      };
    });
  }

  private bindWeights(): PlanWeight[] {
    return [...this.model.weights].map(([name, t], index) => {
      const known = isFoldable(t) ? t : undefined;
      const value = this.add(name, t, { kind: "weight", index }, known, NOWHERE);
      return { name, dtype: t.dtype, dims: t.dims, value };
    });
  }

  private add(
    name: string,
    type: TensorType,
    origin: ValueOrigin,
    known: KnownValue | undefined,
    from: Provenance,
  ): number {
    requireWithin("rank", type.dims.length);
    const id = this.values.length;
    this.values.push({ name, dtype: type.dtype, dims: type.dims, origin });
    if (name !== "") this.define(name, { type, id, origin, known, from });
    return id;
  }

  /** Every name has one value. Files are checked when they are read, graphs of a caller's here. */
  private define(name: string, slot: Slot): void {
    if (this.slots.has(name)) {
      throw new AssayError("graph/invalid", `the tensor "${name}" is defined twice`);
    }
    this.slots.set(name, slot);
  }

  private slot(name: string, where: string): Slot {
    const slot = this.slots.get(name);
    if (!slot) throw new AssayError("graph/invalid", `${where}: there is no tensor "${name}"`);
    return slot;
  }

  /** Notes what is unsupported and goes on, so that one error can name everything at once. */
  private tryNode(node: GraphNode): void {
    try {
      if (node.inputs.some((name) => this.missing.has(name))) throw new DependentNode();
      this.bindNode(node);
    } catch (error) {
      if (!(error instanceof DependentNode)) this.problems.push(problemOf(node, error));
      for (const name of node.outputs) if (name !== "") this.missing.add(name);
    }
  }

  private bindNode(node: GraphNode): void {
    const definition = findDefinition(node.domain, node.operator);
    if (!definition) {
      throw new AssayError(
        "operator/unsupported",
        `${node.name}: no definition of ${node.operator}`,
      );
    }
    const slots = node.inputs.map((n) => (n === "" ? undefined : this.slot(n, node.name)));
    const context = this.context(node, definition, slots);
    if (definition.fold) {
      const folded = definition.fold(context);
      const asked = slots.filter((_, i) => definition.steering?.includes(i));
      this.addFolded(node, folded, originOf(asked));
      return;
    }
    const lowering = definition.lower(context);
    if (this.folds(slots, lowering)) {
      const known = slots.map((s) => (s?.known ? materialize(s.known) : undefined));
      this.addFolded(node, runLowering(lowering, known), originOf(slots));
      return;
    }
    this.addExecuted(node, lowering);
  }

  /** Whether a node is computed now. What it takes is counted, so that it ends. */
  private folds(slots: readonly (Slot | undefined)[], lowering: Lowering): boolean {
    const allKnown = slots.every((s) => !s || (s.known !== undefined && isFoldable(s.type)));
    if (!allKnown || slots.length === 0 || !lowering.outputs.every(isFoldable)) return false;
    const steps = executedInstructions(lowering);
    if (steps > FOLD_STEPS) return false;
    this.foldSteps += steps;
    requireWithin("foldSteps", this.foldSteps);
    return true;
  }

  private addExecuted(node: GraphNode, lowering: Lowering): void {
    this.stages += lowering.stages.length;
    requireWithin("stages", this.stages);
    requireWithin("stagesOfNode", lowering.stages.length);
    this.instructions += instructionsOf(lowering);
    requireWithin("instructions", this.instructions);
    const inputs = node.inputs.map((n) => (n === "" ? undefined : this.valueId(n, node.name)));
    const index = this.nodes.length;
    const outputs = lowering.outputs.map((type, output) =>
      this.add(
        node.outputs[output] ?? "",
        type,
        { kind: "node", node: index, output },
        undefined,
        NOWHERE,
      ),
    );
    const { name, domain, operator, version } = node;
    this.nodes.push({ name, domain, operator, version, inputs, outputs, lowering });
  }

  private context(
    node: GraphNode,
    definition: OperatorDefinition,
    slots: readonly (Slot | undefined)[],
  ): LoweringContext {
    for (const at of definition.steering ?? []) {
      if (slots[at]?.known) slots[at]?.from.collect(this.steering);
    }
    return {
      node: node.name,
      version: node.version,
      attributes: node.attributes,
      inputs: slots.map((s) => s?.type),
      values: slots.map((s, i) =>
        s && definition.steering?.includes(i) ? steeringValue(s) : undefined,
      ),
      outputCount: node.outputs.length,
    };
  }

  private addFolded(node: GraphNode, results: readonly KnownValue[], from: Provenance): void {
    node.outputs.forEach((name, i) => {
      const known = results[i];
      if (name === "" || !known) return;
      requireWithin("rank", known.dims.length);
      this.define(name, { type: known, id: undefined, origin: undefined, known, from });
    });
  }

  /** The id of a value that takes part in execution; a folded one becomes a constant here. */
  private valueId(name: string, where: string): number {
    const slot = this.slot(name, where);
    if (slot.id === undefined) {
      const known = slot.known as KnownValue;
      const origin: ValueOrigin = { kind: "constant", index: this.constants.length };
      slot.id = this.values.length;
      this.values.push({ name, dtype: known.dtype, dims: known.dims, origin });
      this.constants.push(known);
    }
    return slot.id;
  }
}

function instructionsOf({ stages }: Lowering): number {
  return stages.reduce((sum, { program: p }) => sum + p.step.code.length + p.finish.code.length, 0);
}

function originOf(slots: readonly (Slot | undefined)[]): Provenance {
  return Provenance.ofAll(slots.flatMap((s) => (s?.known ? [s.from] : [])));
}

/** What is larger than any shape or list of axes is as good as unknown, however it came about. */
function steeringValue({ known }: Slot): Tensor | undefined {
  return known && isFoldable(known) ? materialize(known) : undefined;
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
