import type { Tensor } from "../../../operators/index.js";
import type { TraceProvider } from "../../../src/dispute/provider.js";
import { type Rules, rulesFor } from "../../../src/dispute/rules.js";
import { commitKnown, modelDigest } from "../../../src/graph/digests.js";
import type { Plan, PlanNode, Segment } from "../../../src/graph/plan.js";
import { materialize } from "../../../src/graph/values.js";
import type { Digest, Hasher } from "../../../src/merkle/hash.js";
import { indexedRoot } from "../../../src/merkle/indexed-root.js";
import { nodeHasher } from "../../../src/merkle/node-hash.js";
import { commitTensor } from "../../../src/merkle/tensor-tree.js";
import { traceList } from "../../../src/merkle/trace.js";
import { makeReceipt, type Receipt } from "../../../src/receipt/receipt.js";
import { maskRoot, saltCommitment } from "../../../src/receipt/salt.js";
import { corruptElement, runStagesWith } from "./stages.js";
import type { Toy } from "./toy.js";

export const hasher: Hasher = nodeHasher;

/** Which element of which operator's output a run gets wrong. */
export interface Corruption {
  readonly node: number;
  readonly output?: number;
  readonly element?: number;
  /** Inside the operator instead: a stage's element, from which everything later follows. */
  readonly stage?: number;
  /** What is written there instead of a flipped bit. */
  readonly bytes?: readonly number[];
}

export interface Run {
  readonly receipt: Receipt;
  readonly provider: TraceProvider;
  /** Every tensor of the run by value id. */
  readonly tensors: readonly Tensor[];
  /** What all stages of every operator gave. */
  readonly stages: readonly (readonly Tensor[])[];
}

export interface RunOptions {
  /** An honest run on the same inputs: nodes before the first corrupted one are taken from it. */
  readonly base?: readonly Tensor[];
  readonly corrupt?: readonly Corruption[];
  readonly inputs?: ReadonlyMap<string, Tensor>;
  readonly salt?: Uint8Array;
  readonly executor?: number;
  /** Changes commitments before they are published: structural faults. */
  readonly publish?: (published: Published) => void;
}

/** What a run commits to. */
export interface Published {
  boundaries: Digest[][];
  inputs: Digest[];
  outputs: Digest[];
}

export function rulesOf(toy: Toy, options: Partial<Rules> = {}): Rules {
  const rules = rulesFor(hasher, modelDigest(hasher, toy.model), toy.plan);
  return { ...rules, clock: { perSide: 1000, extension: 100 }, ...options };
}

/** Runs everything in the interpreter and keeps every tensor. */
export function execute(toy: Toy, options: RunOptions = {}): Tensor[] {
  return executeAll(toy, options).tensors;
}

function executeAll(toy: Toy, options: RunOptions): Pick<Run, "tensors" | "stages"> & Kept {
  const { plan, model } = toy;
  const stages: Tensor[][] = [];
  const inputs = options.inputs ?? toy.inputs;
  const tensors: Tensor[] = [];
  plan.values.forEach(({ name, origin }, id) => {
    if (origin.kind === "input") tensors[id] = inputs.get(name) as Tensor;
    if (origin.kind === "weight") tensors[id] = model.weights.get(name) as Tensor;
    if (origin.kind === "constant") {
      tensors[id] = materialize(plan.constants[origin.index] as Tensor);
    }
  });
  const first = Math.min(...(options.corrupt ?? []).map((c) => c.node));
  plan.nodes.forEach((node, n) => {
    if (options.base && n < first) {
      for (const v of node.outputs) tensors[v] = options.base[v] as Tensor;
      return;
    }
    const read = node.inputs.map((v) => (v === undefined ? undefined : tensors[v]));
    const here = (options.corrupt ?? []).filter((c) => c.node === n);
    const computed = runStagesWith(node.lowering, read, here);
    stages[n] = computed;
    const results = node.lowering.outputs.map(({ dtype, dims, stage }): Tensor => {
      return { dtype, dims, bytes: (computed[stage] as Tensor).bytes };
    });
    for (const c of here) if (c.stage === undefined) corrupt(results, c);
    node.outputs.forEach((v, i) => {
      tensors[v] = results[i] as Tensor;
    });
  });
  return { tensors, stages };
}

interface Kept {
  readonly tensors: Tensor[];
}

function corrupt(results: Tensor[], c: Corruption): void {
  const { output = 0, element = 0 } = c;
  const tensor = results[output] as Tensor;
  const bytes = tensor.bytes.slice();
  corruptElement(tensor.dtype, bytes, element, c.bytes);
  results[output] = { ...tensor, bytes };
}

export function runOf(toy: Toy, options: RunOptions = {}): Run {
  const { tensors, stages } = executeAll(toy, options);
  const commitments = tensors.map((t) => commitTensor(hasher, t));
  const of = (value: number): Digest => commitments[value] as Digest;
  const { plan } = toy;
  const published: Published = {
    boundaries: plan.segments.map((s) => s.live.map(of)),
    inputs: plan.inputs.map((v) => of(v.value)),
    outputs: plan.outputs.map((v) => of(v.value)),
  };
  options.publish?.(published);
  const provider: TraceProvider = {
    ...published,
    weights: plan.weights.map((v) => of(v.value)),
    salt: options.salt,
    results: async (s) => {
      const { first, end } = plan.segments[s] as Segment;
      const results = plan.nodes.slice(first, end).flatMap((n: PlanNode) => n.outputs);
      return new Map(results.map((v) => [v, of(v)]));
    },
    stages: async (node) => {
      const { inputs, lowering } = plan.nodes[node] as PlanNode;
      const read = inputs.map((v) => (v === undefined ? undefined : (tensors[v] as Tensor)));
      return stages[node] ?? runStagesWith(lowering, read, []);
    },
    tensors: async (_node, values) => values.map((v) => (tensors[v] as Tensor).bytes),
  };
  return { receipt: receiptOf(toy, published, options), provider, tensors, stages };
}

function receiptOf(toy: Toy, published: Published, { salt, executor = 1 }: RunOptions): Receipt {
  const { digests } = rulesOf(toy);
  const roots = {
    inputs: indexedRoot(hasher, "inputs", published.inputs),
    outputs: indexedRoot(hasher, "outputs", published.outputs),
    trace: traceList(hasher, published.boundaries).root,
  };
  return makeReceipt({
    ...digests,
    inputs: maskRoot(hasher, "inputs", roots.inputs, salt),
    outputs: maskRoot(hasher, "outputs", roots.outputs, salt),
    trace: maskRoot(hasher, "trace", roots.trace, salt),
    segments: toy.plan.segments.length,
    executor: new Uint8Array(20).fill(executor),
    ...(salt ? { salt: saltCommitment(hasher, salt) } : {}),
  });
}

/** Commitments of the values that a plan knows, for comparing with what a run commits to. */
export const constantsOf = (plan: Plan): Digest[] =>
  plan.constants.map((c) => commitKnown(hasher, c));
