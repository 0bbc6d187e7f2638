import { ModelBuilder } from "../fixtures/builders/model-builder.js";
import { transformerModel } from "../fixtures/builders/transformer.js";
import type { Tensor } from "../operators/index.js";
import type { Workpiece } from "./dispute-cost.js";
import { imageWorkload } from "./models.js";
import type { Scale } from "./settings.js";
import { randomTensor } from "./values.js";

/** Models whose operators are disputed one by one. */

const OPSET = 20;

/**
 * One row times a matrix of K by N; with fewer than `least` elements in the matrix more rows, so that
 * the operator is never so small that it is recomputed whole.
 */
export function product(k: number, n: number, least = 0): Workpiece {
  const rows = Math.max(1, Math.ceil(least / (k * n)));
  const b = new ModelBuilder("product", OPSET, 1);
  const w = b.tensor("w", randomTensor([k, n], 2));
  b.addOutput("", "MatMul", [b.input("x", [rows, k]), w], "y");
  const model = b.build([{ name: "y", dims: [rows, n] }]);
  return { title: `${rows}×${k}×${n}`, model, inputs: new Map([["x", randomTensor([rows, k])]]) };
}

/** A chain of additions, each too large to be recomputed whole. */
export function additions(length: number): Workpiece {
  const dims = [128, 64];
  const b = new ModelBuilder("chain", OPSET, 1);
  const w = b.tensor("w", randomTensor(dims, 2));
  let last = b.input("x", dims);
  for (let i = 0; i < length; i++) {
    const name = i === length - 1 ? "y" : `v${i}`;
    b.addOutput("", "Add", [last, w], name);
    last = name;
  }
  const model = b.build([{ name: "y", dims }]);
  return { title: `${length} additions`, model, inputs: new Map([["x", randomTensor(dims)]]) };
}

export function squeezenet(scale: Scale): Workpiece {
  const { title, model, inputs } = imageWorkload(scale);
  return { title, model, inputs };
}

/** A stack of decoder blocks, d = 256, 4 heads, 64 positions. */
export function stack(layers: number): Workpiece {
  const [d, heads, sequence] = [256, 4, 64];
  const model = transformerModel({ layers, d, heads, sequence });
  const name = model.graph.inputs[0]?.name as string;
  const inputs = new Map<string, Tensor>([[name, randomTensor([1, sequence, d])]]);
  return { title: `${layers} layers`, model, inputs };
}
