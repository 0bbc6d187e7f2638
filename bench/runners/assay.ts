import { WasmMachine } from "../../operators/backends/wasm/machine/index.js";
import type { Tensor } from "../../operators/index.js";
import { planFor } from "../../src/execute/run-model.js";
import { Session } from "../../src/execute/session.js";
import type { Granularity } from "../../src/graph/plan.js";
import type { Workload } from "../models.js";
import { floatsOf } from "../values.js";
import type { Runner } from "./runner.js";

export const ASSAY = "assay";

/** A workload in a session on the WebAssembly machine: weights in place and packed. */
export async function openSession(
  { model, inputs }: Workload,
  { threads = 1, granularity = "layer" as Granularity } = {},
): Promise<{ session: Session; inputs: readonly Tensor[] }> {
  const plan = planFor(model, inputs, granularity);
  const session = await Session.open(plan, model.weights, new WasmMachine(threads));
  return { session, inputs: plan.inputs.map((v) => inputs.get(v.name) as Tensor) };
}

/** What `assay run` computes, without any commitment. */
export async function assayRunner(workload: Workload, threads = 1): Promise<Runner> {
  const { session, inputs } = await openSession(workload, { threads });
  return {
    name: threads === 1 ? ASSAY : `${ASSAY} ${threads}T`,
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
