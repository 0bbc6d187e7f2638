import { byteLength, bytesEqual, firstNonCanonical } from "../../../operators/index.js";
import type { Rules } from "../../dispute/rules.js";
import { planCost } from "../../graph/cost.js";
import { concat, type Hasher } from "../../merkle/hash.js";
import { indexedRoot } from "../../merkle/indexed-root.js";
import { DIGEST_TAGS, taggedDigest } from "../../merkle/tags.js";
import { commitTensor } from "../../merkle/tensor-tree.js";
import { fromHex, toHex } from "../../receipt/hex.js";
import { type Message, messageDigest, messageText } from "../messages.js";
import { BURNED, free, lock } from "../money.js";
import { insist } from "../refusals.js";
import type { Job, LedgerState } from "../state.js";
import { type Context, modelOf, pay, withJob } from "../step.js";

/** A job is known by the digest of the message that posted it. */
export function post(context: Context, state: LedgerState, m: Message<"post">): LedgerState {
  const { hasher } = context.book;
  requireTerms(state, m);
  const { model, granularity, inputs, mode, fee, commitWithin } = m;
  // Paid first: binding a plan is the dearest thing that a message can ask for.
  const text = messageText(m);
  const id = toHex(messageDigest(hasher, text));
  const room = state.parameters.fees.post * Math.ceil(text.length / 1024);
  const burned = pay(state, free(m.sender), BURNED, room);
  const paid = pay(burned, free(m.sender), lock(id), fee);
  const rules = context.book.rulesOf(modelOf(state, model), m, state.parameters);
  requireInputs(hasher, rules, inputs);
  const commitments = inputs.map((i) => fromHex(i.commitment));
  const job: Job = {
    id,
    requester: m.sender,
    model,
    granularity,
    inputs,
    mode,
    size: m.executors,
    fee,
    commitWithin,
    steps: planCost(rules.plan).total.steps,
    inputsRoot: toHex(indexedRoot(hasher, "inputs", commitments)),
    context: jobContext(hasher, state.id, id),
    phase: { name: "drawing", until: context.now + state.parameters.windows.draw },
    entries: [],
    audited: null,
    contest: { round: 0, open: [] },
    disputes: [],
    paid: false,
  };
  return { ...withJob(paid, job), openJobs: [...paid.openJobs, id] };
}

/** H(3e ‖ 01 ‖ ledger ‖ job): the context that a receipt of the job names. */
export function jobContext(hasher: Hasher, ledger: string, job: string): string {
  return toHex(taggedDigest(hasher, DIGEST_TAGS.jobContext, concat(fromHex(ledger), fromHex(job))));
}

function requireTerms({ parameters }: LedgerState, m: Message<"post">): void {
  const { executors, windows, fees } = parameters;
  const least = m.mode === "replayed" ? 2 : 1;
  const allowed = m.executors >= least && m.executors <= executors;
  insist(allowed, "wrong-terms", `${m.mode} takes ${least} to ${executors} executors`);
  const { commit } = windows;
  insist(m.commitWithin <= commit, "wrong-terms", `at most ${commit} ms for a run`);
  const fee = fees.job * m.executors;
  insist(m.fee >= fee, "wrong-terms", `a fee of at least ${fee}`);
}

/**
 * The graph's inputs in graph order, each value that may steer the plan being the one committed to:
 * else an honest executor could be convicted for what the requester said.
 */
function requireInputs(hasher: Hasher, { plan }: Rules, inputs: Message<"post">["inputs"]): void {
  const named = plan.inputs.length === inputs.length;
  const same = named && plan.inputs.every((input, i) => input.name === inputs[i]?.name);
  insist(same, "wrong-inputs", `they are ${plan.inputs.map((i) => i.name).join(", ")}`);
  for (const { name, dtype, dims, value, commitment } of inputs) {
    if (value === null) continue;
    const bytes = fromHex(value);
    insist(
      bytes.length === byteLength({ dtype, dims }),
      "wrong-inputs",
      `${name} is of other length`,
    );
    // A run that reads it would be convicted of what the requester wrote.
    const proper = firstNonCanonical(dtype, bytes) < 0;
    insist(proper, "wrong-inputs", `${name} holds what is no canonical ${dtype}`);
    const own = bytesEqual(commitTensor(hasher, { dtype, dims, bytes }), fromHex(commitment));
    insist(own, "wrong-inputs", `the value of ${name} is not the one committed to`);
  }
}
