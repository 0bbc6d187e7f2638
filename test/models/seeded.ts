import { fromBinary } from "@bufbuild/protobuf";
import { elementCount, f32Tensor, type Tensor, viewOf } from "../../operators/index.js";
import type { GraphNode, Model } from "../../src/graph/types.js";
import { importOnnx } from "../../src/onnx/import.js";
import { ModelProtoSchema } from "../../src/onnx/proto/onnx_pb.js";
import { writeOnnx } from "../../src/onnx/write.js";

/**
 * A light model whose constant weights have become seeded ones, as an ONNX file made in memory. What
 * goes into a Softmax becomes an output too: a saturated one would hide differences.
 *
 * Hidden fully connected layers get `NARROW` units instead of 4096. Their weights are 72 to 90 % of
 * AlexNet, ZFNet and VGG-19, and a file of half a gigabyte would say nothing more about the same
 * three Gemm nodes.
 */
export function seededModel(bytes: Uint8Array): Uint8Array {
  const light = importOnnx(bytes);
  const opsets = new Map(
    fromBinary(ModelProtoSchema, bytes).opsetImport.map((o) => [o.domain, Number(o.version)]),
  );
  return writeOnnx(withLogits(withSeededWeights(light)), { opsets, producer: "assay tests" });
}

const WIDE = 4096;
const NARROW = 256;

function withSeededWeights({ graph, weights }: Model): Model {
  const random = generator();
  const made = new Map<string, Tensor>();
  const shapes = new Set<string>();
  for (const node of graph.nodes) {
    if (node.operator !== "ConstantOfShape") continue;
    const [output, shape] = [node.outputs[0] as string, node.inputs[0] as string];
    const role = roleOf(graph.nodes, output);
    const dims = integersOf(weights.get(shape) as Tensor);
    const cut = role.operator === "Gemm" ? dims.map((d) => (d === WIDE ? NARROW : d)) : dims;
    made.set(output, seededTensor(role, cut, random));
    shapes.add(shape);
  }
  const kept = [...weights].filter(([name]) => !shapes.has(name));
  const nodes = graph.nodes.filter((n) => n.operator !== "ConstantOfShape");
  return { graph: { ...graph, nodes }, weights: new Map([...kept, ...made]) };
}

interface Role {
  readonly operator: string;
  /** Which input of the operator. */
  readonly position: number;
}

/** Who reads a weight; through Unsqueeze, which gives some of them the dims of a channel. */
function roleOf(nodes: readonly GraphNode[], weight: string): Role {
  const reader = nodes.find((n) => n.inputs.includes(weight));
  if (!reader) return { operator: "", position: 0 };
  if (reader.operator === "Unsqueeze") return roleOf(nodes, reader.outputs[0] as string);
  return { operator: reader.operator, position: reader.inputs.indexOf(weight) };
}

/** Uniform values of a size that keeps activations near 1 through any depth. */
function seededTensor(
  { operator, position }: Role,
  dims: readonly number[],
  random: () => number,
): Tensor {
  const between = (low: number, high: number): Tensor => {
    const values = new Array<number>(elementCount(dims));
    for (let i = 0; i < values.length; i++) values[i] = low + (high - low) * random();
    return f32Tensor(dims, values);
  };
  const isProduct = operator === "Conv" || operator === "Gemm";
  if (isProduct && position === 1) {
    // Variance 2 ÷ fan-in (He et al., "Delving Deep into Rectifiers", 2015).
    const limit = Math.sqrt(6 / elementCount(dims.slice(1)));
    return between(-limit, limit);
  }
  const isScale = operator === "BatchNormalization" && (position === 1 || position === 4);
  return isScale || operator === "Mul" ? between(0.5, 1.5) : between(-0.2, 0.2);
}

/** xorshift32 (Marsaglia, "Xorshift RNGs", 2003), in [0, 1). */
export function generator(seed = 2463534242): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function integersOf(t: Tensor): number[] {
  const view = viewOf(t.bytes);
  return Array.from({ length: elementCount(t.dims) }, (_, i) =>
    Number(view.getBigInt64(8 * i, true)),
  );
}

function withLogits({ graph, weights }: Model): Model {
  const logits = graph.nodes.filter((n) => n.operator === "Softmax").map((n) => n.inputs[0]);
  const added = logits.map((name) => ({ name: name as string, dtype: "f32" as const, dims: null }));
  const outputs = graph.outputs.map((v) => ({ ...v, dims: null }));
  return { graph: { ...graph, outputs: [...outputs, ...added] }, weights };
}
