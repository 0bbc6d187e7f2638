import { AssayError } from "../../operators/index.js";
import type { MessageBody } from "../settlement/messages.js";
import type { Id, LedgerState, Offer } from "../settlement/state.js";
import { bondKey } from "../settlement/step.js";
import { type Agent, attempt, followLedger } from "./agent.js";
import type { HostedModel } from "./hosted-model.js";
import { registerModel } from "./post-job.js";

export type Terms = Omit<Offer, "executor">;

export interface OfferOptions extends Pick<Agent, "ledger" | "account" | "signal" | "log"> {
  readonly models: ReadonlyMap<Id, HostedModel>;
  readonly terms: Terms;
  /** What the stake is brought up to, once; bonds in jobs count. */
  readonly stake: number;
  /** Whether models that the ledger does not know are registered, for a fee. */
  readonly register: boolean;
}

/**
 * Registers, stakes and offers as soon as there is the money for it, beside all else that an executor
 * does: jobs of an earlier start must be defended before a deposit comes. Throws `ledger/refused` where
 * the ledger does not know a model that may not be registered.
 */
export async function keepOffers(options: OfferOptions): Promise<void> {
  requireKnown(options);
  const offering = new Offering(options);
  await followLedger(options, () => attempt(options, "offering", {}, () => offering.goOn()));
}

function requireKnown({ ledger, models, register }: OfferOptions): void {
  const unknown = [...models.keys()].find((id) => !ledger.state.models.get(id));
  if (unknown === undefined || register) return;
  throw new AssayError("ledger/refused", `the ledger does not know the model ${unknown}`, {
    hint: "--register registers it, for a fee",
    facts: { model: unknown },
  });
}

class Offering {
  private staked = false;
  private readonly told = new Set<string>();

  constructor(private readonly options: OfferOptions) {}

  async goOn(): Promise<void> {
    if (!(await this.register()) || !(await this.stake())) return;
    for (const id of this.options.models.keys()) await this.offer(id);
  }

  private async register(): Promise<boolean> {
    const { ledger, account, models, log } = this.options;
    for (const model of models.values()) {
      if (ledger.state.models.get(model.id)) continue;
      if (!this.has(ledger.state.parameters.fees.registration)) return false;
      await registerModel({ ledger, account }, model);
      log({ level: "info", what: "registered a model", facts: { model: model.id } });
    }
    return true;
  }

  private async stake(): Promise<boolean> {
    const { ledger, account, stake } = this.options;
    const amount = stake - stakeOf(ledger.state, account.address);
    if (!this.staked && amount > 0) {
      if (!this.has(amount)) return false;
      await this.say({ kind: "stake", amount });
    }
    this.staked = true;
    return true;
  }

  private async offer(model: Id): Promise<void> {
    const { ledger, account, terms, log } = this.options;
    const own = offerOf(ledger.state, model, account.address);
    if (own && JSON.stringify(own) === JSON.stringify({ executor: own.executor, ...terms })) return;
    const stake = ledger.state.money.stakes.get(account.address) ?? 0;
    const { executor: bond } = ledger.state.parameters.bonds;
    if (stake < bond) {
      this.tell(`a stake of ${stake} does not cover the bond of a job, ${bond}: not offering`);
      return;
    }
    if (own) await this.say({ kind: "leave", model });
    await this.say({ kind: "enroll", model, ...terms });
    log({ level: "info", what: "offering a model", facts: { model, stake } });
  }

  private has(amount: number): boolean {
    const { ledger, account } = this.options;
    const free = ledger.state.money.free.get(account.address) ?? 0;
    if (free >= amount) return true;
    this.tell(`waiting for a deposit of ${amount - free}: assay ledger deposit ${account.address}`);
    return false;
  }

  private tell(what: string): void {
    if (this.told.has(what)) return;
    this.told.add(what);
    this.options.log({ level: "warn", what, facts: {} });
  }

  private async say(body: MessageBody): Promise<void> {
    const said = await this.options.account.say(body);
    if ("refusal" in said) throw new AssayError("ledger/refused", said.refusal.message);
  }
}

/** What is in bonds comes back, as a rule. */
function stakeOf({ money, openJobs }: LedgerState, address: Id): number {
  const bonds = openJobs.reduce((n, id) => n + (money.locks.get(bondKey(address, id)) ?? 0), 0);
  return (money.stakes.get(address) ?? 0) + bonds;
}

function offerOf(state: LedgerState, model: Id, address: Id): Offer | undefined {
  return state.models.get(model)?.offers.find((o) => o.executor === address);
}

/** Takes the offers of an account back: who is drawn and away pays for it. */
export async function takeOffersBack({
  ledger,
  account,
  models,
}: Pick<OfferOptions, "ledger" | "account" | "models">): Promise<void> {
  for (const model of models.keys()) {
    if (!offerOf(ledger.state, model, account.address)) continue;
    const said = await account.say({ kind: "leave", model });
    if ("refusal" in said) throw new AssayError("ledger/refused", said.refusal.message);
  }
}
