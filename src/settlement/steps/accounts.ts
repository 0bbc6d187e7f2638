import { fromHex, toHex } from "../../receipt/hex.js";
import type { Message } from "../messages.js";
import { BURNED, free, OUTSIDE, stake } from "../money.js";
import { insist } from "../refusals.js";
import type { LedgerState, RegisteredModel } from "../state.js";
import { type Context, modelOf, pay } from "../step.js";

/** Money in and out, stakes, models and who offers to run them. */

export function deposit(_: Context, state: LedgerState, m: Message<"deposit">): LedgerState {
  insist(m.sender === state.parameters.operator, "not-operator");
  return pay(state, OUTSIDE, free(m.to), m.amount);
}

export function withdraw(_: Context, state: LedgerState, m: Message<"withdraw">): LedgerState {
  return pay(state, free(m.sender), OUTSIDE, m.amount);
}

export function putStake(_: Context, state: LedgerState, m: Message<"stake">): LedgerState {
  return pay(state, free(m.sender), stake(m.sender), m.amount);
}

export function takeStake(_: Context, state: LedgerState, m: Message<"unstake">): LedgerState {
  return pay(state, stake(m.sender), free(m.sender), m.amount);
}

/** Registered once; whoever registers a model pays for the room it takes, for good. */
export function register(
  { book }: Context,
  state: LedgerState,
  m: Message<"register">,
): LedgerState {
  const paid = pay(state, free(m.sender), BURNED, state.parameters.fees.registration);
  const skeleton = fromHex(m.skeleton);
  const { commitments } = m;
  const id = toHex(book.read(skeleton, commitments).digest.model);
  insist(state.models.get(id) === undefined, "known-model", id);
  const model: RegisteredModel = { id, registrant: m.sender, skeleton, commitments, executors: [] };
  return { ...paid, models: paid.models.with(id, model) };
}

export function enroll(_: Context, state: LedgerState, m: Message<"enroll">): LedgerState {
  const model = modelOf(state, m.model);
  insist(!model.executors.includes(m.sender), "already-enrolled");
  return withExecutors(state, model, [...model.executors, m.sender]);
}

export function leave(_: Context, state: LedgerState, m: Message<"leave">): LedgerState {
  const model = modelOf(state, m.model);
  insist(model.executors.includes(m.sender), "not-enrolled");
  return withExecutors(
    state,
    model,
    model.executors.filter((a) => a !== m.sender),
  );
}

function withExecutors(
  state: LedgerState,
  model: RegisteredModel,
  executors: readonly string[],
): LedgerState {
  return { ...state, models: state.models.with(model.id, { ...model, executors }) };
}
