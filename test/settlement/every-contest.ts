import { pairInOrder, type Standing } from "../../src/settlement/contest.js";

/** A receipt in a contest that is gone through exhaustively. Root 0 is the true one. */
export interface Receipt {
  readonly root: number;
  readonly wins: number;
  /** Never loses; there is exactly one. The others with its root are saboteurs. */
  readonly honest: boolean;
}

export interface Worst {
  readonly rounds: number;
  readonly opened: number;
}

const known = new Map<string, Worst>();

/**
 * The most rounds and the most disputes that any order of the receipts and any outcomes between the
 * dishonest lead to. States that differ in the lies' names only are one.
 */
export function worstOf(state: readonly Receipt[]): Worst {
  const receipts = canonical(state);
  const key = textOf(receipts);
  const before = known.get(key);
  if (before) return before;
  let [rounds, opened] = [0, 0];
  for (const { after, matches } of roundsOf(receipts)) {
    const rest = worstOf(after);
    rounds = Math.max(rounds, 1 + rest.rounds);
    opened = Math.max(opened, matches + rest.opened);
  }
  known.set(key, { rounds, opened });
  return { rounds, opened };
}

const textOf = (receipts: readonly Receipt[]): string =>
  receipts.map(({ root, wins, honest }) => `${root}.${wins}${honest ? "!" : ""}`).join(" ");

/** Sorted, the lies numbered by size and then by their wins. */
function canonical(state: readonly Receipt[]): Receipt[] {
  const byWins = (a: Receipt, b: Receipt) => Number(b.honest) - Number(a.honest) || a.wins - b.wins;
  const groups = [...new Set(state.map(({ root }) => root))]
    .filter((root) => root > 0)
    .map((root) => state.filter((r) => r.root === root).sort(byWins))
    .map((group) => ({ group, text: group.map(({ wins }) => wins).join() }))
    .sort((a, b) => a.group.length - b.group.length || (a.text < b.text ? -1 : 1));
  const truth = state.filter(({ root }) => root === 0).sort(byWins);
  return [...truth, ...groups.flatMap(({ group }, i) => group.map((r) => ({ ...r, root: i + 1 })))];
}

interface Round {
  readonly after: readonly Receipt[];
  readonly matches: number;
}

/** Every way in which a round may go, each once. */
function roundsOf(receipts: readonly Receipt[]): Round[] {
  const rounds = new Map<string, Round>();
  const drawn = new Set<string>();
  for (const order of ordersOf(receipts)) {
    const { stars, waiting } = starsOf(order);
    const text = [...stars.map(starText).sort(), textOf(canonical(waiting))].join("|");
    if (stars.length === 0 || drawn.has(text)) continue;
    drawn.add(text);
    const matches = stars.reduce((sum, { met }) => sum + met.length, 0);
    let ends: Receipt[][] = [waiting];
    for (const star of stars) {
      const own = outcomesOf(star);
      ends = distinct(ends.flatMap((end) => own.map((outcome) => [...end, ...outcome])));
    }
    for (const after of ends)
      rounds.set(`${textOf(canonical(after))}|${matches}`, { after, matches });
  }
  return [...rounds.values()];
}

/** Orders that differ in more than equal receipts. */
function* ordersOf(receipts: readonly Receipt[]): Generator<Receipt[]> {
  if (receipts.length === 0) yield [];
  const tried = new Set<string>();
  for (const [i, first] of receipts.entries()) {
    const text = textOf([first]);
    if (tried.has(text)) continue;
    tried.add(text);
    for (const rest of ordersOf(receipts.toSpliced(i, 1))) yield [first, ...rest];
  }
}

/** One receipt and all whom it meets; they meet nobody else. */
interface Star {
  readonly centre: Receipt;
  readonly met: readonly Receipt[];
}

const starText = ({ centre, met }: Star): string =>
  `${textOf([centre])}: ${textOf([...met].sort((a, b) => (textOf([a]) < textOf([b]) ? -1 : 1)))}`;

function starsOf(order: readonly Receipt[]): { stars: Star[]; waiting: Receipt[] } {
  const standing = order.map(
    ({ root, wins }, i): Standing => ({ id: `${i}`, root: `${root}`, wins }),
  );
  const met = new Map<number, number[]>(order.map((_, i) => [i, []]));
  for (const { asserter, challenger } of pairInOrder(standing)) {
    met.get(Number(asserter))?.push(Number(challenger));
    met.get(Number(challenger))?.push(Number(asserter));
  }
  const at = (i: number): Receipt => order[i] as Receipt;
  const degree = (i: number): number => met.get(i)?.length ?? 0;
  const isCentre = (i: number, others: readonly number[]): boolean =>
    others.some((o) => degree(o) < degree(i) || (degree(o) === degree(i) && i < o));
  return {
    stars: [...met]
      .filter(([i, others]) => isCentre(i, others))
      .map(([i, others]) => ({ centre: at(i), met: others.map(at) })),
    waiting: order.filter((_, i) => degree(i) === 0),
  };
}

/** The centre beats all, or some of them and then falls to another. */
function outcomesOf({ centre, met }: Star): Receipt[][] {
  const all = 2 ** met.length - 1;
  const ends: Receipt[][] = [];
  for (let beaten = 0; beaten <= all; beaten++) {
    const left = met.filter((_, i) => ((beaten >> i) & 1) === 0);
    const honestBeaten = met.some(({ honest }, i) => honest && ((beaten >> i) & 1) === 1);
    if (honestBeaten || (centre.honest && left.length > 0)) continue;
    if (left.length === 0) ends.push([{ ...centre, wins: centre.wins + met.length }]);
    for (const winner of left) {
      ends.push(left.map((r) => (r === winner ? { ...r, wins: r.wins + 1 } : r)));
    }
  }
  return distinct(ends);
}

function distinct(ends: readonly Receipt[][]): Receipt[][] {
  const text = (end: readonly Receipt[]): string =>
    end
      .map((r) => textOf([r]))
      .sort()
      .join(" ");
  return [...new Map(ends.map((end) => [text(end), end])).values()];
}
