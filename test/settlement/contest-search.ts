import { countBy, randomFrom } from "../../bench/contest-simulation.js";
import { pairInOrder, type Standing } from "../../src/settlement/contest.js";

/** Numbers from which a whole contest follows: the first its receipts, every further one a round. */
export type Genes = readonly number[];

export interface Played {
  readonly rounds: number;
  readonly opened: number;
  readonly decided: number;
  /** Σ log₂ of those that stood at the beginning of each round: how slowly they grew fewer. */
  readonly slowness: number;
  /** As each round began. */
  readonly states: readonly Sizes[];
}

/** What the bounds of docs/settlement.md are made of. */
export interface Sizes {
  readonly n: number;
  /** The largest group: its root and size. */
  readonly root: string;
  readonly a: number;
  /** 1 + the fewest wins of those outside it. */
  readonly u: number;
}

type Receipt = Standing & { readonly honest: boolean };

const GENES = 20;

/**
 * Looks for a bad contest of n receipts, one of them honest: changes what decides one round, keeps
 * what is no better for the honest one, begins anew when that leads nowhere. The order of the
 * receipts is the attacker's too: this is worse than any luck with the beacon.
 */
export function* search(n: number, contests: number, saboteurs: boolean): Generator<Played> {
  const random = randomFrom(n);
  const gene = (): number => Math.floor(random() * 2 ** 31);
  let kept: { genes: Genes; worth: number } | undefined;
  for (let i = 0, idle = 0; i < contests; i++, idle++) {
    if (idle > 300) kept = undefined;
    const at = Math.floor(random() * random() * 8);
    const genes = kept ? kept.genes.with(at, gene()) : Array.from({ length: GENES }, gene);
    const played = play(n, genes, saboteurs);
    const worth = played.rounds + played.slowness / 50;
    if (!kept || worth > kept.worth) idle = 0;
    if (!kept || worth >= kept.worth) kept = { genes, worth };
    yield played;
  }
}

export function play(n: number, genes: Genes, saboteurs: boolean): Played {
  let standing = receiptsOf(n, randomFrom(genes[0] as number), saboteurs);
  const total = { rounds: 0, opened: 0, decided: 0, slowness: 0, states: [] as Sizes[] };
  for (;;) {
    const random = randomFrom((genes[1 + total.rounds] ?? 0) + total.rounds);
    const taste = tasteOf(random);
    const pairs = pairInOrder(inOrder(standing, taste, random));
    if (pairs.length === 0) return total;
    total.states.push(sizesOf(standing));
    total.rounds++;
    total.opened += pairs.length;
    total.slowness += Math.log2(standing.length);
    const { lost, won } = decide(standing, pairs, taste, random);
    total.decided += lost.size;
    standing = standing
      .filter(({ id }) => !lost.has(id))
      .map((r) => ({ ...r, wins: r.wins + (won.get(r.id) ?? 0) }));
  }
}

function sizesOf(standing: readonly Receipt[]): Sizes {
  const sizes = [...countBy(standing, ({ root }) => root)];
  const [root, a] = sizes.reduce((x, y) => (y[1] > x[1] ? y : x));
  const outside = standing.filter((r) => r.root !== root);
  return { n: standing.length, root, a, u: 1 + Math.min(...outside.map(({ wins }) => wins)) };
}

/** Some saboteurs with the honest root, the rest in camps of which the sizes follow a random law. */
function receiptsOf(n: number, random: () => number, saboteurs: boolean): Receipt[] {
  const camps = 1 + Math.floor(random() * random() * (n - 1));
  const skew = 1 + 3 * random();
  const loyal = saboteurs ? Math.floor(random() * (n - 1)) : 0;
  return Array.from({ length: n }, (_, i) => ({
    id: `${i}`,
    root: i <= loyal ? "true" : `lie ${Math.floor(camps * random() ** skew)}`,
    wins: 0,
    honest: i === 0,
  }));
}

/** What the attacker wants in a round: which camps, winners and places. */
function tasteOf(random: () => number) {
  const camps = new Map<string, number>();
  const wanted = [random() * 4 - 2, random() * 2, random() * 2] as const;
  const sorted = random() < 0.5;
  return {
    sorted,
    flip: random() * 0.3,
    /** How many of its own it has convicted from outside, before their matches end. */
    outside: random() < 0.5 ? 0 : random() ** 3,
    camp(root: string): number {
      const known = camps.get(root) ?? random();
      camps.set(root, known);
      return known;
    },
    worth({ root, wins }: Receipt): number {
      return wanted[0] * Math.log2(1 + wins) + wanted[1] * random() + wanted[2] * this.camp(root);
    },
  };
}

type Taste = ReturnType<typeof tasteOf>;

function inOrder(standing: readonly Receipt[], taste: Taste, random: () => number): Receipt[] {
  const place = ({ root, honest }: Receipt): number =>
    random() + (taste.sorted ? 3 * taste.camp(root) + (honest ? 2 * random() - 1 : 0) : 0);
  return standing
    .map((receipt) => ({ receipt, key: place(receipt) }))
    .sort((a, b) => a.key - b.key)
    .map(({ receipt }) => receipt);
}

/** Some fall from outside, then the matches in a random order; the honest one wins its own, the attacker chooses the others. */
function decide(
  standing: readonly Receipt[],
  pairs: ReturnType<typeof pairInOrder>,
  taste: Taste,
  random: () => number,
) {
  const worth = new Map(standing.map((r) => [r.id, r.honest ? Infinity : taste.worth(r)]));
  const lost = new Set<string>();
  const winners: string[] = [];
  const order = pairs.map((pair) => ({ pair, key: random() })).sort((a, b) => a.key - b.key);
  for (const { id, honest } of standing) {
    if (honest || random() >= taste.outside) continue;
    const met = pairs.find(
      ({ asserter: a, challenger: c }) => (a === id && !lost.has(c)) || (c === id && !lost.has(a)),
    );
    lost.add(id);
    if (met) winners.push(met.asserter === id ? met.challenger : met.asserter);
  }
  for (const { asserter, challenger } of order.map(({ pair }) => pair)) {
    if (lost.has(asserter) || lost.has(challenger)) continue;
    const difference = (worth.get(asserter) as number) - (worth.get(challenger) as number);
    const turned = Number.isFinite(difference) && random() < taste.flip;
    const wins = difference > 0 !== turned;
    lost.add(wins ? challenger : asserter);
    winners.push(wins ? asserter : challenger);
  }
  return { lost, won: countBy(winners, (id) => id) };
}
