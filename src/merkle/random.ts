import { concat, type Digest, type Hasher } from "./hash.js";

/** H(seed ‖ counter), the counter from 0 as u32 little endian: whoever knows the seed knows them all. */
export function seededDigests(hasher: Hasher, seed: Digest): () => Digest {
  const block = concat(seed, new Uint8Array(4));
  const counter = new DataView(block.buffer, seed.length);
  let next = 0;
  return () => {
    counter.setUint32(0, next++, true);
    return hasher.hash(block);
  };
}

/**
 * 0 … n − 1 in an order that the seed decides (Fisher–Yates), from the first 32 bits of each digest,
 * little endian. Words that would favour small numbers are passed over.
 */
export function shuffle(hasher: Hasher, seed: Digest, n: number): number[] {
  const digest = seededDigests(hasher, seed);
  const items = Array.from({ length: n }, (_, i) => i);
  for (let i = 0; i < n - 1; i++) {
    const j = i + below(digest, n - i);
    [items[i], items[j]] = [items[j] as number, items[i] as number];
  }
  return items;
}

function below(digest: () => Digest, bound: number): number {
  const limit = Math.floor(2 ** 32 / bound) * bound;
  for (;;) {
    const bytes = digest();
    const word = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    if (word < limit) return word % bound;
  }
}

/**
 * A number below the bound (1 … 2^256), all equally likely, from whole digests, big endian; those
 * that would favour small numbers are passed over.
 */
export function bigBelow(digest: () => Digest, bound: bigint): bigint {
  if (bound < 1n || bound > WORDS) throw new RangeError(`no number is drawn below ${bound}`);
  const limit = WORDS - (WORDS % bound);
  for (;;) {
    const word = digest().reduce((high, byte) => (high << 8n) | BigInt(byte), 0n);
    if (word < limit) return word % bound;
  }
}

const WORDS = 1n << 256n;
