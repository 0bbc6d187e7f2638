import {
  AssayError,
  byteLength,
  bytesEqual,
  type Machine,
  type Tensor,
} from "../../operators/index.js";
import type { Corruption } from "../execute/drill.js";
import { type Run, runModel } from "../execute/run-model.js";
import { type ModelDigest, modelDigest } from "../graph/digests.js";
import type { Plan } from "../graph/plan.js";
import { absentWeights } from "../graph/skeleton-digest.js";
import type { Model } from "../graph/types.js";
import type { Ledger } from "../ledger/port.js";
import type { Digest, Hasher } from "../merkle/hash.js";
import { commitTensor } from "../merkle/tensor-tree.js";
import { importSkeleton } from "../onnx/skeleton.js";
import { fromHex, toHex } from "../receipt/hex.js";
import type { Id, Job } from "../settlement/state.js";

/** A model with its weights, as those have it who run it. */
export interface HostedModel {
  readonly id: Id;
  readonly model: Model;
  readonly digest: ModelDigest;
  /** What a ledger knows of it. */
  readonly skeleton: Uint8Array;
  readonly absent: readonly Digest[];
}

export function hostModel(
  hasher: Hasher,
  { model, skeleton }: Pick<HostedModel, "model" | "skeleton">,
): HostedModel {
  const digest = modelDigest(hasher, model);
  const lacking = new Set(absentWeights(importSkeleton(skeleton)));
  const absent = [...model.weights.keys()].flatMap((name, i) =>
    lacking.has(name) ? [digest.weightCommitments[i] as Digest] : [],
  );
  return { id: toHex(digest.model), model, digest, skeleton, absent };
}

/** The inputs of a job, from the ledger; checked against what the job commits to. */
export async function jobInputs(
  ledger: Ledger,
  hasher: Hasher,
  job: Job,
): Promise<Map<string, Tensor>> {
  const inputs = new Map<string, Tensor>();
  for (const { name, dtype, dims, commitment, blob } of job.inputs) {
    const length = byteLength({ dtype, dims });
    const bytes = await ledger.download(blob, length);
    const tensor = bytes?.length === length ? { dtype, dims, bytes } : undefined;
    if (!tensor || !bytesEqual(commitTensor(hasher, tensor), fromHex(commitment))) {
      throw new AssayError("input/missing", `the ledger does not give the input "${name}"`, {
        facts: { job: job.id, input: name },
      });
    }
    inputs.set(name, tensor);
  }
  return inputs;
}

export interface JobRun {
  readonly hosted: HostedModel;
  readonly job: Job;
  /** As the rules of the job's disputes have it. */
  readonly plan: Plan;
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly machine: Machine;
  readonly hasher: Hasher;
  readonly key: Uint8Array;
  readonly signal: AbortSignal;
  readonly corruption?: Corruption | undefined;
  readonly progress?: (done: number, total: number) => void;
}

/** Runs a job's model on its inputs; the receipt names the job. */
export function runJob({ hosted, job, corruption, progress, ...rest }: JobRun): Promise<Run> {
  return runModel({
    ...rest,
    model: hosted.model,
    digest: hosted.digest,
    granularity: job.granularity,
    context: fromHex(job.context),
    keepBoundaries: true,
    ...(corruption ? { corruption } : {}),
    ...(progress ? { progress } : {}),
  });
}
