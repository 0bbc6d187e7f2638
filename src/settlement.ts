/** The rules of jobs, contests, bonds and disputes on a ledger: pure, without a Node built-in. */
export {
  type EventKind,
  eventText,
  type LedgerEvent,
  ledgerId,
  readEvent,
} from "./settlement/events.js";
export {
  type Message,
  type MessageBody,
  type MessageKind,
  type Mode,
  messageDigest,
  messageText,
  readMessage,
  shapeOf,
} from "./settlement/messages.js";
export { DEFAULT_PARAMETERS, type Parameters } from "./settlement/parameters.js";
export { LEDGER_REFUSALS, type LedgerRefusal } from "./settlement/refusals.js";
export { RuleBook } from "./settlement/rule-book.js";
export { type SignedMessage, signMessage } from "./settlement/sign-message.js";
export type { Entry, Job, JobDispute, LedgerState } from "./settlement/state.js";
export { stateDigest } from "./settlement/state-digest.js";
export { nextDeadline } from "./settlement/steps/due.js";
export { sealOf } from "./settlement/steps/results.js";
export { applyEvent, foundLedger } from "./settlement/transition.js";
export { moveFromJson, moveToJson } from "./settlement/wire.js";
