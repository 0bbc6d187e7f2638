import type { Machine, Tensor } from "../../operators/index.js";
import type { Model } from "../graph/types.js";
import type { Digest, Hasher } from "../merkle/hash.js";
import type { SignedReceipt } from "../receipt/receipt.js";
import { checkReceipt, type Evidence, type Pins } from "./check.js";
import { type ReplayRequest, replayRun } from "./replay.js";
import type { VerificationMode, VerificationReport } from "./report.js";
import { sampleRun } from "./sample.js";

export interface VerifyRequest
  extends Pick<
    ReplayRequest,
    "signal" | "progress" | "memoryLimit" | "onNeed" | "measure" | "hashThread"
  > {
  readonly mode: VerificationMode;
  readonly hasher: Hasher;
  readonly signed: SignedReceipt;
  /** What the verifier relies on. */
  readonly pins?: Pins;
  /** What the verifier holds; the more there is, the more is compared. */
  readonly evidence?: Evidence;
  /** Needed by `sample` and `replay`. */
  readonly model?: Model;
  readonly machine?: Machine;
  /** Needed by `sample`: the draw, and what the executor published. */
  readonly share?: number;
  readonly beacon?: Uint8Array;
  readonly boundaries?: readonly (readonly Digest[])[];
  readonly kept?: ReadonlyMap<number, Tensor>;
}

/**
 * Verifies a receipt in one of three modes: `check` compares digests and the signature, `sample`
 * re-executes drawn segments, `replay` re-executes everything. What a mode lacks ends in
 * "could not check" with the reason, never in a pass.
 */
export async function verifyRun(request: VerifyRequest): Promise<VerificationReport> {
  const { mode, hasher, signed, pins = {}, evidence = {} } = request;
  const checked = (): VerificationReport => checkReceipt(hasher, signed, pins, evidence);
  if (mode === "check") return checked();
  const lack = lackOf(request);
  if (lack !== undefined) {
    const report = checked();
    if (report.outcome === "refuted") return { ...report, mode };
    return { ...report, mode, outcome: "could-not-check", reason: lack };
  }
  const full = request as FullRequest;
  return mode === "replay" ? replayRun(full) : sampleRun(full);
}

type FullRequest = Parameters<typeof replayRun>[0] & Parameters<typeof sampleRun>[0];

/** What a mode may lack, in words. */
export const LACKING = {
  model: "no model was given",
  inputs: "the inputs were not given",
  machine: "there is nothing to run it on",
  draw: "no share or no beacon was given",
} as const;

function lackOf({ mode, evidence, model, machine, share, beacon }: VerifyRequest) {
  if (!model || !evidence?.model) return LACKING.model;
  if (!evidence.plan || !evidence.inputs) return LACKING.inputs;
  if (!machine) return LACKING.machine;
  if (mode === "sample" && (share === undefined || !beacon)) return LACKING.draw;
  return undefined;
}
