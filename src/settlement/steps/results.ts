import { AssayError } from "../../../operators/index.js";
import { otherClaim } from "../../dispute/start.js";
import { concat, type Hasher } from "../../merkle/hash.js";
import { DIGEST_TAGS, taggedDigest } from "../../merkle/tags.js";
import { fromHex, toHex } from "../../receipt/hex.js";
import { isAbsent, parseReceiptBytes, type Receipt, receiptDigest } from "../../receipt/receipt.js";
import { verifyReceipt } from "../../receipt/sign.js";
import type { Message } from "../messages.js";
import { insist, Refused } from "../refusals.js";
import type { Entry, Job, LedgerState, RevealedClaim, Standing } from "../state.js";
import { type Context, entryOf, jobOf, rulesOfJob, withEntry, withJob } from "../step.js";
import { consequences } from "./consequences.js";

/** Commit before reveal: nobody sees what the others found before having said it too. */

export function commit(context: Context, state: LedgerState, m: Message<"commit">): LedgerState {
  const job = jobOf(state, m.job);
  insist(job.phase.name === "committing", "wrong-phase", `it is ${job.phase.name}`);
  insist(context.now <= job.phase.until, "late", `until ${job.phase.until}`);
  const entry = requireEntry(job, m.sender, "drawn");
  const sealed = withEntry(job, { ...entry, standing: "sealed", sealed: m.sealed });
  return consequences(context, withJob(state, sealed), job.id);
}

export function reveal(context: Context, state: LedgerState, m: Message<"reveal">): LedgerState {
  const job = jobOf(state, m.job);
  insist(job.phase.name === "revealing", "wrong-phase", `it is ${job.phase.name}`);
  insist(context.now <= job.phase.until, "late", `until ${job.phase.until}`);
  const entry = requireEntry(job, m.sender, "sealed");
  const claim = readClaim(context, state, job, entry, m);
  const revealed = withEntry(job, { ...entry, standing: "standing", claim });
  return consequences(context, withJob(state, revealed), job.id);
}

function requireEntry(job: Job, executor: string, standing: Standing): Entry {
  const entry = entryOf(job, executor);
  insist(entry !== undefined, "not-drawn");
  insist(entry.standing !== "sealed" || standing === "sealed", "already-said");
  insist(entry.standing !== "standing", "already-said");
  insist(entry.standing === standing, "not-drawn", entry.standing);
  return entry;
}

/** H(38 ‖ 01 ‖ receipt digest ‖ nonce). */
export function sealOf(hasher: Hasher, receipt: Receipt, nonce: Uint8Array): string {
  const body = concat(receiptDigest(hasher, receipt), nonce);
  return toHex(taggedDigest(hasher, DIGEST_TAGS.sealedReceipt, body));
}

function readClaim(
  context: Context,
  state: LedgerState,
  job: Job,
  entry: Entry,
  m: Message<"reveal">,
): RevealedClaim {
  const { hasher } = context.book;
  const receipt = proper(() => parseReceiptBytes(fromHex(m.receipt)));
  const seal = sealOf(hasher, receipt, fromHex(m.nonce));
  insist(seal === entry.sealed, "wrong-seal");
  proper(() => verifyReceipt(hasher, { receipt, signature: fromHex(m.signature) }));
  insist(toHex(receipt.executor) === entry.executor, "wrong-receipt", "it names another executor");
  insist(toHex(receipt.context) === job.context, "wrong-receipt", "its context is another job's");
  insist(toHex(receipt.inputs) === job.inputsRoot, "wrong-receipt", "it is about other inputs");
  insist(isAbsent(receipt.salt), "wrong-receipt", "its roots are masked; a ledger's are not");
  insist(isAbsent(receipt.generation), "wrong-receipt", "it claims a generation");
  const other = otherClaim(rulesOfJob(context, state, job).digests, receipt);
  insist(other === undefined, "wrong-receipt", other);
  const { receipt: bytes, signature, outputs } = m;
  return { receipt: bytes, signature, outputs, root: claimRoot(hasher, receipt) };
}

/** H(3d ‖ 01 ‖ segments u64 ‖ trace ‖ outputs): what two claims about one job can differ in. */
export function claimRoot(hasher: Hasher, { segments, trace, outputs }: Receipt): string {
  const count = new Uint8Array(8);
  new DataView(count.buffer).setBigUint64(0, BigInt(segments), true);
  return toHex(taggedDigest(hasher, DIGEST_TAGS.claim, concat(count, trace, outputs)));
}

function proper<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof AssayError) throw new Refused("wrong-receipt", error.message);
    throw error;
  }
}
