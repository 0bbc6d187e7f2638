import { existsSync } from "node:fs";
import { join } from "node:path";
import { AssayError, byteLength, elementCount, type Tensor } from "../../operators/index.js";
import {
  MAX_RUN_JSON,
  RUN_FILES,
  type RunDescription,
  type RunReader,
  readBoundaries,
  readDescription,
  readInputs,
  readKept,
  readReceipt,
} from "../execute/run-folder.js";
import { planFor } from "../execute/run-model.js";
import { readFile } from "../files/disk.js";
import { parseTensorFile } from "../files/parse.js";
import type { Plan } from "../graph/plan.js";
import type { Model } from "../graph/types.js";
import { MAX_RECEIPT_TEXT } from "../receipt/json.js";
import type { SignedReceipt } from "../receipt/receipt.js";
import type { KeptRun } from "./run-provider.js";

/** A run folder that is read when asked, file by file. */
export interface OpenedRun {
  readonly folder: string;
  readonly signed: SignedReceipt;
  readonly description: RunDescription;
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** The outputs that lie in the folder, in graph order. */
  readonly outputs: readonly Tensor[];
  boundaries(plan: Plan): Uint8Array[][];
  kept(plan: Plan): Map<number, Tensor> | undefined;
}

/** Files whose parsers refuse anything longer: not read further than that. */
const LIMITS: Readonly<Record<string, number>> = {
  [RUN_FILES.receipt]: MAX_RECEIPT_TEXT,
  [RUN_FILES.run]: MAX_RUN_JSON,
};

/** Throws `run/incomplete`, `json/malformed`, `receipt/malformed` and what reading a tensor throws. */
export function openRun(folder: string): OpenedRun {
  const read: RunReader = (path, atMost) => {
    const file = join(folder, path);
    return existsSync(file) ? readFile(file, path, LIMITS[path] ?? atMost) : undefined;
  };
  const description = readDescription(read);
  return {
    folder,
    signed: readReceipt(read),
    description,
    inputs: readInputs(read, description),
    outputs: description.outputs.map((out) => {
      // bf16 is written twice as wide; the header takes less than 64 KiB.
      const most = 2 * byteLength(out) + 65536;
      const bytes = readFile(join(folder, out.file), `output "${out.name}"`, most);
      return parseTensorFile(out.file, bytes, out);
    }),
    boundaries: (plan) => readBoundaries(read, plan),
    kept: (plan) => readKept(read, plan),
  };
}

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
