import {
  AssayError,
  ByteWriter,
  byteLength,
  DTYPES,
  f32Bits,
  firstNonCanonical,
  type LoweredOutput,
  PROFILE,
  programBytes,
  type Stage,
  type Tensor,
  type TensorType,
} from "../../operators/basis.js";
import type { Digest, Hasher } from "../merkle/hash.js";
import { indexedList } from "../merkle/indexed-root.js";
import { type CommittedList, commitList } from "../merkle/list.js";
import { DIGEST_TAGS, LEAF_TAGS, ROOT_TAGS, taggedDigest } from "../merkle/tags.js";
import { commitTensor } from "../merkle/tensor-tree.js";
import { commitUniform } from "../merkle/uniform.js";
import type { Plan, PlanNode } from "./plan.js";
import { innerWeights } from "./subgraphs.js";
import type {
  Graph,
  GraphNode,
  Model,
  NodeAttribute,
  NodeAttributes,
  Subgraph,
  SubgraphValue,
  ValueInfo,
} from "./types.js";
import { isUniform, type KnownValue } from "./values.js";

/**
 * The digests that say what a receipt is about: profile, graph, model, binding, plan. All byte
 * layouts are little endian and stated in docs/commitments.md.
 */
export interface ModelDigest {
  /** H over the graph digest and the weights root. */
  readonly model: Digest;
  readonly graph: Digest;
  readonly weights: Digest;
  /** The weights' tree, for opening single commitments. */
  readonly weightList: CommittedList;
  /** Commitment of every weight, in file order. */
  readonly weightCommitments: readonly Digest[];
}

/** The digest of the numeric contract's normative tables. */
export function profileDigest(hasher: Hasher): Digest {
  return taggedDigest(hasher, DIGEST_TAGS.profile, PROFILE.bytes());
}

/**
 * Hashes the graph and all weights; takes as long as hashing the weights does. Throws
 * `graph/invalid` for what has no canonical bytes: a NaN that is not canonical, a text with half of
 * a surrogate pair, an attribute beyond its type, a list of more than 65535 entries.
 */
export function modelDigest(hasher: Hasher, model: Model): ModelDigest {
  const weightCommitments = [...model.weights].map(([name, t]) => commitWeight(hasher, name, t));
  return modelDigestFrom(hasher, model.graph, weightCommitments, [...model.weights.keys()]);
}

/** Throws `graph/invalid` where the tensor is not canonical. */
export function commitWeight(hasher: Hasher, name: string, weight: Tensor): Digest {
  // Of all that this takes the JavaScript loop over f32 is a third, beside native hashing.
  const clean =
    weight.dtype === "f32" &&
    weight.bytes.length === byteLength(weight) &&
    hasher.batch?.hasNaN?.(weight.bytes) === false;
  if (!clean) requireProper(weight, `the weight "${name}"`);
  return commitTensor(hasher, weight);
}

/** The model digest from commitments that were computed before. */
export function modelDigestFrom(
  hasher: Hasher,
  graph: Graph,
  weightCommitments: readonly Digest[],
  weightNames: readonly string[],
): ModelDigest {
  const weightList = indexedList(hasher, "weights", weightCommitments);
  const digest = taggedDigest(hasher, DIGEST_TAGS.graph, graphBytes(graph, weightNames));
  const w = new ByteWriter();
  w.raw(digest);
  w.raw(weightList.root);
  return {
    model: taggedDigest(hasher, DIGEST_TAGS.model, w.bytes()),
    graph: digest,
    weights: weightList.root,
    weightList,
    weightCommitments,
  };
}

/** Commitment of a value known at binding. */
export function commitKnown(hasher: Hasher, value: KnownValue): Digest {
  return isUniform(value)
    ? commitUniform(hasher, value.dtype, value.dims, value.element)
    : commitTensor(hasher, value);
}

/** What the graph was bound to: input types in graph order, steering values, granularity. */
export function bindingDigest(hasher: Hasher, plan: Plan): Digest {
  const w = new ByteWriter();
  w.text(plan.granularity);
  w.list(plan.inputs, (input) => {
    writeType(w, input);
    w.u8(input.steering ? 1 : 0);
    if (input.steering) w.raw(commitKnown(hasher, input.steering));
  });
  return taggedDigest(hasher, DIGEST_TAGS.binding, w.bytes());
}

