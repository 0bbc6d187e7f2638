import { AssayError, bytesEqual } from "../../operators/index.js";
import { fromHex } from "../receipt/hex.js";
import { recoverAddress } from "../receipt/sign.js";
import { BucketMap } from "./bucket-map.js";
import { type EventBody, type LedgerEvent, ledgerId } from "./events.js";
import { type Message, type MessageKind, messageDigest, readMessage } from "./messages.js";
import { auditMoney, checkMoney, NO_MONEY } from "./money.js";
import { PARAMETERS } from "./parameters.js";
import { insist, type LedgerRefusal, Refused } from "./refusals.js";
import type { RuleBook } from "./rule-book.js";
import type { LedgerState } from "./state.js";
import type { Context } from "./step.js";
import {
  deposit,
  enroll,
  leave,
  putStake,
  register,
  takeStake,
  withdraw,
} from "./steps/accounts.js";
import { beacon } from "./steps/beacon.js";
import { challenge, move } from "./steps/challenges.js";
import { tick } from "./steps/due.js";
import { post } from "./steps/post.js";
import { commit, reveal } from "./steps/results.js";

type Rule<K extends MessageKind> = (c: Context, s: LedgerState, m: Message<K>) => LedgerState;

/** What each kind of message does. */
const RULES: { readonly [K in MessageKind]: Rule<K> } = {
  deposit,
  withdraw,
  stake: putStake,
  unstake: takeStake,
  register,
  enroll,
  leave,
  post,
  commit,
  reveal,
  challenge,
  move,
};

export type LedgerTransition =
  | { readonly state: LedgerState }
  | { readonly refusal: LedgerRefusal };

/** Events from one count of every single balance to the next: with 10^5 accounts it takes 0.1 s. */
const AUDIT = 4096;

/** The state after the genesis event. Throws `Refused` for parameters that are none. */
export function foundLedger(
  book: RuleBook,
  { at, parameters: given }: LedgerEvent<"genesis">,
): LedgerState {
  const parameters = PARAMETERS.read(given, "parameters");
  return {
    id: ledgerId(book.hasher, parameters),
    parameters,
    count: 1,
    now: at,
    beacon: { link: parameters.beacon, count: 0 },
    money: NO_MONEY,
    sequences: BucketMap.empty(),
    models: BucketMap.empty(),
    jobs: BucketMap.empty(),
    disputes: BucketMap.empty(),
    openJobs: [],
    openDisputes: [],
  };
}

/**
 * The ledger. Pure: whoever replays the same events has the same state. What is refused changes
 * nothing. Money is counted after every event; a mistake in it throws and ends the program.
 */
export function applyEvent(
  book: RuleBook,
  state: LedgerState,
  event: Exclude<LedgerEvent, { kind: "genesis" }>,
): LedgerTransition {
  try {
    insist(event.at >= state.now, "clock-backwards", `${event.at} is before ${state.now}`);
    const after = stepOf({ book, now: event.at }, state, event);
    if (state.count % AUDIT === 0) auditMoney(after.money);
    else checkMoney(after.money);
    return { state: { ...after, count: state.count + 1, now: event.at } };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { code, message, move: name } = error;
    return { refusal: { code, message, ...(name ? { move: name } : {}) } };
  }
}

function stepOf(
  context: Context,
  state: LedgerState,
  event: Exclude<EventBody, { kind: "genesis" }>,
): LedgerState {
  switch (event.kind) {
    case "tick":
      return tick(context, state);
    case "beacon":
      return beacon(context, state, event);
    case "message":
      return applyMessage(context, state, event);
  }
}

function applyMessage(
  context: Context,
  state: LedgerState,
  { text, signature }: EventBody<"message">,
): LedgerState {
  const message = readMessage(text);
  const { ledger, sender, sequence, kind } = message;
  insist(ledger === state.id, "wrong-ledger", `this is ${state.id}`);
  const next = state.sequences.get(sender) ?? 0;
  insist(sequence === next, "wrong-sequence", `it is ${next}`);
  requireSigner(context, text, signature, sender);
  const rule = RULES[kind] as Rule<MessageKind>;
  const after = rule(context, state, message);
  return { ...after, sequences: after.sequences.with(sender, next + 1) };
}

function requireSigner({ book }: Context, text: string, signature: string, sender: string): void {
  try {
    const signer = recoverAddress(messageDigest(book.hasher, text), fromHex(signature));
    insist(bytesEqual(signer, fromHex(sender)), "wrong-signature");
  } catch (error) {
    if (error instanceof AssayError) throw new Refused("wrong-signature", error.message);
    throw error;
  }
}
