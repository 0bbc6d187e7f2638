/**
 * Every way in which a move or a dispute is refused, by name. A refusal changes nothing: the side
 * whose turn it is may try again while its clock runs.
 */
export const REFUSALS = {
  // the dispute itself
  "other-profile": "the receipt was made under another numeric profile",
  "other-model": "the receipt is about another model",
  "other-binding": "the receipt binds other shapes, steering values or another granularity",
  "other-plan": "the receipt claims another plan than model and binding give",
  "other-inputs": "the receipts are about different inputs",
  // the envelope of a move
  malformed: "the move has not the form of its kind",
  "wrong-dispute": "the move belongs to another dispute",
  "wrong-sequence": "the move answers another position than the current one",
  "wrong-sender": "it is the other side's turn",
  "wrong-phase": "this kind of move has no place in this phase",
  ended: "the dispute has ended",
  late: "the deadline has passed",
  "too-early": "the deadline has not passed yet",
  "clock-backwards": "the time given is before the previous move",
  "too-long": "the move has more bytes than any move may have",
  // what a move says
  "wrong-index": "there is no segment, operator, child or input of that number",
  "wrong-count": "the plan asks for another number of entries",
  "wrong-proof": "a proof has another length, or leads to another root",
  "wrong-hashes": "the posted hashes do not make the hash that is already known",
  "wrong-outputs": "the posted outputs do not make the receipt's outputs root",
  "wrong-tensor": "the posted bytes do not belong to the asserter's own commitment",
} as const;

export type RefusalCode = keyof typeof REFUSALS;

export interface Refusal {
  readonly code: RefusalCode;
  readonly message: string;
}

/** Thrown inside a rule, caught by `transition`: nobody outside ever sees it. */
export class MoveRefused extends Error {
  constructor(
    readonly code: RefusalCode,
    detail: string,
  ) {
    super(`${REFUSALS[code]}: ${detail}`);
  }
}

/** Refuses the move unless `condition` holds. */
export function demand(condition: boolean, code: RefusalCode, detail: string): asserts condition {
  if (!condition) throw new MoveRefused(code, detail);
}
