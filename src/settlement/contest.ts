import type { Digest, Hasher } from "../merkle/hash.js";
import { shuffle } from "../merkle/random.js";

/** A receipt that nobody has refuted yet. */
export interface Standing {
  readonly id: string;
  /** What it claims; receipts with equal roots have nothing to dispute. */
  readonly root: string;
  /** Matches that it won in earlier rounds of this contest. */
  readonly wins: number;
}

/** One dispute: over the asserter's receipt. */
export interface Pairing {
  readonly asserter: string;
  readonly challenger: string;
}

/**
 * Who meets whom in a round, all at once; nobody where all claim the same. While no root has the
 * majority, the receipts meet two by two and the round halves them. Where one has it, all others
 * meet its holders, and more of them in every round, so that one against many needs rounds in the
 * logarithm of their number. The claim that fewer share is tried: a conviction says more than a
 * challenge that failed. docs/settlement.md has the bounds and their proofs.
 */
export function pairings(hasher: Hasher, seed: Digest, standing: readonly Standing[]): Pairing[] {
  const sorted = [...standing].sort((a, b) => (a.id < b.id ? -1 : 1));
  return pairInOrder(shuffle(hasher, seed, sorted.length).map((i) => sorted[i] as Standing));
}

/** The same for receipts that are shuffled already: nothing but their order is left to chance. */
export function pairInOrder(shuffled: readonly Standing[]): Pairing[] {
  const groups = groupsOf(shuffled);
  const largest = groups.reduce((a, b) => (b.length > a.length ? b : a), []);
  const others = shuffled.filter(({ root }) => root !== largest[0]?.root);
  const pairs =
    largest.length > others.length ? againstMajority(others, largest) : twoByTwo(groups.flat());
  const size = new Map(groups.map((group) => [(group[0] as Standing).root, group.length]));
  const order = new Map(shuffled.map(({ id }, i) => [id, i]));
  const sharers = ({ root }: Standing) => size.get(root) as number;
  const place = ({ id }: Standing) => order.get(id) as number;
  return pairs.map(([a, b]) =>
    (sharers(a) - sharers(b) || place(a) - place(b)) < 0
      ? { asserter: a.id, challenger: b.id }
      : { asserter: b.id, challenger: a.id },
  );
}

function groupsOf(standing: readonly Standing[]): Standing[][] {
  const groups = new Map<string, Standing[]>();
  for (const each of standing) {
    const group = groups.get(each.root);
    if (group) group.push(each);
    else groups.set(each.root, [each]);
  }
  return [...groups.values()];
}

/**
 * Group after group in a row, and everyone meets whoever stands half the row away: no group is
 * longer than that, so the two differ. Of an odd number the one in the middle waits.
 */
function twoByTwo(row: readonly Standing[]): [Standing, Standing][] {
  const half = Math.ceil(row.length / 2);
  return row.slice(half).map((b, i) => [row[i] as Standing, b]);
}

/**
 * Each of the few meets one more of the many than the fewest matches that one of them has won: all
 * of them equally many, or as equally as it goes where the many do not suffice. Then a receipt that
 * falls leaves no more matches undecided than it had won before, and those that stay twice as strong.
 */
function againstMajority(
  few: readonly Standing[],
  many: readonly Standing[],
): [Standing, Standing][] {
  if (few.length === 0) return [];
  const each = 1 + Math.min(...few.map(({ wins }) => wins));
  const met = many.slice(0, each * few.length);
  return met.map((one, i) => [few[i % few.length] as Standing, one]);
}
