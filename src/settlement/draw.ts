import type { Digest, Hasher } from "../merkle/hash.js";
import { bigBelow, seededDigests } from "../merkle/random.js";

export interface Candidate {
  /** As it is written everywhere: 0x and lower-case hex. */
  readonly address: string;
  /** Above 0; all of them together stay below 2^53. */
  readonly stake: number;
}

/**
 * Draws `count` addresses without replacement, each time in proportion to the stakes that are left:
 * stands for the rule "one ticket per unit of stake, all tickets of a winner leave with it". The
 * order of the candidates does not matter. Splitting a stake over many addresses gains no more
 * seats in expectation than tickets, but more than one seat needs more than one address.
 *
 * @throws RangeError for stakes that are none, an address twice, or fewer candidates than seats;
 * the caller has checked all of it.
 */
export function draw(
  hasher: Hasher,
  seed: Digest,
  candidates: readonly Candidate[],
  count: number,
): string[] {
  const left = [...candidates].sort((a, b) => (a.address < b.address ? -1 : 1));
  let total = totalStake(left);
  if (!Number.isInteger(count) || count < 0 || count > left.length) {
    throw new RangeError(`${count} of ${left.length} candidates cannot be drawn`);
  }
  const digest = seededDigests(hasher, seed);
  const drawn: string[] = [];
  while (drawn.length < count) {
    const at = holderOf(left, Number(bigBelow(digest, BigInt(total))));
    const [{ address, stake }] = left.splice(at, 1) as [Candidate];
    drawn.push(address);
    total -= stake;
  }
  return drawn;
}

function totalStake(sorted: readonly Candidate[]): number {
  let total = 0;
  for (const [i, { address, stake }] of sorted.entries()) {
    if (!Number.isSafeInteger(stake) || stake <= 0) {
      throw new RangeError(`${address} cannot be drawn with a stake of ${stake}`);
    }
    if (sorted[i + 1]?.address === address) throw new RangeError(`${address} stands there twice`);
    total += stake;
  }
  if (!Number.isSafeInteger(total)) throw new RangeError(`${total} is more stake than there is`);
  return total;
}

/** Whose ticket it is: the first's are 0 … stake − 1, the second's follow. */
function holderOf(candidates: readonly Candidate[], ticket: number): number {
  let at = 0;
  for (let passed = 0; ; at++) {
    passed += (candidates[at] as Candidate).stake;
    if (ticket < passed) return at;
  }
}
