import {
  type Applied,
  appended,
  inlined,
  isMove,
  isPlainCopy,
  isWidening,
  moved,
} from "../program/compose.js";
import { mayFollow, readsWell, staysContraction } from "./pays.js";
import type { FusionLimits, Work, WorkCall } from "./work.js";

/**
 * Work with fewer tensors in between, and the same bytes in all that are needed:
 *
 * 1. a move (transposition, slice, reshape) that all its readers can read through is gone;
 * 2. a map that alone reads what was made before is done where that is made;
 * 3. what nobody reads and nobody needs is not computed.
 *
 * Recurrences stay as they are.
 */
export function fuseWork(work: readonly Work[], limits: FusionLimits): Work[] {
  const fusion = new Fusion(work, limits);
  work.forEach((_, i) => {
    fusion.readThrough(i);
  });
  work.forEach((_, i) => {
    fusion.follow(i);
  });
  return fusion.remaining();
}

class Fusion {
  private readonly items: (Work | undefined)[];
  private readonly makerOf = new Map<number, number>();
  private readonly readers = new Map<number, Set<number>>();

  constructor(
    work: readonly Work[],
    private readonly limits: FusionLimits,
  ) {
    this.items = [...work];
    work.forEach((item, i) => {
      this.addReads(i, item);
      for (const call of item.calls) this.makerOf.set(call.result, i);
    });
  }

  /** What is left, without what nobody wants. */
  remaining(): Work[] {
    for (let i = this.items.length - 1; i >= 0; i--) {
      const item = this.items[i];
      if (item?.calls.every(({ result }) => !this.isWanted(result, i))) this.remove(i);
    }
    return this.items.filter((item) => item !== undefined);
  }

  /** Lets all readers of a move, or products of a weight that is widened, read through it. */
  readThrough(at: number): void {
    const item = this.items[at] as Work;
    const move = single(item);
    if (!move || this.limits.needed(move.result)) return;
    const source = move.sources[0] as number;
    const widens = isWidening(move.program) && this.limits.constant(source);
    if (!isMove(move.program) && !widens) return;
    const readers = [...this.readersOf(move.result)];
    if (readers.length === 0) return;
    const through = readers.map((r) => this.through(item, move, this.items[r] as Work));
    if (through.includes(undefined)) return;
    readers.forEach((r, i) => {
      this.replace(r, through[i] as Work);
    });
    this.remove(at);
  }

  /** Lets a map, or a move of a product, be done by whoever makes what it reads. */
  follow(at: number): void {
    for (let again = true; again; ) {
      again = false;
      const item = this.items[at];
      const call = item && single(item);
      if (!call || call.program.fold.length > 0) return;
      for (const maker of this.makersFor(at, call)) {
        const by = this.items[maker] as Work;
        const fused = followed(single(by) as WorkCall, call);
        if (!fused) continue;
        this.replace(at, { calls: [fused], nodes: union(by, item) });
        this.remove(maker);
        again = true;
        break;
      }
    }
  }

  /** Who makes what only this item reads and nobody needs: folds first, then the latest. */
  private makersFor(at: number, call: WorkCall): number[] {
    const makers = [...new Set(call.sources)].flatMap((tensor) => {
      const maker = this.makerOf.get(tensor);
      if (maker === undefined || this.limits.needed(tensor)) return [];
      const by = this.items[maker];
      const alone = this.readersOf(tensor).size === 1;
      return by && alone && single(by) && this.together(by, this.items[at] as Work) ? [maker] : [];
    });
    const folds = (i: number): boolean => single(this.items[i] as Work)?.program.fold.length !== 0;
    return makers.sort((a, b) => Number(folds(b)) - Number(folds(a)) || b - a);
  }

  private through(item: Work, move: WorkCall, reader: Work): Work | undefined {
    if (!this.together(item, reader)) return undefined;
    const isCopy = isPlainCopy(move.program);
    const calls: WorkCall[] = [];
    for (const call of reader.calls) {
      const after = call.sources.includes(move.result) ? inlined(move, call, move.result) : call;
      if (!after) return undefined;
      const source = move.sources[0] as number;
      const fits =
        isCopy ||
        after === call ||
        (!reader.scan &&
          (isMove(move.program) ||
            isWidening(after.program) ||
            staysContraction(call.program, after.program)) &&
          readsWell(call, after, source, this.limits.constant(source)));
      if (!fits) return undefined;
      calls.push({ ...after, result: call.result });
    }
    return { ...reader, calls, nodes: union(item, reader) };
  }

  private together(a: Work, b: Work): boolean {
    const { segmentOf } = this.limits;
    return segmentOf(a.nodes.at(-1) as number) === segmentOf(b.nodes.at(-1) as number);
  }

  private isWanted(tensor: number, maker: number): boolean {
    return this.limits.needed(tensor) || [...this.readersOf(tensor)].some((r) => r !== maker);
  }

  private replace(at: number, item: Work): void {
    this.dropReads(at);
    this.items[at] = item;
    this.addReads(at, item);
    for (const call of item.calls) this.makerOf.set(call.result, at);
  }

  private remove(at: number): void {
    this.dropReads(at);
    this.items[at] = undefined;
  }

  private readersOf(tensor: number): ReadonlySet<number> {
    return this.readers.get(tensor) ?? new Set();
  }

  private addReads(at: number, { calls }: Work): void {
    for (const tensor of calls.flatMap((c) => c.sources)) {
      const known = this.readers.get(tensor);
      if (known) known.add(at);
      else this.readers.set(tensor, new Set([at]));
    }
  }

  private dropReads(at: number): void {
    for (const tensor of this.items[at]?.calls.flatMap((c) => c.sources) ?? []) {
      this.readers.get(tensor)?.delete(at);
    }
  }
}

function single({ calls, scan }: Work): WorkCall | undefined {
  return scan === undefined ? calls[0] : undefined;
}

function followed(maker: WorkCall, call: WorkCall): WorkCall | undefined {
  const { result } = call;
  if (!mayFollow(maker.program, call.program)) return undefined;
  const own: Applied | undefined = appended(maker, call, maker.result);
  if (own) return { ...own, result };
  const elsewhere = moved(maker, call, maker.result);
  if (!elsewhere || !staysContraction(maker.program, elsewhere.program)) return undefined;
  return { ...elsewhere, result };
}

function union(a: Work, b: Work): number[] {
  return [...new Set([...a.nodes, ...b.nodes])].sort((x, y) => x - y);
}
