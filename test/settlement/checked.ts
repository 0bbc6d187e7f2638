import { expect } from "vitest";
import { eventText, type LedgerEvent, readEvent } from "../../src/settlement/events.js";
import { auditMoney, held, lock } from "../../src/settlement/money.js";
import type { LedgerRefusal } from "../../src/settlement/refusals.js";
import { RuleBook } from "../../src/settlement/rule-book.js";
import type { Entry, Job, LedgerState } from "../../src/settlement/state.js";
import { stateText } from "../../src/settlement/state-digest.js";
import { bondKey } from "../../src/settlement/step.js";
import { applyEvent, foundLedger } from "../../src/settlement/transition.js";
import { hasher, World } from "./world.js";

type Later = Exclude<LedgerEvent, { kind: "genesis" }>;

/** A ledger that re-checks every rule of the game after every event, accepted or not. */
export class CheckedWorld extends World {
  override try(event: Later): LedgerRefusal | undefined {
    const before = this.state;
    const text = stateText(before);
    freezeNew(before);
    const refusal = super.try(event);
    // An event changes no state but the one it yields; a refused one yields none.
    expect(stateText(before)).toBe(text);
    if (refusal) expect(this.state).toBe(before);
    else checkAccepted(before, this.state, event);
    return refusal;
  }

  /** Whoever gets the texts of the events, and nothing else, comes to the same state. */
  checkReplay(): void {
    const book = new RuleBook(hasher);
    const [first, ...later] = this.events.map((e) => readEvent(eventText(e)));
    if (first?.kind !== "genesis") throw new Error("no genesis");
    const state = later.reduce(
      (s, event) => {
        const result = applyEvent(book, s, event as Later);
        if ("refusal" in result) throw new Error(result.refusal.message);
        return result.state;
      },
      foundLedger(book, first),
    );
    expect(stateText(state)).toBe(stateText(this.state));
  }
}

/** What was frozen with an earlier state is not walked through again. */
function freezeNew(value: unknown): void {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
  if (Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freezeNew(part);
}

function checkAccepted(before: LedgerState, after: LedgerState, event: Later): void {
  expect(after.count).toBe(before.count + 1);
  expect(after.now).toBe(event.at);
  expect(after.id).toBe(before.id);
  auditMoney(after.money);
  checkLists(after);
  checkWealth(before, after, event);
  for (const [id, job] of before.jobs.entries()) checkJob(job, after.jobs.get(id) as Job);
}

/** The lists of what is open say the same as jobs and disputes. */
function checkLists(state: LedgerState): void {
  const jobs = [...state.jobs.entries()].map(([, job]) => job);
  const disputes = [...state.disputes.entries()].map(([, d]) => d);
  const open = disputes.filter((d) => d.result === null);
  expect([...state.openDisputes].sort()).toEqual(open.map((d) => d.id).sort());
  expect(open.filter((d) => d.state.phase.name === "ended")).toEqual([]);
  const running = jobs.filter((j) => j.phase.name !== "ended").map((j) => j.id);
  expect([...state.openJobs].sort()).toEqual(running.sort());
  for (const job of jobs) {
    const own = open.filter((d) => d.job === job.id);
    expect([...job.disputes].sort()).toEqual(own.map((d) => d.id).sort());
    const matches = own.filter((d) => d.kind === "match").map((d) => d.id);
    expect([...job.contest.open].sort()).toEqual(matches.sort());
    // Whoever is in a dispute still stands; nothing of an ended job is locked or open.
    const standing = new Set(job.entries.filter((e) => e.standing === "standing").map(executorOf));
    for (const d of own) {
      expect(standing).toContain(d.asserter);
      if (d.kind === "match") expect(standing).toContain(d.challenger);
    }
    if (job.phase.name !== "ended") continue;
    expect(own).toEqual([]);
    expect(held(state.money, lock(job.id))).toBe(0);
    for (const e of job.entries) {
      expect(held(state.money, lock(bondKey(e.executor, job.id)))).toBe(0);
    }
  }
  for (const d of disputes) {
    if (d.result || d.kind === "match") expect(held(state.money, lock(d.id))).toBe(0);
  }
}

const executorOf = (e: Entry): string => e.executor;

/** Everything that is an account's: free, staked, or locked in its name. */
export function wealth(state: LedgerState): Map<string, number> {
  const { money } = state;
  const of = new Map<string, number>();
  const add = (who: string, amount: number): void => {
    of.set(who, (of.get(who) ?? 0) + amount);
  };
  for (const [who, amount] of money.free.entries()) add(who, amount);
  for (const [who, amount] of money.stakes.entries()) add(who, amount);
  for (const [id, job] of state.jobs.entries()) {
    add(job.requester, held(money, lock(id)));
    for (const e of job.entries) add(e.executor, held(money, lock(bondKey(e.executor, id))));
  }
  for (const [id, d] of state.disputes.entries()) {
    if (d.kind === "challenge") add(d.challenger, held(money, lock(id)));
  }
  return of;
}

const COSTLY = new Set(["withdraw", "register", "post"]);

/** Nobody becomes poorer but by what they said, lost or left out, nor the requester but by paying. */
function checkWealth(before: LedgerState, after: LedgerState, event: Later): void {
  const [was, is] = [wealth(before), wealth(after)];
  const liable = new Set<string>();
  if (event.kind === "message") {
    const { sender, kind } = JSON.parse(event.text) as { sender: string; kind: string };
    if (COSTLY.has(kind)) liable.add(sender);
  }
  for (const [id, job] of after.jobs.entries()) {
    const old = before.jobs.get(id);
    if (job.paid && !old?.paid) liable.add(job.requester);
    job.entries.forEach((e, i) => {
      const standing = old?.entries[i]?.standing;
      if (FALLEN.has(e.standing) && e.standing !== standing) liable.add(e.executor);
    });
  }
  for (const [id, d] of after.disputes.entries()) {
    const lost = d.result?.kind === "decided" && d.result.loser === "challenger";
    if (lost && d.kind === "challenge" && !before.disputes.get(id)?.result) {
      liable.add(d.challenger);
    }
  }
  for (const [who, amount] of was) {
    if (!liable.has(who))
      expect(is.get(who) ?? 0, `${who} became poorer`).toBeGreaterThanOrEqual(amount);
  }
  expect(after.money.burned).toBeGreaterThanOrEqual(before.money.burned);
}

const FALLEN = new Set(["absent", "unrevealed", "refuted", "silent", "failed"]);

const ORDER = ["drawing", "committing", "calling", "revealing", "challengeable", "ended"];

/** What was said stays said, and a job goes forward only. */
function checkJob(before: Job, after: Job): void {
  const [was, is] = [before.phase.name, after.phase.name];
  const audit = was === "calling" && is === "committing";
  if (!audit) expect(ORDER.indexOf(is)).toBeGreaterThanOrEqual(ORDER.indexOf(was));
  if (was === "ended") expect(after).toEqual(before);
  before.entries.forEach((e, i) => {
    const now = after.entries[i] as Entry;
    expect(now.executor).toBe(e.executor);
    if (e.sealed) expect(now.sealed).toBe(e.sealed);
    if (e.claim) expect(now.claim).toEqual(e.claim);
    if (FALLEN.has(e.standing)) expect(now.standing).toBe(e.standing);
  });
}
