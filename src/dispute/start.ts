import { bytesEqual } from "../../operators/index.js";
import { concat, type Digest } from "../merkle/hash.js";
import { DIGEST_TAGS, taggedDigest } from "../merkle/tags.js";
import { toHex } from "../receipt/hex.js";
import { isAbsent, type Receipt, receiptDigest } from "../receipt/receipt.js";
import { startClock } from "./clock.js";
import { REFUSALS, type RefusalCode } from "./refusals.js";
import type { ClaimDigests, Rules } from "./rules.js";
import type { Claim, DisputeState, Phase } from "./state.js";
import type { Transition } from "./transition.js";

export interface Challenge {
  readonly receipt: Receipt;
  /** 32 bytes that tell disputes about one receipt apart: who challenges, and which time. */
  readonly nonce: Digest;
  /** Milliseconds; the challenger's turn begins, or the asserter's where the receipt is salted. */
  readonly now: number;
}

/**
 * Opens a dispute about one receipt. A receipt about something else than the rules is refused: it is
 * another claim, and wrong or right without regard to this plan. Its signature is not looked at.
 */
export function startDispute(rules: Rules, { receipt, nonce, now }: Challenge): Transition {
  const code = otherClaim(rules.digests, receipt);
  if (code) return { refusal: { code, message: REFUSALS[code] } };
  const digest = receiptDigest(rules.hasher, receipt);
  const claim: Claim = {
    receipt: toHex(digest),
    executor: toHex(receipt.executor),
    inputs: toHex(receipt.inputs),
    outputs: toHex(receipt.outputs),
    trace: toHex(receipt.trace),
    salt: isAbsent(receipt.salt) ? null : toHex(receipt.salt),
  };
  const state: DisputeState = {
    id: toHex(taggedDigest(rules.hasher, DIGEST_TAGS.dispute, concat(digest, nonce))),
    claim,
    sequence: 0,
    phase: firstPhase(rules, receipt),
    clock: startClock(rules.clock, now),
    moveBytes: 0,
  };
  return { state };
}

const COMPARED: readonly (readonly [keyof ClaimDigests, RefusalCode])[] = [
  ["profile", "other-profile"],
  ["model", "other-model"],
  ["binding", "other-binding"],
  ["plan", "other-plan"],
];

/** Which part of a receipt is about something else, by the name of the refusal. */
export function otherClaim(expected: ClaimDigests, receipt: ClaimDigests): RefusalCode | undefined {
  return COMPARED.find(([field]) => !bytesEqual(expected[field], receipt[field]))?.[1];
}

function firstPhase(rules: Rules, receipt: Receipt): Phase {
  const correct = rules.plan.segments.length;
  if (receipt.segments !== correct) {
    const evidence = { fault: "segment-count", claimed: receipt.segments, correct } as const;
    return { name: "ended", outcome: { kind: "refuted", evidence } };
  }
  return { name: isAbsent(receipt.salt) ? "locate" : "reveal" };
}
