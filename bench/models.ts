import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { invertedModel, MOBILENET_V2 } from "../fixtures/builders/mobilenet.js";
import { type AttributeSpec, ModelBuilder } from "../fixtures/builders/model-builder.js";
import { quantisedTransformerModel } from "../fixtures/builders/quantised.js";
import { resnetModel } from "../fixtures/builders/resnet.js";
import { bottleneckModel, RESNET50 } from "../fixtures/builders/resnet50.js";
import {
  TRANSFORMER_OPSET,
  type TransformerShape,
  transformerModel,
} from "../fixtures/builders/transformer.js";
import { AssayError, DTYPES, type Tensor } from "../operators/index.js";
import { parseTensorFile } from "../src/files/parse.js";
import type { Model } from "../src/graph/types.js";
import { importOnnx } from "../src/onnx/import.js";
import { writeOnnx } from "../src/onnx/write.js";
import type { Scale } from "./settings.js";
import { drawFast, randomTensor, randomWeights } from "./values.js";

/** A model with inputs to run it on, for every runtime. */
export interface Workload {
  readonly title: string;
  readonly model: Model;
  /** The model as an ONNX file. */
  readonly bytes: Uint8Array;
  readonly inputs: ReadonlyMap<string, Tensor>;
}

/** The opset in which benchmarks write operators down. */
const OPSET = TRANSFORMER_OPSET;

/** x [M, K] times a constant w [K, N]: what a layer does. */
export function matmulWorkload(m: number, k: number, n: number): Workload {
  const w = randomTensor([k, n], 2);
  const b = new ModelBuilder("matmul", OPSET, 1);
  b.addOutput("", "MatMul", [b.input("x", [m, k]), b.tensor("w", w)], "y");
  return workload(`${m}×${k}×${n}`, b.build([{ name: "y", dims: [m, n] }]), [m, k]);
}

/** How a weight is stored, and what becomes of it in a product. */
export const VECTOR_KINDS = {
  f32: { stored: "f32", form: "MatMul" },
  bf16: { stored: "bf16", form: "MatMul" },
  "bf16 → f32": { stored: "bf16", form: "Cast" },
  i8: { stored: "i8", form: "MatMulInteger" },
  "i8 → f32": { stored: "i8", form: "Cast" },
} as const;

export type VectorKind = keyof typeof VECTOR_KINDS;

/**
 * One row times `bytes` bytes of weights. A MatMul has a row of the weights' own type and a
 * MatMulInteger one of u8; a Cast widens weights in the model.
 */
export function vectorWorkload(kind: VectorKind, bytes: number, scale: Scale): Workload {
  const { stored, form } = VECTOR_KINDS[kind];
  const k = scale === "tiny" ? 64 : 4096;
  const n = bytes / (k * DTYPES[stored].size);
  const b = new ModelBuilder("vector", OPSET, 1);
  const w = b.tensor("w", randomWeights(stored, [k, n]));
  const given = form === "Cast" ? "f32" : form === "MatMulInteger" ? "u8" : stored;
  const x = b.input("x", [1, k], given);
  const wide = form === "Cast" ? b.add("/w", "Cast", [w], { to: DTYPES.f32.code }) : w;
  b.addOutput("", form === "MatMulInteger" ? form : "MatMul", [x, wide], "y");
  const out = form === "MatMulInteger" ? "i32" : given;
  const model = b.build([{ name: "y", dims: [1, n], dtype: out }]);
  const row = given === "f32" ? randomTensor([1, k]) : randomWeights(given, [1, k]);
  const title = `1×${k}×${n}, ${kind}`;
  return { title, model, bytes: written(model), inputs: new Map([["x", row]]) };
}

export interface OperatorCase {
  readonly operator: string;
  readonly dims: readonly number[];
  readonly out: readonly number[];
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
  /** Dims of constant operands after the first. */
  readonly constants?: readonly (readonly number[])[];
}

/** One operator over one input, its other operands constant. */
export function operatorWorkload(c: OperatorCase): Workload {
  const b = new ModelBuilder("operator", OPSET, 1);
  const constants = (c.constants ?? []).map((dims, i) =>
    b.tensor(`c${i}`, randomTensor(dims, i + 2)),
  );
  b.addOutput("", c.operator, [b.input("x", c.dims), ...constants], "y", c.attributes);
  return workload(`${c.operator} [${c.dims}]`, b.build([{ name: "y", dims: c.out }]), c.dims);
}

/** One transformer block: d = 768, 12 heads, 128 positions, with a last normalisation. */
export function blockWorkload(scale: Scale): Workload {
  const [d, heads, sequence] = scale === "tiny" ? [32, 2, 8] : [768, 12, 128];
  const model = transformerModel({ layers: 1, d, heads, sequence });
  return workload(`transformer block (d=${d}, ${heads} heads, T=${sequence})`, model, [
    1,
    sequence,
    d,
  ]);
}

