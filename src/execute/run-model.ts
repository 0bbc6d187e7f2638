import {
  AssayError,
  canonicalNaNs,
  findDefinition,
  firstNonCanonical,
  isFloat,
  type Machine,
  type Tensor,
  type TensorType,
} from "../../operators/index.js";
import { bind } from "../graph/bind.js";
import { bindingDigest, type ModelDigest, planDigest, profileDigest } from "../graph/digests.js";
import type { Granularity, Plan } from "../graph/plan.js";
import type { GraphNode, Model, Skeleton } from "../graph/types.js";
import { isFoldable } from "../graph/values.js";
import type { Digest, Hasher } from "../merkle/hash.js";
import { indexedRoot } from "../merkle/indexed-root.js";
import { commitTensor } from "../merkle/tensor-tree.js";
import { traceList } from "../merkle/trace.js";
import { addressOf } from "../receipt/key.js";
import { makeReceipt, type SignedReceipt } from "../receipt/receipt.js";
import { maskRoot, saltCommitment } from "../receipt/salt.js";
import { signReceipt } from "../receipt/sign.js";
import { unmeasured } from "./profiler.js";
import { type MemoryNeed, Session } from "./session.js";
import { keepSegments, type Trace, type TraceOptions, traceRun } from "./trace.js";

export interface RunRequest extends TraceOptions {
  readonly model: Model;
  /** From `modelDigest`, computed once per model. */
  readonly digest: ModelDigest;
  /** By graph input name. */
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly granularity?: Granularity;
  /** What `planFor` gave for this model, these inputs and this granularity, where it is at hand. */
  readonly plan?: Plan;
  readonly machine: Machine;
  readonly hasher: Hasher;
  /** secp256k1 key, 32 bytes. */
  readonly key: Uint8Array;
  /** What the run is for (ledger, job, nonce); 32 bytes. */
  readonly context?: Uint8Array;
  /** 32 random bytes that keep guessable inputs from being guessed. */
  readonly salt?: Uint8Array;
  readonly memoryLimit?: number;
  /** Told before anything is allocated. */
  readonly onPlan?: (plan: Plan, need: MemoryNeed) => void;
}

export interface Run {
  readonly signed: SignedReceipt;
  readonly plan: Plan;
  readonly trace: Trace;
  readonly inputs: readonly Tensor[];
  /** By graph output name. */
  readonly outputs: ReadonlyMap<string, Tensor>;
  readonly need: MemoryNeed;
}

/** Runs a model on inputs, commits to the trace and signs a receipt. */
export async function runModel(request: RunRequest): Promise<Run> {
  const plan = request.plan ?? planFor(request.model, request.inputs, request.granularity);
  const inputs = plan.inputs.map((v) => properInput(v.name, request.inputs));
  const { hasher, machine } = request;
  const session = await Session.open(plan, request.model.weights, machine, {
    ...(request.corruption ? { keepUntil: keepSegments(plan) } : {}),
    ...(request.memoryLimit === undefined ? {} : { memoryLimit: request.memoryLimit }),
    onNeed: (need) => request.onPlan?.(plan, need),
  });
  try {
    const trace = await traceRun(session, inputs, (t) => commitTensor(hasher, t), request);
    const names = plan.outputs.map((v) => v.name);
    const measure = request.measure ?? unmeasured;
    return {
      signed: measure("receipt", "receipt", 0, () => receiptOf(request, plan, trace)),
      plan,
      trace,
      inputs,
      outputs: new Map(names.map((n, i) => [n, trace.outputTensors[i] as Tensor])),
      need: session.need,
    };
  } finally {
    await session.close();
  }
}

/**
 * An input as it is committed: NaNs in their one form (contract rule 2). An executor that committed
 * to other bits would be convicted for it.
 */
function properInput(name: string, inputs: ReadonlyMap<string, Tensor>): Tensor {
  const tensor = inputs.get(name);
  if (!tensor) throw new AssayError("input/missing", `the graph input "${name}" was not given`);
  if (tensor.dtype !== "bool") return canonicalNaNs(tensor);
  const element = firstNonCanonical(tensor.dtype, tensor.bytes);
  if (element < 0) return tensor;
  throw new AssayError("input/mismatch", `input "${name}": element ${element} is no bool`, {
    hint: "a bool is one byte, 0 or 1",
    facts: { name, element },
  });
}

/** Binds a model to the types of the given inputs; small inputs may steer shapes. */
export function planFor(
  model: Skeleton,
  inputs: ReadonlyMap<string, Tensor>,
  granularity: Granularity = "layer",
): Plan {
  const types = new Map<string, TensorType>(inputs);
  return bind(model, { types, values: steeringInputs(model, inputs), granularity });
}

/** Those of the inputs whose values binding may ask for. */
export function steeringInputs(
  model: Skeleton,
  inputs: ReadonlyMap<string, Tensor>,
): Map<string, Tensor> {
  return new Map([...inputs].filter(([name, t]) => isSteerable(model, name, t)));
}

/**
 * Shapes, axes and conditions are integers, and may come about by computation. Scales and ranges are
 * floats: these steer only where a node asks for the input itself, because data is float as well and
 * is not to be computed at binding.
 */
function isSteerable(model: Skeleton, name: string, t: Tensor): boolean {
  if (!isFoldable(t)) return false;
  return !isFloat(t.dtype) || model.graph.nodes.some((node) => asksFor(node, name));
}

function asksFor(node: GraphNode, name: string): boolean {
  const { steering = [] } = findDefinition(node.domain, node.operator) ?? {};
  return steering.some((at) => node.inputs[at] === name);
}

/** The roots of a trace. */
export function traceRoots(
  hasher: Hasher,
  trace: Pick<Trace, "inputs" | "outputs" | "boundaries">,
) {
  return {
    inputs: indexedRoot(hasher, "inputs", trace.inputs),
    outputs: indexedRoot(hasher, "outputs", trace.outputs),
    trace: traceList(hasher, trace.boundaries).root,
  };
}

function receiptOf(request: RunRequest, plan: Plan, trace: Trace): SignedReceipt {
  const { hasher, key, salt, context, digest } = request;
  const roots = traceRoots(hasher, trace);
  const mask = (kind: "inputs" | "outputs" | "trace"): Digest =>
    maskRoot(hasher, kind, roots[kind], salt);
  const receipt = makeReceipt({
    profile: profileDigest(hasher),
    model: digest.model,
    binding: bindingDigest(hasher, plan),
    plan: planDigest(hasher, plan),
    inputs: mask("inputs"),
    outputs: mask("outputs"),
    segments: plan.segments.length,
    trace: mask("trace"),
    executor: addressOf(key),
    ...(context ? { context } : {}),
    ...(salt ? { salt: saltCommitment(hasher, salt) } : {}),
  });
  return signReceipt(hasher, receipt, key);
}
