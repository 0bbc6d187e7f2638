import { bytesEqual } from "../../operators/index.js";
import type { Digest } from "../merkle/hash.js";
import { indexedRoot } from "../merkle/indexed-root.js";
import { traceList } from "../merkle/trace.js";
import { isAbsent, type Receipt, receiptDigest } from "../receipt/receipt.js";
import { maskRoot, type SaltedRoot } from "../receipt/salt.js";
import { HonestAsserter } from "./honest-asserter.js";
import { HonestChallenger } from "./honest-challenger.js";
import { type DisputeRecord, type GameClock, playDispute, virtualClock } from "./play.js";
import type { TraceProvider } from "./provider.js";
import { REFUSALS, type Refusal, type RefusalCode } from "./refusals.js";
import type { Rules } from "./rules.js";
import { otherClaim } from "./start.js";

/** A receipt with the run that its executor will defend it with. */
export interface Contestant {
  readonly receipt: Receipt;
  readonly provider: TraceProvider;
}

export interface SettleOptions {
  /** Stands still by default: within one process nobody is waited for. */
  readonly clock?: GameClock;
  /** Whether each holds the other's data and can name an element without a descent. */
  readonly shared?: boolean;
}

export type Settlement =
  /** Both say the same about the same claim. */
  | { readonly kind: "agree" }
  /** They are not about the same claim: there is nothing to dispute. */
  | { readonly kind: "refused"; readonly refusal: Refusal }
  /** Each was challenged by the other; both may be at fault, or one. */
  | {
      readonly kind: "settled";
      readonly against: { readonly a: DisputeRecord; readonly b: DisputeRecord };
      readonly atFault: readonly ("a" | "b")[];
    };

/**
 * Two runs of one claim that differ: each defends its own trace against the other, so that the
 * verdict names who is at fault instead of assuming that one of the two is right.
 */
export async function settle(
  rules: Rules,
  a: Contestant,
  b: Contestant,
  { clock = virtualClock(), shared = false }: SettleOptions = {},
): Promise<Settlement> {
  const other = otherClaim(rules.digests, a.receipt) ?? otherClaim(rules.digests, b.receipt);
  if (other) return refused(other);
  const [rootsA, rootsB] = [rootsOf(rules, a), rootsOf(rules, b)];
  // Whoever cannot reveal its own roots is challenged all the same, and defaults.
  if (rootsA && rootsB) {
    const same = ROOTS.filter((kind) => bytesEqual(rootsA[kind], rootsB[kind]));
    if (!same.includes("inputs")) return refused("other-inputs");
    const alike = same.length === ROOTS.length;
    if (alike && a.receipt.segments === b.receipt.segments) return { kind: "agree" };
  }
  const against = {
    a: await challenge(rules, a, b, clock, shared),
    b: await challenge(rules, b, a, clock, shared),
  };
  const atFault = (["a", "b"] as const).filter((side) => lost(against[side]));
  return { kind: "settled", against, atFault };
}

function refused(code: RefusalCode): Settlement {
  return { kind: "refused", refusal: { code, message: REFUSALS[code] } };
}

type Roots = Readonly<Record<SaltedRoot, Digest>>;

const ROOTS: readonly SaltedRoot[] = ["inputs", "outputs", "trace"];

/**
 * The bare roots: those of the receipt, or under a salt those that its owner can reveal. Undefined
 * where what it would reveal is not what the receipt masks.
 */
function rootsOf({ hasher }: Rules, { receipt, provider }: Contestant): Roots | undefined {
  if (isAbsent(receipt.salt)) return receipt;
  const roots: Roots = {
    inputs: indexedRoot(hasher, "inputs", provider.inputs),
    outputs: indexedRoot(hasher, "outputs", provider.outputs),
    trace: traceList(hasher, provider.boundaries).root,
  };
  const masks = (kind: SaltedRoot): boolean =>
    bytesEqual(maskRoot(hasher, kind, roots[kind], provider.salt), receipt[kind]);
  return ROOTS.every(masks) ? roots : undefined;
}

async function challenge(
  rules: Rules,
  accused: Contestant,
  accuser: Contestant,
  clock: GameClock,
  shared: boolean,
): Promise<DisputeRecord> {
  const claimed = shared ? accused.provider : undefined;
  const record = await playDispute({
    rules,
    receipt: accused.receipt,
    nonce: receiptDigest(rules.hasher, accuser.receipt),
    asserter: new HonestAsserter(rules, accused.provider),
    challenger: new HonestChallenger(rules, accuser.provider, claimed),
    clock,
  });
  if ("refusal" in record) throw new RangeError(record.refusal.message);
  return record;
}

/** Convicted, or silent where it had to answer. */
function lost({ outcome }: DisputeRecord): boolean {
  return (
    outcome.kind === "refuted" || (outcome.kind === "defaulted" && outcome.side === "asserter")
  );
}
