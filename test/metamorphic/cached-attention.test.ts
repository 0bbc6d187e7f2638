import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type AttributeValue,
  type DType,
  i64Tensor,
  type Machine,
  type Tensor,
} from "../../operators/index.js";
import { int, modelOf } from "../support/graphs.js";
import { float } from "../support/run-definition.js";
import { tensorFrom } from "../support/tensors.js";
import { MACHINES, outputsOf, single } from "./machines.js";
import { holds, seeds } from "./property.js";
import { chunksOf, expectSame, joined, normals, part, wild } from "./tensors.js";

/**
 * A cache of keys and values changes no bit (rule 15): T tokens at once, in any chunks, or one at a
 * time give the same attention, whatever hides keys and however many heads share them.
 */
interface Problem {
  readonly dtype: DType;
  readonly batch: number;
  readonly groups: number;
  /** Query heads per group. */
  readonly repeats: number;
  readonly depth: number;
  readonly valueDepth: number;
  readonly tokens: number;
  readonly chunks: readonly (readonly [number, number])[];
  readonly seed: number;
  readonly softcap: number;
  readonly fill: typeof normals;
  /** [batch, heads, sequence, depth] or [batch, sequence, heads·depth]. */
  readonly flat: boolean;
}

const problems: fc.Arbitrary<Problem> = fc
  .record({
    dtype: fc.constantFrom<DType>("f32", "f16", "bf16"),
    batch: fc.integer({ min: 1, max: 2 }),
    groups: fc.integer({ min: 1, max: 3 }),
    repeats: fc.constantFrom(1, 2, 4),
    depth: fc.integer({ min: 1, max: 9 }),
    valueDepth: fc.integer({ min: 1, max: 9 }),
    // Across 32 and 64 keys the lanes of the sum are shared.
    tokens: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 31, max: 70 })),
    cuts: fc.oneof(fc.array(fc.nat(70), { maxLength: 4 }), fc.constant("each" as const)),
    seed: seeds,
    softcap: fc.constantFrom(0, 0.7, 30),
    fill: fc.constantFrom(normals, wild),
    flat: fc.boolean(),
  })
  .map(({ cuts, ...p }) => {
    const all = Array.from({ length: Math.min(p.tokens, 12) }, (_, i) => i + 1);
    return { ...p, chunks: chunksOf(p.tokens, cuts === "each" ? all : cuts) };
  });

/** A hundredth of the work: a large case takes ten seconds on the interpreter. */
function smaller(p: Problem): Problem {
  const tokens = Math.min(p.tokens, 35);
  const chunks = chunksOf(
    tokens,
    p.chunks.map(([from]) => from),
  );
  return { ...p, batch: 1, groups: 1, repeats: Math.min(p.repeats, 2), tokens, chunks };
}

interface Sequences {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
}

function sequences(p: Problem, tokens = p.tokens): Sequences {
  const make = (heads: number, depth: number, seed: number): Tensor =>
    p.flat
      ? p.fill(p.dtype, [p.batch, tokens, heads * depth], seed)
      : p.fill(p.dtype, [p.batch, heads, tokens, depth], seed);
  return {
    q: make(p.groups * p.repeats, p.depth, p.seed),
    k: make(p.groups, p.depth, p.seed + 1),
    v: make(p.groups, p.valueDepth, p.seed + 2),
  };
}

const SLOTS = ["q", "k", "v", "mask", "past_key", "past_value", "lengths"] as const;
type Slot = (typeof SLOTS)[number];

/** One Attention node over whatever is given; Y, present_key and present_value. */
async function attend(
  p: Problem,
  given: Partial<Record<Slot, Tensor>>,
  attributes: Readonly<Record<string, AttributeValue>>,
  machine: Machine,
): Promise<{ y: Tensor; key: Tensor; value: Tensor }> {
  const present = SLOTS.filter((slot) => given[slot]);
  const cached = given.lengths === undefined;
  const outputs = cached ? ["y", "present_key", "present_value"] : ["y"];
  const model = modelOf(
    {
      inputs: present.map((name) => {
        const { dtype, dims } = given[name] as Tensor;
        return { name, dtype, dims };
      }),
      outputs,
      nodes: [
        {
          op: "Attention",
          inputs: SLOTS.map((slot) => (given[slot] ? slot : "")).slice(0, lastOf(present) + 1),
          outputs,
          attributes: {
            ...(p.softcap > 0 ? { softcap: float(p.softcap) } : {}),
            ...(p.flat
              ? { q_num_heads: int(p.groups * p.repeats), kv_num_heads: int(p.groups) }
              : {}),
            ...attributes,
          },
        },
      ],
    },
    24,
  );
  const inputs = Object.fromEntries(present.map((name) => [name, given[name] as Tensor]));
  const made = await outputsOf(model, inputs, machine);
  const [y, key, value] = outputs.map((name) => made.get(name)) as [Tensor, Tensor, Tensor];
  return { y, key, value };
}

const lastOf = (present: readonly Slot[]): number => SLOTS.indexOf(present.at(-1) as Slot);

/** Tokens `from` … `to` − 1 of Q, K, V or Y. */
const tokens = (p: Problem, t: Tensor, from: number, to: number): Tensor =>
  part(t, p.flat ? 1 : 2, from, to);

/** An empty cache. */
const nothing = (p: Problem, depth: number): Tensor => {
  return tensorFrom(p.dtype, [p.batch, p.groups, 0, depth], []);
};

/** The mask of queries `from` … `to` over the first `keys` keys. */
const masked = (mask: Tensor | undefined, from: number, to: number, keys: number) =>
  mask && part(part(mask, mask.dims.length - 2, from, to), mask.dims.length - 1, 0, keys);

