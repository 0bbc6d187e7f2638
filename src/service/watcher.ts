import type { Run } from "../execute/run-model.js";
import type { Id, Job } from "../settlement/state.js";
import { modelOf, openOf, standingEntries } from "../settlement/step.js";
import { claimRoot } from "../settlement/steps/results.js";
import { keptRunOf, RunProvider } from "../verify/run-provider.js";
import { type Agent, attempt, followLedger } from "./agent.js";
import { DisputeDesk } from "./dispute-desk.js";
import { jobInputs, runJob } from "./hosted-model.js";

/** What was found out about a job. */
interface Watched {
  readonly run: Run;
  readonly provider: RunProvider;
}

/**
 * Re-executes the jobs of a ledger whose results can be challenged, and challenges every claim that
 * its own run does not agree with. It keeps nothing: after a restart it runs them again.
 */
export async function serveWatcher(agent: Agent): Promise<void> {
  const watcher = new Watcher(agent);
  await Promise.all([
    followLedger(agent, () => watcher.answer()),
    followLedger(agent, () => watcher.watch()),
  ]);
}

class Watcher {
  private readonly desk: DisputeDesk;
  private readonly watched = new Map<Id, Promise<Watched>>();
  constructor(private readonly agent: Agent) {
    this.desk = new DisputeDesk(agent, async (job) => (await this.look(job)).provider);
  }

  async answer(): Promise<boolean> {
    const answered = await this.desk.answer();
    await this.forget();
    return answered;
  }

  async watch(): Promise<boolean> {
    const { ledger, models, signal } = this.agent;
    let all = true;
    for (const id of ledger.state.openJobs) {
      if (signal.aborted) return false;
      const job = ledger.state.jobs.get(id);
      if (job?.phase.name !== "challengeable" || !models.has(job.model)) continue;
      const done = await attempt(this.agent, `checking job ${id}`, { job: id }, () =>
        this.check(id),
      );
      all &&= done;
    }
    return all;
  }

  private async check(id: Id): Promise<void> {
    const { ledger, hasher, account, log } = this.agent;
    const known = this.watched.has(id);
    const { run } = await this.look(ledger.state.jobs.get(id) as Job);
    const own = claimRoot(hasher, run.signed.receipt);
    const job = ledger.state.jobs.get(id) as Job;
    const wrong = standingEntries(job).filter(({ claim }) => claim && claim.root !== own);
    const open = openOf(ledger.state, id).filter((d) => d.challenger === account.address);
    if (!known) {
      const what = wrong.length === 0 ? "agrees with every claim" : "found a wrong claim";
      log({ level: "info", what, facts: { job: id, wrong: wrong.map((e) => e.executor) } });
    }
    for (const { executor } of wrong) {
      if (open.some((d) => d.asserter === executor)) continue;
      const said = await account.say({ kind: "challenge", job: id, executor });
      const facts = { job: id, executor };
      if ("refusal" in said) log({ level: "warn", what: said.refusal.message, facts });
      else log({ level: "info", what: "challenged", facts });
    }
  }

  private look(job: Job): Promise<Watched> {
    const known = this.watched.get(job.id);
    if (known) return known;
    const made = this.execute(job);
    this.watched.set(job.id, made);
    // Whoever asked hears of it; the next one tries again.
    made.catch(() => this.watched.delete(job.id));
    return made;
  }

  private async execute(job: Job): Promise<Watched> {
    const { ledger, hasher, account, machine, signal, models, book, log } = this.agent;
    const hosted = models.get(job.model);
    if (!hosted) throw new Error(`the model ${job.model} is not here`);
    const inputs = await jobInputs(ledger, hasher, job);
    const { plan } = book.rulesOf(modelOf(ledger.state, job.model), job, ledger.state.parameters);
    log({ level: "info", what: "running", facts: { job: job.id, operators: plan.nodes.length } });
    const { key } = account;
    const run = await runJob({
      hosted,
      job,
      plan,
      inputs,
      hasher,
      key,
      signal,
      machine: machine(),
    });
    const { model, digest } = hosted;
    const provider = new RunProvider(keptRunOf(run), model, digest, hasher, machine());
    return { run, provider };
  }

  private async forget(): Promise<void> {
    const { state } = this.agent.ledger;
    for (const [id, watched] of this.watched) {
      if (state.openJobs.includes(id)) continue;
      this.watched.delete(id);
      await (await watched).provider.close();
    }
  }
}
