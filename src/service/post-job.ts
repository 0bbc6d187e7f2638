import { AssayError, type Tensor } from "../../operators/index.js";
import { steeringInputs } from "../execute/run-model.js";
import type { Granularity } from "../graph/plan.js";
import type { Ledger } from "../ledger/port.js";
import { signUpload } from "../ledger/upload.js";
import type { Hasher } from "../merkle/hash.js";
import { commitTensor } from "../merkle/tensor-tree.js";
import { toHex } from "../receipt/hex.js";
import type { JobInput, MessageBody, Mode } from "../settlement/messages.js";
import type { Id, Job } from "../settlement/state.js";
import type { Speaker } from "./agent.js";
import type { HostedModel } from "./hosted-model.js";

/** What a requester asks for. */
export interface JobRequest {
  readonly ledger: Ledger;
  readonly account: Speaker;
  readonly hasher: Hasher;
  readonly hosted: HostedModel;
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly granularity: Granularity;
  readonly mode: Mode;
  readonly executors: number;
  readonly fee: number;
  readonly commitWithin: number;
}

/** Registers a model unless it is known already. Throws `ledger/refused`. */
export async function registerModel(
  { ledger, account }: Pick<JobRequest, "ledger" | "account">,
  { id, skeleton, absent }: HostedModel,
): Promise<void> {
  if (ledger.state.models.get(id)) return;
  const body = { kind: "register", skeleton: toHex(skeleton), commitments: absent.map(toHex) };
  await say(account, body as MessageBody<"register">);
}

/** Uploads the inputs and posts a job; yields its id. Throws `ledger/refused`. */
export async function postJob(request: JobRequest): Promise<Id> {
  const { ledger, account, hosted, hasher, inputs, granularity, mode, executors, fee } = request;
  const { commitWithin } = request;
  const steering = steeringInputs(hosted.model, inputs);
  const described: JobInput[] = [];
  for (const { name } of hosted.model.graph.inputs) {
    const tensor = inputs.get(name);
    if (!tensor) throw new AssayError("input/missing", `the graph input "${name}" was not given`);
    const { dtype, dims, bytes } = tensor;
    const upload = signUpload(hasher, ledger.state.id, account.address, bytes, account.key);
    await ledger.upload(upload);
    described.push({
      name,
      dtype,
      dims,
      commitment: toHex(commitTensor(hasher, tensor)),
      value: steering.has(name) ? toHex(bytes) : null,
      blob: toHex(hasher.hash(bytes)),
    });
  }
  const terms = { mode, executors, fee, commitWithin };
  const before = new Set(ledger.state.openJobs);
  await say(account, { kind: "post", model: hosted.id, granularity, inputs: described, ...terms });
  const made = ledger.state.openJobs.find((id) => {
    return !before.has(id) && ledger.state.jobs.get(id)?.requester === account.address;
  });
  if (!made) throw new AssayError("ledger/corrupt", "the job was accepted and is not there");
  return made;
}

async function say(account: Speaker, body: MessageBody): Promise<void> {
  const said = await account.say(body);
  if (!("refusal" in said)) return;
  const { code, message } = said.refusal;
  throw new AssayError("ledger/refused", message, { facts: { code } });
}

/** Resolves with the job once it has ended, telling of every phase on the way. */
export async function awaitJob(
  ledger: Ledger,
  id: Id,
  signal: AbortSignal,
  onPhase: (job: Job) => void = () => {},
): Promise<Job> {
  for (let last = ""; ; ) {
    const { count } = ledger.state;
    const job = ledger.state.jobs.get(id);
    if (!job) throw new AssayError("ledger/refused", `there is no job ${id}`);
    if (job.phase.name !== last) onPhase(job);
    last = job.phase.name;
    if (job.phase.name === "ended") return job;
    await ledger.changed(count, signal);
  }
}
