import { existsSync } from "node:fs";
import { join } from "node:path";
import { AssayError, type Tensor } from "../../operators/index.js";
import {
  type RunDescription,
  type RunReader,
  readBoundaries,
  readDescription,
  readInputs,
  readKept,
  readReceipt,
} from "../execute/run-folder.js";
import { planFor } from "../execute/run-model.js";
import { parseTensorFile } from "../files/parse.js";
import type { Plan } from "../graph/plan.js";
import type { Model } from "../graph/types.js";
import type { SignedReceipt } from "../receipt/receipt.js";
import type { KeptRun } from "../verify/run-provider.js";
import { readFile } from "../files/disk.js";

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

export function openRun(folder: string): OpenedRun {
  const read: RunReader = (path) => {
    const file = join(folder, path);
    return existsSync(file) ? readFile(file, path) : undefined;
  };
  const description = readDescription(read);
  return {
    folder,
    signed: readReceipt(read),
    description,
    inputs: readInputs(read, description),
    outputs: description.outputs.map((out) => {
      const bytes = readFile(join(folder, out.file), `output "${out.name}"`);
      return parseTensorFile(out.file, bytes, out);
    }),
    boundaries: (plan) => readBoundaries(read, plan),
    kept: (plan) => readKept(read, plan),
  };
}

/** What its executor needs to defend a run. */
export function keptRun(run: OpenedRun, model: Model, outputs: readonly Uint8Array[]): KeptRun {
  const plan = planFor(model, run.inputs, run.description.granularity);
  const kept = run.kept(plan);
  if (!kept) {
    throw new AssayError(
      "run/incomplete",
      `${run.folder} lacks the tensors that cross boundaries`,
      {
        hint: "only a whole run folder can be disputed",
      },
    );
  }
  const { drill, salt } = run.description;
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
