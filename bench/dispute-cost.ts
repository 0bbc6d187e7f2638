import { DTYPES, type Tensor } from "../operators/index.js";
import { HonestAsserter } from "../src/dispute/honest-asserter.js";
import { HonestChallenger } from "../src/dispute/honest-challenger.js";
import { playDispute, virtualClock } from "../src/dispute/play.js";
import type { TraceProvider } from "../src/dispute/provider.js";
import { type Rules, rulesFor } from "../src/dispute/rules.js";
import { bind } from "../src/graph/bind.js";
import type { Plan, PlanNode, PlanValue, Segment } from "../src/graph/plan.js";
import { runStages } from "../src/graph/run-lowering.js";
import type { Model } from "../src/graph/types.js";
import { materialize } from "../src/graph/values.js";
import type { Digest, Hasher } from "../src/merkle/hash.js";
import { indexedRoot } from "../src/merkle/indexed-root.js";
import { nodeHasher } from "../src/merkle/node-hash.js";
import { commitTensor } from "../src/merkle/tensor-tree.js";
import { traceList } from "../src/merkle/trace.js";
import { makeReceipt, type Receipt } from "../src/receipt/receipt.js";
import { costOf } from "../src/verify/describe.js";
import { wasmRunner } from "../src/verify/recompute.js";
import type { Row } from "./report.js";

/** Disputes about single results of a run whose tensors are all at hand. */

export interface Workpiece {
  readonly title: string;
  readonly model: Model;
  readonly inputs: ReadonlyMap<string, Tensor>;
}

export interface Subject {
  readonly plan: Plan;
  readonly rules: Rules;
  /** By value id. */
  readonly tensors: readonly Tensor[];
  readonly commitments: readonly Digest[];
}

/** Runs a model and commits to every tensor. */
export function subjectOf({ model, inputs }: Workpiece): Subject {
  const plan = bind(model, { types: inputs, granularity: "operator" });
  const tensors: Tensor[] = [];
  for (const [id, { name, origin }] of plan.values.entries()) {
    if (origin.kind === "input") tensors[id] = inputs.get(name) as Tensor;
    if (origin.kind === "weight") tensors[id] = model.weights.get(name) as Tensor;
    if (origin.kind === "constant") {
      tensors[id] = materialize(plan.constants[origin.index] as Tensor);
    }
  }
  for (const node of plan.nodes) {
    const stages = stagesOf(node, tensors);
    for (const [i, value] of node.outputs.entries()) {
      const { dtype, dims, stage } = node.lowering.outputs[i] as (typeof node.lowering.outputs)[0];
      tensors[value] = { dtype, dims, bytes: (stages[stage] as Tensor).bytes };
    }
  }
  const commitments = tensors.map((t) => commitTensor(nodeHasher, t));
  const weights = indexedRoot(
    nodeHasher,
    "weights",
    plan.weights.map((w) => commitments[w.value] as Digest),
  );
  // No party of these games disputes which model it is.
  const rules = rulesFor(nodeHasher, { model: new Uint8Array(32), weights }, plan);
  return { plan, rules, tensors, commitments };
}

const run = wasmRunner();

function stagesOf(node: PlanNode, tensors: readonly Tensor[]): Tensor[] {
  const inputs = node.inputs.map((v) => (v === undefined ? undefined : tensors[v]));
  return runStages(node.lowering, inputs, run);
}

/** The same run with one element flipped, and nothing computed anew behind it. */
function falsified({ tensors, commitments, ...rest }: Subject, value: number, element: number) {
  const tensor = tensors[value] as Tensor;
  const bytes = tensor.bytes.slice();
  const { size } = DTYPES[tensor.dtype];
  const at = element * size + Math.max(0, size - 2);
  bytes[at] = (bytes[at] as number) ^ (tensor.dtype === "bool" ? 1 : 0x40);
  const wrong = { ...tensor, bytes };
  return {
    ...rest,
    tensors: tensors.with(value, wrong),
    commitments: commitments.with(value, commitTensor(nodeHasher, wrong)),
  };
}