/**
 * The plan as a Merkle list: a header (inputs, constants, outputs, segments), then one leaf per
 * node with the canonical bytes of its programs, so that a node can be opened with a proof.
 */
export function planList(hasher: Hasher, plan: Plan): CommittedList {
  const header = planHeader(hasher, plan);
  return commitList(hasher, ROOT_TAGS.plan, [
    header,
    ...plan.nodes.map((node, i) => nodeBody(plan, node, i)),
  ]);
}

export function planDigest(hasher: Hasher, plan: Plan): Digest {
  return planList(hasher, plan).root;
}

function planHeader(hasher: Hasher, plan: Plan): Uint8Array {
  const w = new ByteWriter();
  w.u8(LEAF_TAGS.planHeader);
  w.list(plan.inputs, (v) => writeType(w, v));
  w.u32(plan.weights.length);
  for (const v of plan.weights) writeType(w, v);
  w.u32(plan.constants.length);
  for (const value of plan.constants) w.raw(commitKnown(hasher, value));
  w.list(plan.outputs, (v) => writeOrigin(w, plan, v.value));
  w.u32(plan.nodes.length);
  w.u32(plan.segments.length);
  for (const s of plan.segments) {
    w.u32(s.end);
    w.list(s.live, (v) => writeOrigin(w, plan, v));
  }
  return w.bytes();
}

/** index ‖ operator ‖ version ‖ inputs by origin ‖ outputs ‖ stages with their program bytes ‖ scan. */
function nodeBody(plan: Plan, node: PlanNode, index: number): Uint8Array {
  const w = new ByteWriter();
  w.u8(LEAF_TAGS.planNode);
  w.u32(index);
  w.text(node.domain);
  w.text(node.operator);
  w.u32(node.version);
  w.list(node.inputs, (v) => writeOrigin(w, plan, v));
  w.list(node.lowering.outputs, (out: LoweredOutput) => {
    writeType(w, out);
    w.u16(out.stage);
  });
  w.list(node.lowering.stages, (stage: Stage) => {
    w.list(stage.sources, (s) => {
      w.u8(s.kind === "input" ? 0 : 1);
      w.u16(s.index);
    });
    const program = programBytes(stage.program);
    w.u32(program.length);
    w.raw(program);
  });
  w.u16(node.lowering.scan?.first ?? 0);
  w.u16(node.lowering.scan?.end ?? 0);
  return w.bytes();
}

const ORIGIN = { input: 1, weight: 2, constant: 3, node: 4 } as const;

/** 0 for an input left out; else kind u8 ‖ index u32 ‖ output u16. */
function writeOrigin(w: ByteWriter, plan: Plan, value: number | undefined): void {
  const origin = value === undefined ? undefined : plan.values[value]?.origin;
  if (!origin) return w.u8(0);
  w.u8(ORIGIN[origin.kind]);
  w.u32(origin.kind === "node" ? origin.node : origin.index);
  w.u16(origin.kind === "node" ? origin.output : 0);
}

function writeType(w: ByteWriter, type: TensorType): void {
  w.u8(DTYPES[type.dtype].code);
  w.integers(type.dims);
}

/**
 * Canonical bytes of an unbound graph. Weight names come first, because nodes refer to tensors by
 * name and the weights root is by index. A weight that a subgraph hides has no name of the file's
 * own; the subgraph says by position which one it means.
 */
export function graphBytes(graph: Graph, weightNames: readonly string[]): Uint8Array {
  const hidden = innerWeights(graph.nodes);
  const w = new ByteWriter();
  w.u32(weightNames.length);
  for (const name of weightNames) w.text(hidden.has(name) ? "" : name);
  w.list(graph.inputs, (v) => writeValueInfo(w, v));
  w.list(graph.outputs, (v) => writeValueInfo(w, v));
  const positions = new Map(weightNames.map((name, i) => [name, i]));
  writeNodes(w, graph.nodes, positions);
  return w.bytes();
}

type Positions = ReadonlyMap<string, number>;

