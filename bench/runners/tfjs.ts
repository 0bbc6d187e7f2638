import { createRequire } from "node:module";
import { dirname } from "node:path";
import type { Workload } from "../models.js";
import { floatsOf } from "../values.js";
import type { Runner } from "./runner.js";

export const TFJS_WASM = "tfjs-wasm";
export const TFJS_NODE = "tfjs-node";

type Tfjs = typeof import("@tensorflow/tfjs");

/** tfjs has no ONNX import: it takes part in matrix products only. One thread, as always in Node. */
export async function tfjsWasmRunner(workload: Workload): Promise<Runner> {
  const tf = await import("@tensorflow/tfjs");
  const wasm = await import("@tensorflow/tfjs-backend-wasm");
  const main = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths(`${dirname(main)}/`);
  wasm.setThreadsCount(1);
  return matmulRunner(tf, "wasm", TFJS_WASM, workload);
}

/**
 * tfjs on the native TensorFlow, or nothing where its binary could not be fetched at install or
 * does not load (it fails on Node 24). Takes as many threads as it likes.
 */
export async function tfjsNodeRunner(workload: Workload): Promise<Runner | undefined> {
  // An optional dependency: the name is hidden from the type checker.
  const name: string = "@tensorflow/tfjs-node";
  try {
    const tf: Tfjs = await import(name);
    return await matmulRunner(tf, "tensorflow", TFJS_NODE, workload);
  } catch {
    return undefined;
  }
}

async function matmulRunner(
  tf: Tfjs,
  backend: string,
  name: string,
  { model, inputs }: Workload,
): Promise<Runner> {
  await tf.setBackend(backend);
  await tf.ready();
  const [a, b] = [inputs.get("x"), model.weights.get("w")].map((t) => {
    if (!t) throw new RangeError("tfjs runs matrix products only");
    return tf.tensor2d(floatsOf(t), [...t.dims] as [number, number]);
  }) as [import("@tensorflow/tfjs").Tensor2D, import("@tensorflow/tfjs").Tensor2D];
  return {
    name,
    // Two backends may be loaded; a tensor moves when the other one meets it.
    prepare: async () => {
      if (tf.getBackend() !== backend) await tf.setBackend(backend);
    },
    run: () => {
      tf.matMul(a, b).dispose();
    },
    output: async () => {
      const product = tf.matMul(a, b);
      const values = (await product.data()) as Float32Array;
      product.dispose();
      return values;
    },
    close: async () => {
      a.dispose();
      b.dispose();
    },
  };
}
