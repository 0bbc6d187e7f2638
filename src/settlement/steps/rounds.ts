import { concat } from "../../merkle/hash.js";
import { DIGEST_TAGS, taggedDigest } from "../../merkle/tags.js";
import { fromHex, toHex } from "../../receipt/hex.js";
import { pairings } from "../contest.js";
import type { Id, Job, LedgerState } from "../state.js";
import { type Context, entryOf, jobOf, standingEntries, withJob } from "../step.js";
import { openDispute } from "./disputes.js";

/** The contest of receipts that differ: pairs play, whoever loses is out, until all say the same. */

/** Opens the next round where none is open and the standing receipts differ. */
export function openRound(context: Context, state: LedgerState, id: Id): LedgerState {
  const job = jobOf(state, id);
  if (job.phase.name !== "challengeable" || job.contest.open.length > 0) return state;
  const standing = standingEntries(job).map(({ executor, claim, wins }) => {
    return { id: executor, root: claim?.root ?? "", wins };
  });
  const round = job.contest.round + 1;
  const seed = roundSeed(context, state, job, round);
  const pairs = pairings(context.book.hasher, standing, seed);
  if (pairs.length === 0) return state;
  const begun = withJob(state, { ...job, contest: { round, open: [] } });
  return pairs.reduce((s, pair) => {
    // A pair that was formed a moment ago may already be decided by an ill-formed claim.
    const now = jobOf(s, id);
    const stand = [pair.asserter, pair.challenger].every(
      (a) => entryOf(now, a)?.standing === "standing",
    );
    if (!stand) return s;
    const nonce = fromHex(digestOf(context, seed, pair.asserter, pair.challenger));
    return openDispute(context, s, now, { ...pair, kind: "match", round, nonce });
  }, begun);
}

/** H(3f ‖ 01 ‖ beacon ‖ job ‖ round u32). */
function roundSeed(context: Context, state: LedgerState, job: Job, round: number): Uint8Array {
  const count = new Uint8Array(4);
  new DataView(count.buffer).setUint32(0, round, true);
  const parts = concat(fromHex(state.beacon.link), fromHex(job.id), count);
  return taggedDigest(context.book.hasher, DIGEST_TAGS.draw, parts);
}

function digestOf({ book }: Context, seed: Uint8Array, ...addresses: readonly string[]): string {
  const body = concat(seed, ...addresses.map(fromHex));
  return toHex(taggedDigest(book.hasher, DIGEST_TAGS.draw, body));
}
