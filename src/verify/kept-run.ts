import { AssayError, elementCount, type Tensor } from "../../operators/basis.js";
import { RUN_FILES, type RunDescription } from "../execute/run-folder.js";
import { planFor } from "../execute/run-model.js";
import type { Plan } from "../graph/plan.js";
import type { Model } from "../graph/types.js";
import type { OpenedRun } from "./open-run.js";
import type { KeptRun } from "./run-provider.js";

/** What its executor needs to defend a run. Throws `run/incomplete` where the folder lacks it. */
export function keptRun(
  run: OpenedRun,
  model: Model,
  outputs: readonly Uint8Array[],
  plan = planFor(model, run.inputs, run.description.granularity),
): KeptRun {
  const kept = run.kept(plan);
  if (!kept) {
    const message = `${run.folder} lacks the tensors that cross boundaries`;
    throw new AssayError("run/incomplete", message, {
      hint: "only a whole run folder can be disputed",
    });
  }
  const { salt } = run.description;
  const drill = appliedDrill(plan, run.description.drill);
  return {
    plan,
    inputs: plan.inputs.map((v) => run.inputs.get(v.name) as Tensor),
    outputs,
    boundaries: run.boundaries(plan),
    kept,
    ...(drill ? { drill } : {}),
    ...(salt ? { salt } : {}),
  };
}

/** A masked drill changed nothing that is committed: its receipt is the honest one, and stands. */
function appliedDrill(plan: Plan, drill: RunDescription["drill"]) {
  if (!drill || drill.masked) return undefined;
  const { node, element } = drill;
  const value = plan.values[plan.nodes[node]?.outputs[0] ?? -1];
  if (value && element >= 0 && element < elementCount(value.dims)) return { node, element };
  throw new AssayError("json/malformed", `${RUN_FILES.run} has a drill outside the plan`, {
    facts: { node, element },
  });
}
