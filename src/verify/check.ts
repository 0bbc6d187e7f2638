import { AssayError, bytesEqual, canonicalNaNs, type Tensor } from "../../operators/basis.js";
import { bindingDigest, type ModelDigest, planDigest, profileDigest } from "../graph/digests.js";
import type { Plan } from "../graph/plan.js";
import type { Digest, Hasher } from "../merkle/hash.js";
import { indexedRoot } from "../merkle/indexed-root.js";
import { commitTensor } from "../merkle/tensor-tree.js";
import { toHex } from "../receipt/hex.js";
import { isAbsent, receiptDigest, type SignedReceipt } from "../receipt/receipt.js";
import { isSaltOf, maskRoot } from "../receipt/salt.js";
import { verifyReceipt } from "../receipt/sign.js";
import { Findings, type VerificationMode, type VerificationReport } from "./report.js";

/** What the verifier relies on; whatever is left out is not checked, and the answer says so. */
export interface Pins {
  readonly model?: Digest;
  readonly executor?: Uint8Array;
  readonly context?: Uint8Array;
}

/** What the verifier holds besides the receipt. */
export interface Evidence {
  readonly model?: ModelDigest;
  /** Derived by the verifier itself from the model and the inputs. */
  readonly plan?: Plan;
  /** In graph order. */
  readonly inputs?: readonly Tensor[];
  /** Outputs that were handed over with the receipt, in graph order. */
  readonly outputs?: readonly Tensor[];
  readonly salt?: Uint8Array;
}

/**
 * Signature, digests and pins: everything that costs milliseconds. Re-executes nothing. Tensors that
 * are held but cannot be compared, because the receipt is salted, make it "could not check".
 */
export function checkReceipt(
  hasher: Hasher,
  signed: SignedReceipt,
  pins: Pins = {},
  evidence: Evidence = {},
): VerificationReport {
  const findings = collectFindings(hasher, signed, pins, evidence);
  const wrong = findings.firstWrong;
  const report = (outcome: VerificationReport["outcome"], reason: string): VerificationReport =>
    reportOf(hasher, signed, "check", findings, pins, { outcome, reason });
  if (wrong) return report("refuted", wrong.detail);
  const held = evidence.inputs ?? evidence.outputs;
  const problem = held && saltProblem(hasher, signed, evidence.salt);
  return problem ? report("could-not-check", problem) : report("verified", checkedReason(pins));
}

/** Why nothing can be compared with the roots of a receipt, if they are masked by another salt. */
export function saltProblem(
  hasher: Hasher,
  { receipt }: SignedReceipt,
  salt: Uint8Array | undefined,
): string | undefined {
  if (isAbsent(receipt.salt) || (salt && isSaltOf(hasher, receipt.salt, salt))) return undefined;
  return salt
    ? "the receipt is salted, and not with the given salt"
    : "the receipt is salted and its salt was not given";
}

function checkedReason(pins: Pins): string {
  const signer = pins.executor
    ? "valid and signed by the expected executor"
    : "valid; signer not pinned";
  return `the receipt is ${signer} (nothing was re-executed)`;
}

/** The same findings for every mode. */
export function collectFindings(
  hasher: Hasher,
  signed: SignedReceipt,
  pins: Pins,
  evidence: Evidence,
): Findings {
  const findings = new Findings();
  const { receipt } = signed;
  checkSignature(hasher, signed, findings);
  findings.compare("profile", bytesEqual(receipt.profile, profileDigest(hasher)), {
    ok: "the receipt uses the numeric profile of this version",
    wrong: "the receipt uses another numeric profile than this version",
  });
  checkPins(signed, pins, findings);
  checkModel(hasher, signed, evidence, findings);
  checkTensors(hasher, signed, evidence, findings);
  return findings;
}

function checkSignature(hasher: Hasher, signed: SignedReceipt, findings: Findings): void {
  try {
    verifyReceipt(hasher, signed);
    findings.ok("signature", `signed by ${toHex(signed.receipt.executor)}`);
  } catch (error) {
    if (!(error instanceof AssayError)) throw error;
    findings.wrong("signature", error.message);
  }
}

