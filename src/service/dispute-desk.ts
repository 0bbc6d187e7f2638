import { HonestAsserter } from "../dispute/honest-asserter.js";
import { HonestChallenger } from "../dispute/honest-challenger.js";
import type { Party } from "../dispute/party.js";
import type { TraceProvider } from "../dispute/provider.js";
import { moverOf } from "../dispute/transition.js";
import type { Id, Job, JobDispute } from "../settlement/state.js";
import { modelOf } from "../settlement/step.js";
import { moveToJson } from "../settlement/wire.js";
import { type Agent, attempt } from "./agent.js";

/** The run with which an account defends its claim on a job, or challenges others. */
export type ProviderOf = (job: Job) => Promise<TraceProvider | undefined>;

/** Makes the moves of an account in all disputes of a ledger that it is a party of. */
export class DisputeDesk {
  private readonly parties = new Map<string, Party>();

  constructor(
    private readonly agent: Agent,
    private readonly providerOf: ProviderOf,
  ) {}

  /** Every move that is due now, once; whether all of them could be made. */
  async answer(): Promise<boolean> {
    const { ledger } = this.agent;
    let all = true;
    for (const id of ledger.state.openDisputes) {
      const dispute = ledger.state.disputes.get(id);
      if (!dispute || dispute.result || !this.isDue(dispute)) continue;
      const facts = { dispute: id, job: dispute.job };
      const done = await attempt(this.agent, "answering a dispute", facts, () =>
        this.move(dispute),
      );
      all &&= done;
    }
    this.forget();
    return all;
  }

  private isDue(dispute: JobDispute): boolean {
    const mover = moverOf(dispute.state);
    return mover !== undefined && dispute[mover] === this.agent.account.address;
  }

  private async move(dispute: JobDispute): Promise<void> {
    const { account, log } = this.agent;
    const party = await this.partyOf(dispute);
    const move = await party?.respond(dispute.state);
    const facts = { dispute: dispute.id, job: dispute.job };
    if (!move) {
      log({ level: "warn", what: "nothing to say in a dispute", facts });
      return;
    }
    const body = { kind: "move", dispute: dispute.id, move: moveToJson(move) } as const;
    const said = await account.say(body);
    if ("refusal" in said) {
      const { code, message, move: name } = said.refusal;
      const what = `a move was refused: ${name ?? code}: ${message}`;
      log({ level: "warn", what, facts });
    } else log({ level: "info", what: `said ${move.kind}`, facts });
  }

  private async partyOf(dispute: JobDispute): Promise<Party | undefined> {
    const side = moverOf(dispute.state);
    const key = `${dispute.id} ${side}`;
    const known = this.parties.get(key);
    if (known) return known;
    const { ledger, book } = this.agent;
    const job = ledger.state.jobs.get(dispute.job) as Job;
    const provider = await this.providerOf(job);
    if (!provider) return undefined;
    const rules = book.rulesOf(modelOf(ledger.state, job.model), job, ledger.state.parameters);
    const party =
      side === "asserter"
        ? new HonestAsserter(rules, provider)
        : new HonestChallenger(rules, provider);
    this.parties.set(key, party);
    return party;
  }

  private forget(): void {
    const open = new Set<Id>(this.agent.ledger.state.openDisputes);
    for (const key of this.parties.keys()) {
      if (!open.has(key.slice(0, key.indexOf(" ")))) this.parties.delete(key);
    }
  }
}
