import type { Tensor } from "../../operators/index.js";
import type { Workload } from "../models.js";
import { floatsOf } from "../values.js";
import type { Runner } from "./runner.js";

export const ORT_WEB = "ort-web";
export const ORT_NODE = "ort-node";

type OrtWeb = typeof import("onnxruntime-web");
/** Both packages re-export one API. */
type Ort = Pick<OrtWeb, "InferenceSession" | "Tensor">;

/** onnxruntime-web on its WebAssembly provider. One thread: the count is fixed once per process. */
export async function ortWebRunner(workload: Workload): Promise<Runner> {
  const ort = await import("onnxruntime-web");
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  return ortRunner(ort, ORT_WEB, workload, { executionProviders: ["wasm"] });
}

/** onnxruntime-node on its CPU provider, or nothing where it cannot be loaded. */
export async function ortNodeRunner(workload: Workload, threads = 1): Promise<Runner | undefined> {
  let ort: Ort;
  try {
    ort = await import("onnxruntime-node");
  } catch {
    return undefined;
  }
  return ortRunner(ort, threads === 1 ? ORT_NODE : `${ORT_NODE} ${threads}T`, workload, {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  });
}

type SessionOptions = Parameters<Ort["InferenceSession"]["create"]>[1];

async function ortRunner(
  ort: Ort,
  name: string,
  { bytes, inputs }: Workload,
  options: SessionOptions,
): Promise<Runner> {
  const session = await ort.InferenceSession.create(bytes, {
    ...options,
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
  });
  const feeds = Object.fromEntries(
    [...inputs].map(([key, t]: [string, Tensor]) => [
      key,
      new ort.Tensor("float32", floatsOf(t), [...t.dims]),
    ]),
  );
  const run = () => session.run(feeds);
  return {
    name,
    run: async () => {
      await run();
    },
    output: async () => {
      const first = session.outputNames[0] as string;
      return (await run())[first]?.data as Float32Array;
    },
    close: () => session.release(),
  };
}
