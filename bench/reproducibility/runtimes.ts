import { createRequire } from "node:module";
import { dirname } from "node:path";
import { ModelBuilder } from "../../fixtures/builders/model-builder.js";
import { WasmMachine } from "../../operators/backends/wasm/machine/index.js";
import { InterpreterMachine, type Machine, type Tensor } from "../../operators/index.js";
import { planFor } from "../../src/execute/run-model.js";
import { Session } from "../../src/execute/session.js";
import type { Model } from "../../src/graph/types.js";
import { writeOnnx } from "../../src/onnx/write.js";
import { floatsOf } from "../values.js";
import type { Case } from "./cases.js";

/** Runs one operator; nothing where the runtime does not have it. */
export type RunCase = (c: Case) => Promise<Float32Array | undefined>;

const OPSET = 20;

/** One per runtime, by the name that the table has; made with a number of threads. */
export const RUNTIMES: Readonly<Record<string, (threads: number) => Promise<RunCase>>> = {
  assay: async (threads) => (c) => assay(c, new WasmMachine(threads)),
  "assay interpreter": async () => (c) => assay(c, new InterpreterMachine()),
  "onnxruntime-node": async (threads) => {
    return onnxRuntime(await import("onnxruntime-node"), {
      executionProviders: ["cpu"],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
    });
  },
  "onnxruntime-web": async (threads) => {
    const ort = await import("onnxruntime-web");
    ort.env.wasm.numThreads = threads;
    ort.env.logLevel = "error";
    return onnxRuntime(ort, { executionProviders: ["wasm"] });
  },
  "tfjs cpu": () => tfjs("cpu"),
  "tfjs wasm": () => tfjs("wasm"),
};

function modelOf(c: Case): { model: Model; inputs: Map<string, Tensor> } {
  const b = new ModelBuilder("case", OPSET, 1);
  const inputs = new Map<string, Tensor>();
  const names = c.operands.map(({ tensor, constant }, i) => {
    if (constant) return b.tensor(`w${i}`, tensor);
    inputs.set(`x${i}`, tensor);
    return b.input(`x${i}`, tensor.dims);
  });
  b.addOutput("", c.operator, names, "y", c.attributes);
  return { model: b.build([{ name: "y", dims: c.out }]), inputs };
}

async function assay(c: Case, machine: Machine): Promise<Float32Array> {
  const { model, inputs } = modelOf(c);
  const plan = planFor(model, inputs);
  const session = await Session.open(plan, model.weights, machine);
  try {
    session.setInputs([...inputs.values()]);
    session.runNodes(0, plan.nodes.length);
    return floatsOf(session.tensor(plan.outputs[0]?.value as number));
  } finally {
    await session.close();
  }
}

type Ort = Pick<typeof import("onnxruntime-web"), "InferenceSession" | "Tensor">;

function onnxRuntime(ort: Ort, options: Parameters<Ort["InferenceSession"]["create"]>[1]): RunCase {
  return async (c) => {
    const { model, inputs } = modelOf(c);
    const bytes = writeOnnx(model, { opsets: new Map([["", OPSET]]), producer: "assay-bench" });
    const session = await ort.InferenceSession.create(bytes, { ...options, logSeverityLevel: 3 });
    const feeds = [...inputs].map(
      ([name, t]) => [name, new ort.Tensor("float32", floatsOf(t), [...t.dims])] as const,
    );
    const { y } = await session.run(Object.fromEntries(feeds));
    const result = Float32Array.from(y?.data as Float32Array);
    await session.release();
    return result;
  };
}

type Tfjs = typeof import("@tensorflow/tfjs");
type TfTensor = import("@tensorflow/tfjs").Tensor;

async function tfjs(backend: "cpu" | "wasm"): Promise<RunCase> {
  const tf = await import("@tensorflow/tfjs");
  if (backend === "wasm") {
    const wasm = await import("@tensorflow/tfjs-backend-wasm");
    const main = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm");
    wasm.setWasmPaths(`${dirname(main)}/`);
    wasm.setThreadsCount(1);
  }
  await tf.setBackend(backend);
  await tf.ready();
  return async (c) => {
    const apply = TFJS_OPERATORS[c.operator];
    if (!apply || c.column.includes("constant")) return undefined;
    const operands = c.operands.map(({ tensor }) => tf.tensor(floatsOf(tensor), [...tensor.dims]));
    const result = tf.tidy(() => apply(tf, operands));
    const values = Float32Array.from(await result.data());
    for (const t of [...operands, result]) t.dispose();
    return values;
  };
}

/** What tfjs has as one operator; it has no LayerNormalization and no Gelu, and no weights apart. */
const TFJS_OPERATORS: Readonly<Record<string, (tf: Tfjs, x: TfTensor[]) => TfTensor>> = {
  MatMul: (tf, [a, b]) => tf.matMul(a as TfTensor, b as TfTensor),
  Softmax: (tf, [x]) => tf.softmax(x as TfTensor),
  Tanh: (tf, [x]) => tf.tanh(x as TfTensor),
  Exp: (tf, [x]) => tf.exp(x as TfTensor),
  Conv: (tf, [x, w, bias]) => {
    // Channels last, filters as [height, width, in, out].
    const image = tf.transpose(x as TfTensor, [0, 2, 3, 1]) as import("@tensorflow/tfjs").Tensor4D;
    const filters = tf.transpose(w as TfTensor, [2, 3, 1, 0]) as typeof image;
    const result = tf.add(tf.conv2d(image, filters, 1, "valid"), bias as TfTensor);
    return tf.transpose(result, [0, 3, 1, 2]);
  },
};