function writeNodes(w: ByteWriter, nodes: readonly GraphNode[], positions: Positions): void {
  w.u32(nodes.length);
  for (const node of nodes) {
    w.text(node.domain);
    w.text(node.operator);
    w.u32(node.version);
    w.list(node.inputs, (name) => w.text(name));
    w.list(node.outputs, (name) => w.text(name));
    writeAttributes(w, node.attributes, positions);
  }
}

function writeSubgraph(w: ByteWriter, graph: Subgraph, positions: Positions): void {
  w.u32(graph.initializers.length);
  for (const { name, weight } of graph.initializers) {
    const position = positions.get(weight);
    if (position === undefined) throw notAnAttribute(`there is no weight "${weight}"`);
    w.text(name);
    w.u32(position);
  }
  w.list(graph.inputs, (v) => writeSubgraphValue(w, v));
  w.list(graph.outputs, (v) => writeSubgraphValue(w, v));
  writeNodes(w, graph.nodes, positions);
}

function writeSubgraphValue(w: ByteWriter, { name, type }: SubgraphValue): void {
  w.u8(type === null ? 0 : 1);
  if (type === null) w.text(name);
  else writeValueInfo(w, { name, ...type });
}

function writeValueInfo(w: ByteWriter, info: ValueInfo): void {
  w.text(info.name);
  w.u8(DTYPES[info.dtype].code);
  w.u8(info.dims === null ? 0 : 1);
  w.list(info.dims ?? [], (d) => {
    w.u8(d === null ? 0 : typeof d === "number" ? 1 : 2);
    if (typeof d === "number") w.i64(d);
    else if (d !== null) w.text(d);
  });
}

const ATTRIBUTE = {
  int: 1,
  float: 2,
  string: 3,
  tensor: 4,
  ints: 5,
  floats: 6,
  strings: 7,
  opaque: 8,
  graph: 9,
} as const;

type PlainAttribute = Exclude<NodeAttribute, { readonly kind: "graph" }>;

/** Sorted by name as UTF-16 code units, so that file order does not matter. */
function writeAttributes(w: ByteWriter, attributes: NodeAttributes, positions: Positions): void {
  const sorted = [...attributes].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  w.list(sorted, ([name, value]) => {
    w.text(name);
    w.u8(ATTRIBUTE[value.kind]);
    if (value.kind === "graph") writeSubgraph(w, value.value, positions);
    else writeAttribute(w, value);
  });
}

function writeAttribute(w: ByteWriter, a: PlainAttribute): void {
  const u64 = (x: bigint): void => {
    if (BigInt.asIntN(64, x) !== x) throw notAnAttribute(`${x} is not an i64`);
    w.u64(BigInt.asUintN(64, x));
  };
  const f32 = (x: number): void => {
    if (!Object.is(Math.fround(x), x)) throw notAnAttribute(`${x} is not an f32`);
    w.u32(f32Bits(x));
  };
  switch (a.kind) {
    case "int":
      return u64(a.value);
    case "float":
      return f32(a.value);
    case "string":
      return w.text(a.value);
    case "tensor":
      requireProper(a.value, "an attribute");
      writeType(w, a.value);
      w.u32(a.value.bytes.length);
      return w.raw(a.value.bytes);
    case "ints":
      w.u32(a.value.length);
      return a.value.forEach(u64);
    case "floats":
      w.u32(a.value.length);
      return a.value.forEach(f32);
    case "strings":
      w.u32(a.value.length);
      return a.value.forEach((s) => {
        w.text(s);
      });
    case "opaque":
      w.text(a.what);
      w.u32(a.bytes.length);
      return w.raw(a.bytes);
  }
}

function notAnAttribute(what: string): AssayError {
  return new AssayError("graph/invalid", `an attribute: ${what}`);
}

/**
 * A model is digested only with tensors of canonical elements: what a backend makes of others is not
 * defined, and a run that reads one could be convicted though its executor is honest.
 */
function requireProper(t: Tensor, what: string): void {
  const element = t.bytes.length === byteLength(t) ? firstNonCanonical(t.dtype, t.bytes) : 0;
  if (element < 0) return;
  throw new AssayError(
    "graph/invalid",
    `${what} is not ${t.dtype}[${t.dims}] with canonical elements: see element ${element}`,
    { facts: { dtype: t.dtype, dims: t.dims, element } },
  );
}
