import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { nodeHasher as hasher } from "../../src/merkle/node-hash.js";
import { type LedgerEvent, readEvent } from "../../src/settlement/events.js";
import { RuleBook } from "../../src/settlement/rule-book.js";
import type { LedgerState } from "../../src/settlement/state.js";
import { stateDigest } from "../../src/settlement/state-digest.js";
import { applyEvent, foundLedger } from "../../src/settlement/transition.js";

interface Vectors {
  readonly ledger: string;
  readonly job: string;
  readonly end: unknown;
  readonly events: readonly { readonly text: string; readonly state: string }[];
  readonly refused: readonly {
    readonly after: number;
    readonly text: string;
    readonly code: string;
  }[];
}

type Later = Exclude<LedgerEvent, { kind: "genesis" }>;

const file = new URL("../vectors/settlement.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vectors;

/** The states after 1, 2, … events. */
function replayed(book: RuleBook): LedgerState[] {
  const states: LedgerState[] = [];
  for (const { text } of vectors.events) {
    const event = readEvent(text);
    const last = states.at(-1);
    if (event.kind === "genesis") states.push(foundLedger(book, event));
    else if (last) {
      const result = applyEvent(book, last, event);
      if ("refusal" in result) throw new Error(`${states.length}: ${result.refusal.message}`);
      states.push(result.state);
    }
  }
  return states;
}

describe("the job in test/vectors", () => {
  const book = new RuleBook(hasher);
  const states = replayed(book);

  test("leads to the digest that stands after each event", () => {
    expect(states.map((s) => stateDigest(hasher, s))).toEqual(vectors.events.map((e) => e.state));
  });

  test("ends as it says", () => {
    const last = states.at(-1) as LedgerState;
    expect(last.id).toBe(vectors.ledger);
    expect(last.jobs.get(vectors.job)?.phase).toMatchObject({ name: "ended", end: vectors.end });
    expect(last.money.locks.size).toBe(0);
  });

  test("holds events of every kind, and moves of both sides", () => {
    const texts = vectors.events.map((e) => e.text);
    const kinds = new Set(texts.map((t) => readEvent(t).kind));
    expect([...kinds].sort()).toEqual(["beacon", "genesis", "message", "tick"]);
    expect(texts.some((t) => t.includes("openOperator"))).toBe(true);
  });

  test.each(vectors.refused.map((r) => [r.code, r] as const))("refuses %s", (code, r) => {
    const state = states[r.after - 1] as LedgerState;
    const result = applyEvent(book, state, readEvent(r.text) as Later);
    expect(result).toMatchObject({ refusal: { code } });
  });
});
