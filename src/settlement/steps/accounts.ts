import { fromHex, toHex } from "../../receipt/hex.js";
import type { Message } from "../messages.js";
import { BURNED, free, held, OUTSIDE, stake } from "../money.js";
import { insist } from "../refusals.js";
import type { Id, LedgerState, Offer, RegisteredModel } from "../state.js";
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
  const model: RegisteredModel = { id, registrant: m.sender, skeleton, commitments, offers: [] };
  return { ...paid, models: paid.models.with(id, model) };
}

/** With a stake that pays a bond: else offers would cost nothing, and fill the list that draws go through. */
export function enroll(_: Context, state: LedgerState, m: Message<"enroll">): LedgerState {
  const { model: id, sender: executor, steps, within, fee } = m;
  const model = modelOf(state, id);
  insist(!isEnrolled(model, executor), "already-enrolled");
  const { executor: bond } = state.parameters.bonds;
  insist(held(state.money, stake(executor)) >= bond, "unfunded", `a stake of at least ${bond}`);
  return withOffers(state, model, [...model.offers, { executor, steps, within, fee }]);
}

export function leave(_: Context, state: LedgerState, m: Message<"leave">): LedgerState {
  const model = modelOf(state, m.model);
  insist(isEnrolled(model, m.sender), "not-enrolled");
  const offers = model.offers.filter((o) => o.executor !== m.sender);
  return withOffers(state, model, offers);
}

function isEnrolled({ offers }: RegisteredModel, account: Id): boolean {
  return offers.some((o) => o.executor === account);
}

function withOffers(
  state: LedgerState,
  model: RegisteredModel,
  offers: readonly Offer[],
): LedgerState {
  return { ...state, models: state.models.with(model.id, { ...model, offers }) };
}
