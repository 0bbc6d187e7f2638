import { BucketMap } from "./bucket-map.js";
import { insist } from "./refusals.js";

/** Amounts are integers of the ledger's smallest unit; all of them together stay below 2^53. */
export interface Money {
  /** What came in from outside, less what went out. */
  readonly minted: number;
  readonly burned: number;
  /** Sum of all that follows: what was minted and not burned. */
  readonly held: number;
  /** By address: what an account may spend. */
  readonly free: BucketMap<number>;
  /** By address: what stands behind an executor's draws; bonds are taken from here. */
  readonly stakes: BucketMap<number>;
  /** Fees and bonds that wait for an end, by key. */
  readonly locks: BucketMap<number>;
}

/** Where money lies. The two without a key are the ledger's edges. */
export type Place =
  | { readonly of: "free" | "stakes" | "locks"; readonly key: string }
  | { readonly of: "minted" }
  | { readonly of: "burned" };

export const free = (key: string): Place => ({ of: "free", key });
export const stake = (key: string): Place => ({ of: "stakes", key });
export const lock = (key: string): Place => ({ of: "locks", key });
/** Money comes into being here and leaves through here. */
export const OUTSIDE: Place = { of: "minted" };
export const BURNED: Place = { of: "burned" };

export const NO_MONEY: Money = {
  minted: 0,
  burned: 0,
  held: 0,
  free: BucketMap.empty(),
  stakes: BucketMap.empty(),
  locks: BucketMap.empty(),
};

export function held(money: Money, place: Place): number {
  if (place.of === "minted" || place.of === "burned") return money[place.of];
  return money[place.of].get(place.key) ?? 0;
}

/**
 * Moves an amount; nothing else changes money. Refuses as `unfunded` what is not there, and as
 * `too-much` what would no longer be counted exactly.
 */
export function transfer(money: Money, from: Place, to: Place, amount: number): Money {
  if (!Number.isSafeInteger(amount) || amount < 0) throw new RangeError(`${amount} is no amount`);
  if (amount === 0) return money;
  const taken = from.of === "minted" ? mint(money, amount) : change(money, from, -amount);
  return to.of === "minted"
    ? { ...taken, minted: taken.minted - amount }
    : change(taken, to, amount);
}

function mint(money: Money, amount: number): Money {
  const minted = money.minted + amount;
  insist(Number.isSafeInteger(minted), "too-much", `${amount} more`);
  return { ...money, minted };
}

function change(money: Money, place: Place, by: number): Money {
  const after = held(money, place) + by;
  if (place.of === "minted" || place.of === "burned") return { ...money, [place.of]: after };
  insist(after >= 0, "unfunded", `${-by} asked for, ${after - by} there`);
  const map = money[place.of];
  const changed = after === 0 ? map.without(place.key) : map.with(place.key, after);
  return { ...money, held: money.held + by, [place.of]: changed };
}

/** Nothing came or went but through the edges. A violation is a mistake in this program and stops it. */
export function checkMoney({ minted, burned, held: inside }: Money): void {
  if (inside + burned !== minted || burned < 0 || !Number.isSafeInteger(minted)) {
    throw new RangeError(`${minted} were minted, ${inside} are held and ${burned} burned`);
  }
}

/** The same from the balances and locks themselves, one by one, none of them below zero. */
export function auditMoney(money: Money): void {
  checkMoney(money);
  let sum = 0;
  for (const map of [money.free, money.stakes, money.locks]) {
    for (const [key, value] of map.entries()) {
      if (!Number.isSafeInteger(value) || value <= 0) throw new RangeError(`${key} holds ${value}`);
      sum += value;
    }
  }
  if (sum !== money.held) throw new RangeError(`${money.held} are held, ${sum} are there`);
}