function providerOf({ plan, tensors, commitments }: Subject, honest: Subject): TraceProvider {
  const of = (value: number): Digest => commitments[value] as Digest;
  return {
    boundaries: plan.segments.map((s) => s.live.map(of)),
    inputs: plan.inputs.map((v) => of(v.value)),
    outputs: plan.outputs.map((v) => of(v.value)),
    weights: plan.weights.map((v) => of(v.value)),
    results: async (s) => {
      const { first, end } = plan.segments[s] as Segment;
      const values = plan.nodes.slice(first, end).flatMap((n) => n.outputs);
      return new Map(values.map((v) => [v, of(v)]));
    },
    tensors: async (_, values) => values.map((v) => (tensors[v] as Tensor).bytes),
    stages: async (node) => stagesOf(plan.nodes[node] as PlanNode, honest.tensors),
  };
}

function receiptOf({ plan, rules }: Subject, provider: TraceProvider): Receipt {
  return makeReceipt({
    ...rules.digests,
    inputs: indexedRoot(nodeHasher, "inputs", provider.inputs),
    outputs: indexedRoot(nodeHasher, "outputs", provider.outputs),
    trace: traceList(nodeHasher, provider.boundaries).root,
    segments: plan.segments.length,
    executor: new Uint8Array(20),
  });
}

/** What it costs to convict one wrong element of one result, in both ways to play. */
export async function resultRow(
  honest: Subject,
  node: number,
  output: number,
  element: number,
): Promise<Row> {
  const { plan } = honest;
  const { name, operator, outputs } = plan.nodes[node] as PlanNode;
  const value = outputs[output] as number;
  const liar = falsified(honest, value, element);
  const known = await convict(honest, liar, true);
  const asked = await convict(honest, liar, false);
  const { dtype, dims } = plan.values[value] as PlanValue;
  const larger = (key: keyof Played): number => Math.max(known[key], asked[key]);
  return {
    name,
    operator,
    result: `${dtype}[${dims}]`,
    known: known.moves,
    asked: asked.moves,
    bytes: larger("bytes") / 1024,
    longest: larger("longest"),
    steps: larger("steps"),
    of: known.of,
    hashes: larger("hashes"),
  };
}

interface Played {
  readonly moves: number;
  readonly bytes: number;
  readonly longest: number;
  readonly steps: number;
  readonly of: number;
  readonly hashes: number;
}

async function convict(honest: Subject, liar: Subject, shared: boolean): Promise<Played> {
  const { rules } = honest;
  const counted = counting(nodeHasher);
  const [right, wrong] = [providerOf(honest, honest), providerOf(liar, honest)];
  const record = await playDispute({
    rules: { ...rules, hasher: counted.hasher },
    receipt: receiptOf(liar, wrong),
    nonce: new Uint8Array(32),
    asserter: new HonestAsserter(rules, wrong),
    challenger: new HonestChallenger(rules, right, shared ? wrong : undefined),
    clock: virtualClock(),
  });
  if ("refusal" in record) throw new Error(record.refusal.message);
  const cost = costOf(record);
  if (record.outcome.kind !== "refuted" || !cost) throw new Error(JSON.stringify(record.outcome));
  return {
    moves: record.rounds,
    bytes: record.moveBytes,
    longest: Math.max(...record.transcript.map((t) => t.bytes)),
    steps: cost.referee.steps,
    of: cost.operator.steps,
    hashes: counted.count(),
  };
}

function counting(hasher: Hasher): { readonly hasher: Hasher; readonly count: () => number } {
  let count = 0;
  return {
    count: () => count,
    hasher: {
      ...hasher,
      hash(message) {
        count++;
        return hasher.hash(message);
      },
      hashInto(message, out, offset) {
        count++;
        hasher.hashInto(message, out, offset);
      },
    },
  };
}
