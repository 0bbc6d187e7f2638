/** How far two sets of f32 results lie apart in bits. */
export interface Difference {
  readonly compared: number;
  /** How many have other bits. */
  readonly differ: number;
  /** Largest distance in units in the last place: how many f32 values lie between, plus one. */
  readonly ulps: number;
}

export const NONE: Difference = { compared: 0, differ: 0, ulps: 0 };

/** `results[i]` against `base[same[i]]`. */
export function difference(
  results: Float32Array,
  base: Float32Array,
  same: Int32Array | undefined,
): Difference {
  const [a, b] = [bitsOf(results), bitsOf(base)];
  let differ = 0;
  let ulps = 0;
  for (let i = 0; i < a.length; i++) {
    const other = b[same ? (same[i] as number) : i] as number;
    const own = a[i] as number;
    if (own === other) continue;
    differ++;
    ulps = Math.max(ulps, Math.abs(ordinal(own) - ordinal(other)));
  }
  return { compared: a.length, differ, ulps };
}

export function sum(differences: readonly Difference[]): Difference {
  return differences.reduce(
    (all, d) => ({
      compared: all.compared + d.compared,
      differ: all.differ + d.differ,
      ulps: Math.max(all.ulps, d.ulps),
    }),
    NONE,
  );
}

const bitsOf = (t: Float32Array): Int32Array => new Int32Array(t.buffer, t.byteOffset, t.length);

/** Position among all f32 values in ascending order; ±0 share one. */
const ordinal = (bits: number): number => (bits < 0 ? -(bits & 0x7fffffff) : bits);
