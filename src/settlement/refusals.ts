/**
 * Every way in which a ledger refuses an event, by name. What is refused changes nothing: no balance,
 * no number, no clock.
 */
export const LEDGER_REFUSALS = {
  // the message itself
  malformed: "the message has not the form of its kind",
  "not-canonical": "the text is not JSON as JSON.stringify writes it",
  "too-long": "the message is longer than one of its kind may be",
  "wrong-ledger": "the message is meant for another ledger",
  "wrong-sequence": "the message does not have the sender's next number",
  "wrong-signature": "the signature is not the sender's",
  "clock-backwards": "the time given is before the previous event",
  // who may
  "not-operator": "only the ledger's operator may do this",
  unfunded: "the account does not have that much",
  "too-much": "the amounts of a ledger stay below 2^53",
  // models
  "known-model": "the model is registered already",
  "unknown-model": "no such model is registered",
  "broken-model": "the skeleton is not that of a model which can be refereed",
  "already-enrolled": "the account is enrolled for that model already",
  "not-enrolled": "the account is not enrolled for that model",
  // jobs
  "wrong-inputs": "the job's inputs are not those that the model takes",
  "missing-blob": "the ledger does not keep the bytes of an input",
  "wrong-blob": "the bytes kept for an input are not those committed to",
  "wrong-terms": "the job's terms are outside what this ledger allows",
  "unknown-job": "there is no such job",
  "not-drawn": "the account was not drawn for this job, or is out of it",
  "wrong-phase": "the job is in another phase",
  late: "the deadline has passed",
  "already-said": "the account has said this before",
  "wrong-seal": "receipt and nonce are not what was sealed",
  "wrong-receipt": "the receipt is not about this job",
  // disputes
  "unknown-claim": "no receipt of that executor stands in this job",
  "own-claim": "nobody challenges a claim of their own",
  "already-challenging": "the account has an open challenge of that claim",
  "unknown-dispute": "there is no such dispute, or it has ended",
  "not-a-party": "the account is no party of this dispute",
  "wrong-side": "the move names another side than the sender's",
  "move-refused": "the referee refuses the move",
  // the ledger's own events
  "wrong-beacon": "the link does not lead to the previous one",
  "nothing-due": "no deadline has passed",
} as const;

export type LedgerRefusalCode = keyof typeof LEDGER_REFUSALS;

export interface LedgerRefusal {
  readonly code: LedgerRefusalCode;
  readonly message: string;
  /** For `move-refused`: the referee's own name for it. */
  readonly move?: string;
}

/** Thrown inside a rule, caught by the transition: nobody outside ever sees it. */
export class Refused extends Error {
  constructor(
    readonly code: LedgerRefusalCode,
    detail = "",
    readonly move?: string,
  ) {
    super(detail === "" ? LEDGER_REFUSALS[code] : `${LEDGER_REFUSALS[code]}: ${detail}`);
  }
}

/** Refuses the event unless `condition` holds. */
export function insist(
  condition: boolean,
  code: LedgerRefusalCode,
  detail?: string,
): asserts condition {
  if (!condition) throw new Refused(code, detail);
}
