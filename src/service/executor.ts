import { randomBytes } from "node:crypto";
import type { Corruption } from "../execute/drill.js";
import type { Run } from "../execute/run-model.js";
import { signUpload } from "../ledger/upload.js";
import { concat } from "../merkle/hash.js";
import { toHex } from "../receipt/hex.js";
import { receiptBytes } from "../receipt/receipt.js";
import type { Entry, Job } from "../settlement/state.js";
import { entryOf, modelOf } from "../settlement/step.js";
import { sealOf } from "../settlement/steps/results.js";
import { RunProvider } from "../verify/run-provider.js";
import { type Agent, attempt, followLedger } from "./agent.js";
import { DisputeDesk } from "./dispute-desk.js";
import { type HostedModel, jobInputs, runJob } from "./hosted-model.js";
import type { JobStore, SealedRun } from "./job-store.js";

export interface ExecutorOptions extends Agent {
  readonly store: JobStore;
  /** A drill: every run of this executor gets one number wrong. */
  readonly corrupt?: (run: { readonly plan: Run["plan"] }) => Corruption;
}

/**
 * Runs every job that its account is drawn for: fetches the inputs, runs the model, seals the receipt,
 * reveals it once all have committed, and defends it. What it must be able to show later is on disk
 * before it says anything, so a restart loses no bond.
 */
export async function serveExecutor(options: ExecutorOptions): Promise<void> {
  const executor = new Executor(options);
  // Answers must not wait for a long run: their clocks tick.
  await Promise.all([
    followLedger(options, () => executor.answer()),
    followLedger(options, () => executor.work()),
  ]);
}

class Executor {
  private readonly desk: DisputeDesk;
  private readonly providers = new Map<string, Promise<RunProvider | undefined>>();

  constructor(private readonly options: ExecutorOptions) {
    this.desk = new DisputeDesk(options, (job) => this.providerOf(job));
  }

  async answer(): Promise<boolean> {
    const revealed = await this.forEachOwn("revealing", "sealed", (job) => this.reveal(job));
    const answered = await this.desk.answer();
    await this.forget();
    return revealed && answered;
  }

  work(): Promise<boolean> {
    return this.forEachOwn("committing", "drawn", (job) => this.commit(job));
  }

  private async forEachOwn(
    phase: Job["phase"]["name"],
    standing: Entry["standing"],
    work: (job: Job) => Promise<void>,
  ): Promise<boolean> {
    const { ledger, account, signal } = this.options;
    let all = true;
    for (const id of ledger.state.openJobs) {
      if (signal.aborted) return false;
      const job = ledger.state.jobs.get(id);
      if (job?.phase.name !== phase) continue;
      if (entryOf(job, account.address)?.standing !== standing) continue;
      const done = await attempt(this.options, `job ${id}`, { job: id }, () => work(job));
      all &&= done;
    }
    return all;
  }

  private async commit(job: Job): Promise<void> {
    const { store, account, hasher, log } = this.options;
    const sealed = store.read(job.id) ?? (await this.run(job));
    const body = { kind: "commit", job: job.id } as const;
    const seal = sealOf(hasher, sealed.signed.receipt, sealed.nonce);
    const said = await account.say({ ...body, sealed: seal });
    const facts = { job: job.id };
    if ("refusal" in said) log({ level: "error", what: said.refusal.message, facts });
    else log({ level: "info", what: "committed", facts });
  }

  private async run(job: Job): Promise<SealedRun> {
    const { ledger, hasher, account, machine, signal, store, log, corrupt } = this.options;
    const hosted = this.hosted(job);
    const inputs = await jobInputs(ledger, hasher, job);
    const { plan } = this.rules(job);
    const corruption = corrupt?.({ plan });
    const { key } = account;
    log({ level: "info", what: "running", facts: { job: job.id, operators: plan.nodes.length } });
    const base = { hosted, job, plan, inputs, hasher, key, signal, corruption };
    const run = await runJob({ ...base, machine: machine() });
    const outputs = concat(...[...run.outputs.values()].map((t) => t.bytes));
    const upload = signUpload(hasher, ledger.state.id, account.address, outputs, key);
    await ledger.upload(upload);
    return store.write(job.id, run, new Uint8Array(randomBytes(32)), hasher.hash(outputs));
  }

  private async reveal(job: Job): Promise<void> {
    const { store, account, log } = this.options;
    const sealed = store.read(job.id);
    const facts = { job: job.id };
    if (!sealed) {
      log({ level: "error", what: "the run that was sealed is not in the data folder", facts });
      return;
    }
    const { signed, nonce, outputs } = sealed;
    const said = await account.say({
      kind: "reveal",
      job: job.id,
      receipt: toHex(receiptBytes(signed.receipt)),
      signature: toHex(signed.signature),
      nonce: toHex(nonce),
      outputs: toHex(outputs),
    });
    if ("refusal" in said) log({ level: "error", what: said.refusal.message, facts });
    else log({ level: "info", what: "revealed", facts });
  }

  private providerOf(job: Job): Promise<RunProvider | undefined> {
    const known = this.providers.get(job.id);
    if (known) return known;
    const { store, hasher, machine } = this.options;
    const { model, digest } = this.hosted(job);
    const kept = store.keptRun(job.id, model, this.rules(job).plan);
    const made = Promise.resolve(kept && new RunProvider(kept, model, digest, hasher, machine()));
    this.providers.set(job.id, made);
    return made;
  }

  private hosted(job: Job): HostedModel {
    const hosted = this.options.models.get(job.model);
    if (!hosted) throw new Error(`the model ${job.model} is not served here`);
    return hosted;
  }

  private rules(job: Job) {
    const { book, ledger } = this.options;
    return book.rulesOf(modelOf(ledger.state, job.model), job, ledger.state.parameters);
  }

  private async forget(): Promise<void> {
    const { state } = this.options.ledger;
    for (const [id, provider] of this.providers) {
      if (state.openJobs.includes(id)) continue;
      this.providers.delete(id);
      await (await provider)?.close();
    }
  }
}