/**
 * Stacks of transformer blocks with a sequence of any length: 12 blocks have 340 MB of weights, which
 * are made once and shared by every length.
 */
export function stackWorkloads(
  scale: Scale,
  lengths: readonly number[],
  blocks = defaultBlocks(scale),
): Workload[] {
  const shape = { layers: blocks, ...widths(scale), sequence: "T" };
  const model = transformerModel(shape, 1, undefined, drawFast);
  return ofLengths(`${blocks} transformer blocks`, model, shape, lengths);
}

/** The same with weights in i8. */
export function quantisedWorkloads(scale: Scale, lengths: readonly number[]): Workload[] {
  const shape = { layers: defaultBlocks(scale), ...widths(scale), sequence: "T" };
  const model = quantisedTransformerModel(shape, 1, drawFast);
  return ofLengths(`${shape.layers} transformer blocks in int8`, model, shape, lengths);
}

const defaultBlocks = (scale: Scale): number => (scale === "tiny" ? 2 : 12);
const widths = (scale: Scale) => (scale === "tiny" ? { d: 32, heads: 2 } : { d: 768, heads: 12 });

function ofLengths(
  title: string,
  model: Model,
  { d, heads }: TransformerShape,
  lengths: readonly number[],
): Workload[] {
  const bytes = written(model);
  return lengths.map((t) => ({
    title: `${title} (d=${d}, ${heads} heads), T=${t}`,
    model,
    bytes,
    inputs: new Map([["x", randomTensor([1, t, d])]]),
  }));
}

/** SqueezeNet with its real weights; a small seeded residual network at tiny scale. */
export function imageWorkload(scale: Scale): Workload {
  if (scale === "tiny") {
    const model = resnetModel({ size: 16, channels: [8, 16], blocks: 1, classes: 10 });
    return workload("small residual network", model, [1, 3, 16, 16]);
  }
  return fileWorkload(
    "SqueezeNet (f32)",
    "models/squeezenet/SqueezeNet_f32_widened_from_fp16.onnx",
    "models/squeezenet/golden_f32/test_data_set_0/input_0.pb",
  );
}

/** mnist-8 with its real weights, at any scale. */
export function digitWorkload(): Workload {
  return fileWorkload(
    "mnist-8",
    "models/mnist-8/mnist.onnx",
    "models/mnist-8/golden/test_data_set_0/input_0.pb",
  );
}

/** ResNet-50's shape, at tiny scale of another size. */
export function resnet50Workload(scale: Scale): Workload {
  const shape =
    scale === "tiny" ? { ...RESNET50, size: 32, width: 8, blocks: [1, 2], classes: 10 } : RESNET50;
  const model = bottleneckModel(shape, 1, drawFast);
  return workload("ResNet-50-shaped", model, [1, 3, shape.size, shape.size]);
}

/** MobileNetV2's shape, at tiny scale with few blocks. */
export function mobilenetWorkload(scale: Scale): Workload {
  const few = MOBILENET_V2.stages.slice(0, 2);
  const shape =
    scale === "tiny"
      ? { ...MOBILENET_V2, size: 32, stages: few, last: 32, classes: 10 }
      : MOBILENET_V2;
  const model = invertedModel(shape, 1, drawFast);
  return workload("MobileNetV2-shaped", model, [1, 3, shape.size, shape.size]);
}

/** A model and an input from the folder of models. */
function fileWorkload(title: string, modelFile: string, inputFile: string): Workload {
  const bytes = readData(join(dataFolder(), modelFile));
  const input = join(dataFolder(), inputFile);
  const model = importOnnx(bytes);
  const name = model.graph.inputs[0]?.name as string;
  return {
    title,
    model,
    bytes,
    inputs: new Map([[name, parseTensorFile(input, readData(input))]]),
  };
}

function workload(title: string, model: Model, dims: readonly number[]): Workload {
  const name = model.graph.inputs[0]?.name as string;
  return { title, model, bytes: written(model), inputs: new Map([[name, randomTensor(dims)]]) };
}

function written(model: Model): Uint8Array {
  return writeOnnx(model, { opsets: new Map([["", OPSET]]), producer: "assay-bench" });
}

/** Where models lie that the project did not make: ASSAY_DATA, else beside the project. */
function dataFolder(): string {
  return resolve(import.meta.dirname, "..", process.env.ASSAY_DATA ?? "../shared/data");
}

function readData(path: string): Uint8Array {
  if (!existsSync(path)) {
    throw new AssayError("file/not-found", `there is no ${path}`, {
      hint: "set ASSAY_DATA to the folder of models",
    });
  }
  return new Uint8Array(readFileSync(path));
}