function checkPins({ receipt }: SignedReceipt, pins: Pins, findings: Findings): void {
  const pin = (what: "model" | "executor" | "context", actual: Uint8Array): void => {
    const expected = pins[what];
    if (!expected) return findings.skipped(`expected ${what}`, `no ${what} was pinned`);
    findings.compare(`expected ${what}`, bytesEqual(expected, actual), {
      ok: `the ${what} is the expected one`,
      wrong: `the receipt names ${what} ${toHex(actual)}, expected ${toHex(expected)}`,
    });
  };
  pin("model", receipt.model);
  pin("executor", receipt.executor);
  pin("context", receipt.context);
}

function checkModel(
  hasher: Hasher,
  { receipt }: SignedReceipt,
  { model, plan }: Evidence,
  findings: Findings,
): void {
  if (!model) return findings.skipped("model", "no model was given");
  findings.compare("model", bytesEqual(model.model, receipt.model), {
    ok: "the receipt is about the given model",
    wrong: "the receipt is about another model than the given one",
  });
  if (!plan) return findings.skipped("plan", "no inputs were given, so there is no plan");
  findings.compare("binding", bytesEqual(bindingDigest(hasher, plan), receipt.binding), {
    ok: "input shapes and steering values are those of the receipt",
    wrong: "the receipt is about other input shapes, steering values or granularity",
  });
  findings.compare("plan", bytesEqual(planDigest(hasher, plan), receipt.plan), {
    ok: "the plan derived here is the receipt's",
    wrong: "the receipt's plan is not the one that its model and inputs give",
  });
  findings.compare("segments", plan.segments.length === receipt.segments, {
    ok: `${receipt.segments} segments`,
    wrong: `the receipt counts ${receipt.segments} segments, the plan has ${plan.segments.length}`,
  });
}

function checkTensors(
  hasher: Hasher,
  signed: SignedReceipt,
  { inputs, outputs, salt }: Evidence,
  findings: Findings,
): void {
  const { receipt } = signed;
  const problem = saltProblem(hasher, signed, salt);
  if (problem) return findings.skipped("inputs", problem);
  const rootOf = (kind: "inputs" | "outputs", tensors: readonly Tensor[]): Digest =>
    maskRoot(
      hasher,
      kind,
      indexedRoot(
        hasher,
        kind,
        tensors.map((t) => commitTensor(hasher, canonicalNaNs(t))),
      ),
      isAbsent(receipt.salt) ? undefined : salt,
    );
  for (const [kind, tensors] of [
    ["inputs", inputs],
    ["outputs", outputs],
  ] as const) {
    if (!tensors) {
      findings.skipped(kind, `no ${kind} were given`);
      continue;
    }
    findings.compare(kind, bytesEqual(rootOf(kind, tensors), receipt[kind]), {
      ok: `the given ${kind} are those of the receipt`,
      wrong: `the given ${kind} are not those of the receipt`,
    });
    const improper = tensors.findIndex((t) => t.dtype === "bool" && t.bytes.some((b) => b > 1));
    if (improper >= 0) findings.wrong(kind, `${kind} ${improper} holds a bool other than 0 and 1`);
  }
}

/** Fills in what every report says about its receipt. */
export function reportOf(
  hasher: Hasher,
  signed: SignedReceipt,
  mode: VerificationMode,
  findings: Findings,
  pins: Pins,
  rest: Pick<VerificationReport, "outcome" | "reason"> &
    Partial<Pick<VerificationReport, "sample" | "firstDifference">>,
): VerificationReport {
  return {
    mode,
    findings: findings.list,
    receipt: toHex(receiptDigest(hasher, signed.receipt)),
    executor: toHex(signed.receipt.executor),
    signerPinned: pins.executor !== undefined,
    ...rest,
  };
}
