import { HonestAsserter } from "../../src/dispute/honest-asserter.js";
import { HonestChallenger } from "../../src/dispute/honest-challenger.js";
import type { Side } from "../../src/dispute/moves.js";
import type { Party } from "../../src/dispute/party.js";
import type { Rules } from "../../src/dispute/rules.js";
import { moverOf } from "../../src/dispute/transition.js";
import { bind } from "../../src/graph/bind.js";
import { modelDigest } from "../../src/graph/digests.js";
import { nodeHasher as hasher } from "../../src/merkle/node-hash.js";
import { commitTensor } from "../../src/merkle/tensor-tree.js";
import { importOnnx } from "../../src/onnx/import.js";
import { skeletonOf } from "../../src/onnx/skeleton.js";
import { writeOnnx } from "../../src/onnx/write.js";
import { fromHex, toHex } from "../../src/receipt/hex.js";
import { addressOf } from "../../src/receipt/key.js";
import { type Receipt, receiptBytes } from "../../src/receipt/receipt.js";
import { signReceipt } from "../../src/receipt/sign.js";
import type { LedgerEvent } from "../../src/settlement/events.js";
import type { Message, MessageBody } from "../../src/settlement/messages.js";
import { DEFAULT_PARAMETERS, type Parameters } from "../../src/settlement/parameters.js";
import type { LedgerRefusal } from "../../src/settlement/refusals.js";
import { RuleBook } from "../../src/settlement/rule-book.js";
import { signMessage } from "../../src/settlement/sign-message.js";
import type { Job, JobDispute, LedgerState } from "../../src/settlement/state.js";
import { nextDeadline } from "../../src/settlement/steps/due.js";
import { sealOf } from "../../src/settlement/steps/results.js";
import { applyEvent, foundLedger } from "../../src/settlement/transition.js";
import { moveToJson } from "../../src/settlement/wire.js";
import { type Corruption, type Run, type RunOptions, runOf } from "../dispute/zoo/run.js";
import { type Toy, toy } from "../dispute/zoo/toy.js";

export { hasher };

/** An account with its key; number 0 is the operator. */
export interface Account {
  readonly key: Uint8Array;
  readonly address: string;
}

export function account(n: number): Account {
  const key = new Uint8Array(32);
  new DataView(key.buffer).setUint32(28, n + 1);
  return { key, address: toHex(addressOf(key)) };
}

export const OPERATOR = account(0);

/** 4096 links; the first is the anchor. */
const LINKS = (() => {
  const links: Uint8Array[] = [new Uint8Array(32).fill(7)];
  for (let i = 0; i < 4096; i++) links.unshift(hasher.hash(links[0] as Uint8Array));
  return links.map(toHex);
})();

export const OPSETS = new Map([["", 14]]);

export type Options = { readonly [K in keyof Parameters]?: Partial<Parameters[K]> };

/** A ledger in memory with a clock that the test moves. */
export class World {
  readonly events: LedgerEvent[] = [];
  state: LedgerState;
  now = 1_000_000;

  constructor(
    changes: Options = {},
    readonly book = new RuleBook(hasher),
  ) {
    const base = { ...DEFAULT_PARAMETERS, salt: `0x${"00".repeat(32)}` };
    const entries = Object.entries({ ...base, operator: OPERATOR.address, beacon: LINKS[0] });
    const parameters = Object.fromEntries(
      entries.map(([k, v]) => {
        const change = (changes as Record<string, unknown>)[k];
        return [k, typeof change === "object" ? { ...(v as object), ...change } : (change ?? v)];
      }),
    ) as unknown as Parameters;
    const genesis = { at: this.now, kind: "genesis", parameters } as const;
    this.events.push(genesis);
    this.state = foundLedger(this.book, genesis);
  }

  /** Applies an event, or says why not. */
  try(event: Exclude<LedgerEvent, { kind: "genesis" }>): LedgerRefusal | undefined {
    const result = applyEvent(this.book, this.state, event);
    if ("refusal" in result) return result.refusal;
    this.state = result.state;
    this.events.push(event);
    return undefined;
  }

  message(who: Account, body: MessageBody): Message {
    const sequence = this.state.sequences.get(who.address) ?? 0;
    return { ledger: this.state.id, sender: who.address, sequence, ...body } as Message;
  }

  trySay(who: Account, body: MessageBody): LedgerRefusal | undefined {
    const signed = signMessage(hasher, this.message(who, body), who.key);
    return this.try({ at: this.now, kind: "message", ...signed });
  }

  say(who: Account, body: MessageBody): void {
    const refusal = this.trySay(who, body);
    if (refusal) throw new Error(`${body.kind}: ${refusal.code}: ${refusal.message}`);
  }

  beacon(): void {
    const refusal = this.tryBeacon();
    if (refusal) throw new Error(refusal.message);
  }

  tryBeacon(): LedgerRefusal | undefined {
    const link = LINKS[this.state.beacon.count + 1] as string;
    return this.try({ at: this.now, kind: "beacon", link });
  }

  tryTick(): LedgerRefusal | undefined {
    return this.try({ at: this.now, kind: "tick" });
  }

  /** To one moment past the next deadline, and what then happens. */
  passDeadline(): void {
    this.now = Math.max(this.now, nextDeadline(this.state) + 1);
    const refusal = this.try({ at: this.now, kind: "tick" });
    if (refusal) throw new Error(refusal.message);
  }

