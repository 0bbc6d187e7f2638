type Entry<V> = readonly [key: string, value: V];

/** Sorted by key. */
interface Bucket<V> {
  readonly size: number;
  readonly entries: readonly Entry<V>[];
}

interface Branch<V> {
  readonly size: number;
  /** By the digit of the key at this depth; first whatever has no hex digit there. */
  readonly children: readonly Node<V>[];
}

type Node<V> = Bucket<V> | Branch<V>;

/** A larger bucket becomes a branch; a branch with no more becomes a bucket again. */
const BUCKET = 16;
/** No hex digit, or one of sixteen. */
const SLOTS = 17;
/** Where a key's digits begin: behind "0x". */
const FIRST = 2;
/** Depth of a bucket that no digit divides. */
const INDIVISIBLE = Number.POSITIVE_INFINITY;

const EMPTY: Bucket<never> = { size: 0, entries: [] };

/**
 * An immutable map by digests and addresses, `0x…` in lower-case hex. A change copies the buckets on
 * the way to its key and shares the rest, so that every state of a ledger may be kept. Buckets
 * divide by the next digit where they grow: keys that somebody ground to share d digits cost their
 * owner 16^d tries each, and everybody else d copies of 17 references. Other keys are found too, but
 * what follows their last hex digit divides nothing.
 */
export class BucketMap<V> {
  private static readonly none = new BucketMap<never>(EMPTY);

  /** Its shape depends on the keys alone: equal maps are equal as data. */
  private constructor(private readonly root: Node<V>) {}

  static empty<V>(): BucketMap<V> {
    return BucketMap.none;
  }

  get size(): number {
    return this.root.size;
  }

  get(key: string): V | undefined {
    let node = this.root;
    for (let depth = FIRST; "children" in node; depth++) {
      node = node.children[slotOf(key, depth)] as Node<V>;
    }
    const at = positionOf(node.entries, key);
    const entry = node.entries[at];
    return entry?.[0] === key ? entry[1] : undefined;
  }

  /** The same with this value at this key. */
  with(key: string, value: V): BucketMap<V> {
    return new BucketMap(put(this.root, key, value, FIRST));
  }

  /** The same without this key; this map itself where it is not in it. */
  without(key: string): BucketMap<V> {
    const root = remove(this.root, key, FIRST);
    return root === this.root ? this : new BucketMap(root);
  }

  /**
   * In an order that depends on the keys alone, never on how they came: by key, as text, where all
   * are hex of one length.
   */
  entries(): IterableIterator<Entry<V>> {
    return entriesOf(this.root);
  }
}

function slotOf(key: string, depth: number): number {
  const code = key.charCodeAt(depth);
  if (code >= 0x30 && code <= 0x39) return code - 0x2f;
  return code >= 0x61 && code <= 0x66 ? code - 0x56 : 0;
}

/** Where the key is, or where it would have to be. */
function positionOf(entries: readonly Entry<unknown>[], key: string): number {
  let at = 0;
  while (at < entries.length && (entries[at] as Entry<unknown>)[0] < key) at++;
  return at;
}

function put<V>(node: Node<V>, key: string, value: V, depth: number): Node<V> {
  if ("children" in node) {
    const slot = slotOf(key, depth);
    const child = node.children[slot] as Node<V>;
    const changed = put(child, key, value, slot === 0 ? INDIVISIBLE : depth + 1);
    const size = node.size - child.size + changed.size;
    return { size, children: node.children.with(slot, changed) };
  }
  const at = positionOf(node.entries, key);
  const replaces = node.entries[at]?.[0] === key ? 1 : 0;
  const entries = node.entries.toSpliced(at, replaces, [key, value]);
  if (entries.length <= BUCKET || depth === INDIVISIBLE) return { size: entries.length, entries };
  return divided(entries, depth);
}

function divided<V>(entries: readonly Entry<V>[], depth: number): Branch<V> {
  const parts: Entry<V>[][] = Array.from({ length: SLOTS }, () => []);
  for (const entry of entries) (parts[slotOf(entry[0], depth)] as Entry<V>[]).push(entry);
  const children = parts.map((part, slot): Node<V> => {
    if (part.length > BUCKET && slot > 0) return divided(part, depth + 1);
    return part.length === 0 ? EMPTY : { size: part.length, entries: part };
  });
  return { size: entries.length, children };
}

function remove<V>(node: Node<V>, key: string, depth: number): Node<V> {
  if ("children" in node) {
    const slot = slotOf(key, depth);
    const child = node.children[slot] as Node<V>;
    const changed = remove(child, key, depth + 1);
    if (changed === child) return node;
    const branch = { size: node.size - 1, children: node.children.with(slot, changed) };
    return branch.size > BUCKET ? branch : united(branch);
  }
  const at = positionOf(node.entries, key);
  if (node.entries[at]?.[0] !== key) return node;
  return { size: node.size - 1, entries: node.entries.toSpliced(at, 1) };
}

function united<V>(branch: Branch<V>): Bucket<V> {
  const entries = [...entriesOf(branch)].sort(([a], [b]) => (a < b ? -1 : 1));
  return { size: entries.length, entries };
}

function* entriesOf<V>(node: Node<V>): IterableIterator<Entry<V>> {
  if ("entries" in node) yield* node.entries;
  else for (const child of node.children) yield* entriesOf(child);
}
