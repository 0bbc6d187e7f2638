import { AssayError, bytesEqual, type Tensor } from "../../operators/basis.js";
import { bindingDigest, type ModelDigest } from "../graph/digests.js";
import type { Plan } from "../graph/plan.js";
import type { Model } from "../graph/types.js";
import { nodeHasher } from "../merkle/node-hash.js";
import type { SignedReceipt } from "../receipt/receipt.js";
import type { Evidence, Pins } from "../verify/check.js";
import type { OpenedRun } from "../verify/open-run.js";
import { hexOption } from "./options.js";

/** Where a verifier says what it holds and what it relies on. */
export interface EvidenceArguments {
  readonly input: readonly string[];
  readonly salt?: string;
  readonly expectModel?: string;
  readonly expectExecutor?: string;
  readonly expectContext?: string;
}

/** Everything the caller holds besides the receipt, derived from files it named. */
export async function evidenceOf(
  args: EvidenceArguments,
  signed: SignedReceipt,
  run: OpenedRun | undefined,
  known: { readonly model: Model; readonly digest: ModelDigest } | undefined,
): Promise<Evidence> {
  const salt = args.salt === undefined ? run?.description.salt : hexOption("salt", args.salt, 32);
  const outputs = run ? { outputs: run.outputs } : {};
  const held = { ...outputs, ...(salt ? { salt } : {}) };
  // A run folder says which inputs it was made on; that they are the receipt's needs no model.
  if (!known) return { ...held, ...(run ? { inputs: [...run.inputs.values()] } : {}) };
  // Binding needs every definition, which a look at a receipt alone does not.
  const { evidenceOfModel } = await import("./model-evidence.js");
  return { ...held, ...evidenceOfModel(args.input, signed, run, known.model, known.digest) };
}

/** Throws `usage` for anything that is not hex of the right length: a pin is never dropped. */
export function pinsOf({ expectModel, expectExecutor, expectContext }: EvidenceArguments): Pins {
  const pin = (name: keyof Pins, text: string | undefined, length: number): Pins =>
    text === undefined ? {} : { [name]: hexOption(`expect-${name}`, text, length) };
  return {
    ...pin("model", expectModel, 32),
    ...pin("executor", expectExecutor, 20),
    ...pin("context", expectContext, 32),
  };
}

/** What a run folder holds for drawing samples, or why it does not. */
export type Published =
  | { readonly boundaries: Uint8Array[][]; readonly kept: ReadonlyMap<number, Tensor> }
  | { readonly missing: string };

/** Under a plan other than the receipt's nothing can be cut out of a folder's files. */
export function publishedBy(
  run: OpenedRun | undefined,
  plan: Plan,
  { receipt }: SignedReceipt,
): Published {
  if (!run)
    return { missing: "a bare receipt holds no boundaries to sample from; give the run folder" };
  if (!bytesEqual(bindingDigest(nodeHasher, plan), receipt.binding)) {
    return { missing: "the receipt is about another plan" };
  }
  try {
    const boundaries = run.boundaries(plan);
    const kept = run.kept(plan);
    return kept ? { boundaries, kept } : { missing: "the run folder has no executor/kept.bin" };
  } catch (error) {
    if (!(error instanceof AssayError)) throw error;
    return { missing: error.message };
  }
}