  fund(who: Account, free: number, stake = 0): void {
    this.say(OPERATOR, { kind: "deposit", to: who.address, amount: free + stake });
    if (stake > 0) this.say(who, { kind: "stake", amount: stake });
  }

  job(id: string): Job {
    return this.state.jobs.get(id) as Job;
  }

  rules(job: Job): Rules {
    const model = this.state.models.get(job.model);
    if (!model) throw new Error("no model");
    return this.book.rulesOf(model, job, this.state.parameters);
  }
}

/** A model on a ledger: its toy, and the inputs as a job states them. */
export interface Posted {
  readonly toy: Toy;
  readonly model: string;
}

export function registerToy(world: World, of: Toy = toy()): Posted {
  const file = writeOnnx(of.model, { opsets: OPSETS, producer: "test" });
  const model = importOnnx(file);
  const { inputs, plan } = of;
  const { granularity } = plan;
  const made = { model, inputs, plan: bind(model, { types: inputs, values: inputs, granularity }) };
  world.say(OPERATOR, { kind: "register", skeleton: toHex(skeletonOf(file)), commitments: [] });
  return { toy: made, model: toHex(modelDigest(hasher, model).model) };
}

/** Takes whatever comes. */
export function enroll(world: World, who: Account, { model }: Posted): void {
  const steps = Number.MAX_SAFE_INTEGER;
  world.say(who, { kind: "enroll", model, steps, within: 0, fee: 0 });
}

export function postJob(
  world: World,
  who: Account,
  posted: Posted,
  terms: Partial<MessageBody<"post">> = {},
): string {
  const { toy: made, model } = posted;
  const inputs = [...made.inputs].map(([name, t]) => ({
    name,
    dtype: t.dtype,
    dims: t.dims,
    commitment: toHex(commitTensor(hasher, t)),
    value: t.dtype === "i64" ? toHex(t.bytes) : null,
    blob: toHex(hasher.hash(t.bytes)),
  }));
  const body: MessageBody<"post"> = {
    kind: "post",
    model,
    granularity: "layer",
    inputs,
    mode: "optimistic",
    executors: 1,
    fee: 10_000,
    commitWithin: 3600_000,
    ...terms,
  };
  const before = new Set(world.state.openJobs);
  world.say(who, body);
  return world.state.openJobs.find((id) => !before.has(id)) as string;
}

export const NONCE = new Uint8Array(32).fill(3);

/** An executor's run for a job, with the receipt that it would reveal. */
export function runFor(job: Job, made: Toy, who: Account, options: RunOptions = {}): Run {
  const run = runOf(made, options);
  const receipt: Receipt = {
    ...run.receipt,
    context: fromHex(job.context),
    executor: fromHex(who.address),
  };
  return { ...run, receipt };
}

export function commitRun(world: World, job: string, who: Account, run: Run, nonce = NONCE): void {
  world.say(who, { kind: "commit", job, sealed: sealOf(hasher, run.receipt, nonce) });
}

export function revealBody(job: string, who: Account, run: Run, nonce = NONCE) {
  const { signature } = signReceipt(hasher, run.receipt, who.key);
  return {
    kind: "reveal",
    job,
    receipt: toHex(receiptBytes(run.receipt)),
    signature: toHex(signature),
    nonce: toHex(nonce),
    outputs: `0x${"00".repeat(32)}`,
  } as const;
}

/** Who answers for whom in the disputes of a world; whoever is missing is silent. */
export interface Player {
  readonly account: Account;
  readonly run: Run;
  /** Instead of the honest strategies. */
  readonly party?: (side: Side, honest: Party, dispute: JobDispute) => Party | undefined;
}

/** Plays every open dispute to its end; silence lets the clock run. */
export async function playOut(world: World, players: readonly Player[]): Promise<void> {
  const parties = new Map<string, Party | undefined>();
  for (;;) {
    let moved = false;
    for (const id of world.state.openDisputes) {
      const dispute = world.state.disputes.get(id);
      if (dispute && !dispute.result && (await playMove(world, dispute, players, parties))) {
        moved = true;
      }
    }
    if (world.state.openDisputes.length === 0) return;
    if (!moved) world.passDeadline();
  }
}

async function playMove(
  world: World,
  dispute: JobDispute,
  players: readonly Player[],
  parties: Map<string, Party | undefined>,
): Promise<boolean> {
  const side = moverOf(dispute.state);
  if (!side) return false;
  const player = players.find((p) => p.account.address === dispute[side]);
  if (!player) return false;
  const key = `${dispute.id}${side}`;
  if (!parties.has(key)) {
    const rules = world.rules(world.job(dispute.job));
    const { provider } = player.run;
    const honest =
      side === "asserter"
        ? new HonestAsserter(rules, provider)
        : new HonestChallenger(rules, provider);
    parties.set(key, player.party ? player.party(side, honest, dispute) : honest);
  }
  const move = await parties.get(key)?.respond(dispute.state);
  if (!move) return false;
  const body = { kind: "move", dispute: dispute.id, move: moveToJson(move) } as const;
  return world.trySay(player.account, body) === undefined;
}

export const LIE: Corruption = { node: 4, element: 1 };
