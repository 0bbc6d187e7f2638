import { concat } from "../../merkle/hash.js";
import { DIGEST_TAGS, taggedDigest } from "../../merkle/tags.js";
import { fromHex } from "../../receipt/hex.js";
import { pairings } from "../contest.js";
import type { Job, LedgerState } from "../state.js";
import { type Context, jobOf, standingEntries, withJob } from "../step.js";
import { openDispute } from "./disputes.js";
import { settle } from "./verdicts.js";

/** The contest of receipts that differ: pairs play, whoever loses is out, until all say the same. */

/** Opens the next round where none is open and the standing receipts differ. */
export function openRound(context: Context, state: LedgerState, job: Job): LedgerState {
  if (job.phase.name !== "challengeable" || job.contest.open.length > 0) return state;
  const standing = standingEntries(job).map(({ executor, claim, wins }) => {
    return { id: executor, root: claim?.root ?? "", wins };
  });
  const round = job.contest.round + 1;
  const seed = roundSeed(context, state, job, round);
  const pairs = pairings(context.book.hasher, seed, standing);
  if (pairs.length === 0) return state;
  let begun = withJob(state, { ...job, contest: { round, open: [] } });
  const opened = pairs.map((pair) => {
    const nonce = digestOf(context, seed, pair.asserter, pair.challenger);
    const of = { ...pair, kind: "match", round, nonce } as const;
    const { state: after, id } = openDispute(context, begun, jobOf(begun, job.id), of);
    begun = after;
    return id;
  });
  return opened.reduce(settle, begun);
}

/** H(3f ‖ 01 ‖ beacon ‖ job ‖ round u32). */
function roundSeed(context: Context, state: LedgerState, job: Job, round: number): Uint8Array {
  const count = new Uint8Array(4);
  new DataView(count.buffer).setUint32(0, round, true);
  const parts = concat(fromHex(state.beacon.link), fromHex(job.id), count);
  return taggedDigest(context.book.hasher, DIGEST_TAGS.draw, parts);
}

function digestOf(
  { book }: Context,
  seed: Uint8Array,
  ...addresses: readonly string[]
): Uint8Array {
  const body = concat(seed, ...addresses.map(fromHex));
  return taggedDigest(book.hasher, DIGEST_TAGS.draw, body);
}
