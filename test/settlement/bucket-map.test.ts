import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nobleHasher } from "../../src/merkle/hash.js";
import { toHex } from "../../src/receipt/hex.js";
import { BucketMap } from "../../src/settlement/bucket-map.js";

const idOf = (i: number): string => toHex(nobleHasher.hash(Uint8Array.of(i & 255, i >> 8)));
const ids = Array.from({ length: 400 }, (_, i) => idOf(i));
/** Keys that share many digits, end early, or are no hex at all. */
const odd = ["0x", "", "0xff", "0xffff", "0xFF", "0xff/1", "0xff/2", "lock:0xff", "0xfg"];
const ground = Array.from({ length: 60 }, (_, i) => `0x${"0".repeat(30)}${idOf(i).slice(2, 10)}`);

const keys = fc.constantFrom(...ids, ...odd, ...ground);
const steps = fc.array(fc.tuple(keys, fc.option(fc.nat(9), { nil: undefined })), {
  maxLength: 300,
});

function built(changes: readonly (readonly [string, number | undefined])[]) {
  let map = BucketMap.empty<number>();
  const model = new Map<string, number>();
  for (const [key, value] of changes) {
    map = value === undefined ? map.without(key) : map.with(key, value);
    if (value === undefined) model.delete(key);
    else model.set(key, value);
  }
  return { map, model };
}

describe("a map in buckets", () => {
  test("holds what a Map holds", () => {
    fc.assert(
      fc.property(steps, (changes) => {
        const { map, model } = built(changes);
        expect(map.size).toBe(model.size);
        expect(new Map(map.entries())).toEqual(model);
        for (const key of [...ids.slice(0, 20), ...odd, ...ground]) {
          expect(map.get(key)).toBe(model.get(key));
        }
      }),
    );
  });

  test("is the same data, in the same order, whichever way it came about", () => {
    fc.assert(
      fc.property(steps, fc.integer(), (changes, seed) => {
        const { map, model } = built(changes);
        const order = [...model].sort((a, b) => (idHash(a[0]) ^ seed) - (idHash(b[0]) ^ seed));
        const again = built(order).map;
        expect([...again.entries()]).toEqual([...map.entries()]);
        expect(again).toStrictEqual(map);
      }),
    );
  });

  test("goes through digests in the order of their text", () => {
    const map = built(ids.map((id, i) => [id, i] as const)).map;
    expect([...map.entries()].map(([key]) => key)).toEqual([...ids].sort());
  });

  test("leaves the map before a change as it was", () => {
    fc.assert(
      fc.property(steps, keys, (changes, key) => {
        const { map } = built(changes);
        const before = [...map.entries()];
        map.with(key, 10);
        map.without(key);
        expect([...map.entries()]).toEqual(before);
      }),
    );
  });

  test("taking out what is not in it gives the map itself", () => {
    const map = built(ids.map((id, i) => [id, i] as const)).map;
    expect(map.without("0x00")).toBe(map);
    expect(BucketMap.empty().without("0x00")).toBe(BucketMap.empty());
  });

  test("becomes empty again, with nothing left behind", () => {
    let map = built(ids.map((id, i) => [id, i] as const)).map;
    for (const id of ids) map = map.without(id);
    expect(map).toStrictEqual(BucketMap.empty());
  });

  test("a change shares all but a few of its buckets with the map before", () => {
    const map = built(ids.map((id, i) => [id, i] as const)).map;
    const before = new Set(partsOf(map));
    expect(before.size).toBeGreaterThan(17);
    const copied = partsOf(map.with(idOf(7), -1)).filter((part) => !before.has(part));
    // The map, two branches with their lists, one bucket.
    expect(copied.length).toBe(6);
  });
});

function idHash(key: string): number {
  let hash = 0;
  for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0;
  return hash;
}

/** Every object that holds other objects of the map. */
function partsOf(part: unknown): unknown[] {
  if (typeof part !== "object" || part === null) return [];
  if ("entries" in part && Array.isArray(part.entries)) return [part];
  return [part, ...Object.values(part).flatMap(partsOf)];
}