/**
 * All tokens at once on one machine, then chunk by chunk on another with what each chunk hands on as
 * present_key and present_value.
 */
async function expectChunksAlike(
  p: Problem,
  machine: () => Machine,
  { causal, mask }: { readonly causal: boolean; readonly mask?: Tensor | undefined },
): Promise<void> {
  const { q, k, v } = sequences(p);
  const attributes = causal ? { is_causal: int(1) } : {};
  const withMask = (from: number, to: number) => {
    const rows = masked(mask, from, to, to);
    return rows ? { mask: rows } : {};
  };
  const whole = await attend(p, { q, k, v, ...withMask(0, p.tokens) }, attributes, machine());
  let past = { key: nothing(p, p.depth), value: nothing(p, p.valueDepth) };
  for (const [from, to] of p.chunks) {
    const [query, key, value] = [q, k, v].map((t) => tokens(p, t, from, to)) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    const given = {
      q: query,
      k: key,
      v: value,
      past_key: past.key,
      past_value: past.value,
      ...withMask(from, to),
    };
    const made = await attend(p, given, attributes, single());
    expectSame(made.y, tokens(p, whole.y, from, to));
    past = made;
  }
  expectSame(past.key, whole.key);
  expectSame(past.value, whole.value);
}

/** Which keys a query may see besides the causal frontier: some, but its own always. */
function boolMask(p: Problem): Tensor {
  const noise = normals("f32", [p.tokens, p.tokens], p.seed + 3).bytes;
  const values = Array.from({ length: p.tokens ** 2 }, (_, at) => {
    const [query, key] = [Math.floor(at / p.tokens), at % p.tokens];
    return key === query || (key < query && ((noise[at * 4] as number) & 3) > 0) ? 1 : 0;
  });
  return tensorFrom("bool", [p.tokens, p.tokens], values);
}

/** −∞ above the diagonal, noise elsewhere. */
function floatMask(p: Problem): Tensor {
  const heads = p.groups * p.repeats;
  const noise = normals(p.dtype, [p.batch, heads, p.tokens, p.tokens], p.seed + 4);
  const hidden = tensorFrom(p.dtype, [1], [Number.NEGATIVE_INFINITY]).bytes;
  const bytes = noise.bytes.slice();
  for (let at = 0; at < bytes.length / hidden.length; at++) {
    const [query, key] = [Math.floor(at / p.tokens) % p.tokens, at % p.tokens];
    if (key > query) bytes.set(hidden, at * hidden.length);
  }
  return { ...noise, bytes };
}

describe.each(MACHINES)("at once on the %s, and in chunks", (name, machine) => {
  const slow = name === "interpreter";
  const runs = slow ? 2 : 4;
  const cases = slow ? problems.map(smaller) : problems;

  test("causal", async () => {
    await holds(runs, cases, (p) => expectChunksAlike(p, machine, { causal: true }));
  });

  test("causal, and a bool mask that hides more", async () => {
    await holds(runs, cases, (p) => {
      return expectChunksAlike(p, machine, { causal: true, mask: boolMask(p) });
    });
  });

  test("a bool mask that hides the future", async () => {
    await holds(runs, cases, (p) => {
      return expectChunksAlike(p, machine, { causal: false, mask: boolMask(p) });
    });
  });

  test("causal, with a float mask", async () => {
    await holds(runs, cases, (p) => {
      return expectChunksAlike(p, machine, { causal: true, mask: floatMask(p) });
    });
  });

  test("a float mask that is −∞ for the future hides it as long as values are finite", async () => {
    // A weight of +0 times a value is added, unlike a key that is skipped: 0 · ∞ would be NaN.
    const finite = cases.map((p) => ({ ...p, fill: normals }));
    await holds(runs, finite, (p) => {
      return expectChunksAlike(p, machine, { causal: false, mask: floatMask(p) });
    });
  });
});

test("a cache of fixed length, of which nonpad_kv_seqlen counts what is there", async () => {
  const one = problems.map((p) => ({ ...p, flat: false }));
  await holds(15, one, async (p) => {
    const { q, k, v } = sequences(p);
    const causal = { is_causal: int(1) };
    const whole = await attend(p, { q, k, v }, causal, single());
    const spare = 1 + (p.seed % 5);
    for (const [from, to] of p.chunks) {
      // What lies beyond the counted keys is never read: here it is NaN.
      const cache = (t: Tensor, depth: number): Tensor => {
        const count = p.batch * p.groups * (p.tokens + spare - to) * depth;
        const dims = [p.batch, p.groups, p.tokens + spare - to, depth];
        const rest = tensorFrom(p.dtype, dims, new Array<number>(count).fill(Number.NaN));
        return joined(2, [part(t, 2, 0, to), rest]);
      };
      const given = {
        q: part(q, 2, from, to),
        k: cache(k, p.depth),
        v: cache(v, p.valueDepth),
        lengths: i64Tensor([p.batch], new Array<number>(p.batch).fill(to)),
      };
      const { y } = await attend(p, given, causal, single());
      expectSame(y, part(whole.y, 2, from, to));
    }
  });
});

test("the chunkings that are tried cover all tokens in order", async () => {
  await holds(50, problems, async ({ chunks, tokens: total }) => {
    expect(chunks[0]?.[0]).toBe(0);
    expect(chunks.at(-1)?.[1]).toBe(total);
    chunks.slice(1).forEach(([from], i) => {
      expect(from).toBe(chunks[i]?.[1]);
    });
  });
});
