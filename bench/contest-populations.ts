import { type Match, type Player, type Policy, randomFrom } from "./contest-simulation.js";

/** Claims of n executors, the honest one's first; by its root saboteurs are known. */
type Claims = (n: number, random: () => number) => readonly string[];

const TRUE = "true";

/** The liars' roots. */
export const POPULATIONS: Readonly<Record<string, Claims>> = {
  "all different": (n) => [TRUE, ...list(n - 1, (i) => `lie ${i}`)],
  "all the same": (n) => [TRUE, ...list(n - 1, () => "lie")],
  "two camps": (n) => [TRUE, ...list(n - 1, (i) => `lie ${i % 2}`)],
  "camps of random size (Zipf)": (n, random) => [TRUE, ...list(n - 1, () => zipf(n, random))],
  "camps, and half saboteurs": (n, random) => [
    TRUE,
    ...list(n - 1, (i) => (2 * i < n - 2 ? TRUE : zipf(n, random))),
  ],
};

/** How matches between the dishonest end. */
export const POLICIES: Readonly<Record<string, Policy>> = {
  random: (_, random) => (random() < 0.5 ? "asserter" : "challenger"),
  asserter: () => "asserter",
  challenger: () => "challenger",
  "fewest wins": (match, random) => prefer(match, ({ wins }) => -wins, random),
  "most wins": (match, random) => prefer(match, ({ wins }) => wins, random),
  "smaller camp": (match, random) => {
    return prefer(match, ({ root }) => -(match.holders.get(root) ?? 0), random);
  },
  "larger camp": (match, random) => {
    return prefer(match, ({ root }) => match.holders.get(root) ?? 0, random);
  },
  "against the truth": (match, random) => {
    return prefer(match, ({ root }) => (root === TRUE ? 0 : 1), random);
  },
};

function prefer(
  { asserter, challenger }: Match,
  worth: (side: Match["asserter"]) => number,
  random: () => number,
): "asserter" | "challenger" {
  const difference = worth(asserter) - worth(challenger) || random() - 0.5;
  return difference > 0 ? "asserter" : "challenger";
}

/** The first is honest and of ordinary pace; of the others some are slow and some silent. */
export function playersOf(
  claims: Claims,
  n: number,
  seed: number,
  { slow = 0, silent = 0 }: { readonly slow?: number; readonly silent?: number } = {},
): Player[] {
  const random = randomFrom(seed);
  const slowOnes = Math.ceil(slow * (n - 1));
  const silentOnes = Math.min(n - 1 - slowOnes, Math.ceil(silent * (n - 1)));
  const order = list(n - 1, (i) => ({ i: i + 1, key: random() })).sort((a, b) => a.key - b.key);
  const paceAt = (at: number): Player["pace"] => {
    if (at < slowOnes) return "slow";
    return at < slowOnes + silentOnes ? "silent" : "ordinary";
  };
  const paces = new Map(order.map(({ i }, at) => [i, paceAt(at)]));
  return claims(n, random).map((root, i) => ({
    id: `executor ${String(i).padStart(4, "0")}`,
    root,
    honest: i === 0,
    pace: paces.get(i) ?? "ordinary",
  }));
}

/** Camp k is chosen with a probability in proportion to 1/k. */
function zipf(n: number, random: () => number): string {
  const weights = list(n - 1, (i) => 1 / (i + 1));
  let left = random() * weights.reduce((a, b) => a + b, 0);
  const camp = weights.findIndex((weight) => {
    left -= weight;
    return left < 0;
  });
  return `lie ${camp}`;
}

function list<T>(length: number, item: (i: number) => T): T[] {
  return Array.from({ length }, (_, i) => item(i));
}
