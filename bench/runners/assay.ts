import { NativeMachine, nativeAddon } from "../../operators/backends/native/index.js";
import { WasmMachine } from "../../operators/backends/wasm/machine/index.js";
import type { Machine, Tensor } from "../../operators/index.js";
import type { LayoutOptions } from "../../src/execute/layout.js";
import { planFor } from "../../src/execute/run-model.js";
import { Session } from "../../src/execute/session.js";
import type { Granularity } from "../../src/graph/plan.js";
import type { Workload } from "../models.js";
import { floatsOf } from "../values.js";
import type { Runner } from "./runner.js";

export const ASSAY = "assay";
export const ASSAY_NATIVE = "assay native";

/** A workload in a session on the WebAssembly machine: weights in place and packed. */
export async function openSession(
  { model, inputs }: Workload,
  {
    threads = 1,
    granularity = "layer" as Granularity,
    machine = new WasmMachine(threads) as Machine,
    fuse = "segments" as NonNullable<LayoutOptions["fuse"]>,
  } = {},
): Promise<{ session: Session; inputs: readonly Tensor[] }> {
  const plan = planFor(model, inputs, granularity);
  const session = await Session.open(plan, model.weights, machine, { fuse });
  return { session, inputs: plan.inputs.map((v) => inputs.get(v.name) as Tensor) };
}

/** What `assay run` computes, without any commitment. */
export async function assayRunner(workload: Workload, threads = 1): Promise<Runner> {
  return runnerOf(ASSAY, workload, new WasmMachine(threads), threads);
}

/** The same with matrix products in native code, or nothing where the addon is not built. */
export async function nativeRunner(workload: Workload, threads = 1): Promise<Runner | undefined> {
  if (!("addon" in nativeAddon())) return undefined;
  return runnerOf(ASSAY_NATIVE, workload, new NativeMachine(threads), threads);
}

async function runnerOf(
  name: string,
  workload: Workload,
  machine: Machine,
  threads: number,
): Promise<Runner> {
  // Nobody commits to anything, so operators are computed together wherever they can be.
  const { session, inputs } = await openSession(workload, { machine, fuse: "run" });
  return {
    name: threads === 1 ? name : `${name} ${threads}T`,
    run: () => {
      runPlain(session, inputs);
    },
    output: async () => floatsOf(runPlain(session, inputs)[0] as Tensor),
    close: () => session.close(),
  };
}

/** Input in, all operators, outputs out. */
export function runPlain(session: Session, inputs: readonly Tensor[]): Tensor[] {
  const { plan } = session;
  session.setInputs(inputs);
  session.runNodes(0, plan.nodes.length);
  return plan.outputs.map(({ value }) => session.tensor(value));
}
