import { MAX_REGISTRATION } from "../settlement/messages.js";
import { PARAMETERS } from "../settlement/parameters.js";
import {
  address,
  amount,
  digest,
  type Fields,
  hex,
  integer,
  type JsonSchema,
  list,
  nullable,
  oneOf,
  record,
  type Shape,
  text,
} from "../settlement/shape.js";

/** The forms of what is asked and answered: what the OpenAPI document says, and what a client reads by. */

const count = integer(0);
const time = integer(0);
const word = text(64);
const flag: Shape<boolean> = { schema: { type: "boolean" }, read: (value) => value === true };

/** One of several records. */
function oneOfRecords(...fields: readonly Fields[]): Shape<unknown> {
  return { schema: { anyOf: fields.map((f) => record(f).schema) }, read: (value) => value };
}

export const SIGNED = record({ text: text(MAX_REGISTRATION), signature: hex(65) });
export const ACCEPTED = record({ event: count });

export const LEDGER = record({
  id: digest,
  parameters: PARAMETERS,
  count,
  now: time,
  chain: digest,
  beacon: record({ link: digest, count }),
  openJobs: count,
  openDisputes: count,
  version: word,
});

export const EVENTS = record({
  ledger: digest,
  /** Number of the first of these. */
  from: count,
  /** Of all events of the ledger. */
  count,
  /** The ledger's time. */
  now: time,
  events: list(text(1 << 24), 4096),
  /** The log's chain hash behind the last of these; null where there is none. */
  chain: nullable(digest),
});

export const STORED = record({ blob: digest, size: count });

const PHASE = oneOfRecords(
  { name: oneOf(["drawing", "calling", "committing", "revealing", "challengeable"]), until: time },
  {
    name: oneOf(["ended"]),
    at: time,
    end: oneOfRecords(
      { kind: oneOf(["answered"]), executors: list(address, 4160) },
      { kind: oneOf(["not-drawn", "not-run", "all-fell"]) },
    ),
  },
);

const ENTRY = record({
  executor: address,
  auditor: flag,
  standing: word,
  sealed: nullable(digest),
  claim: nullable(record({ receipt: hex(364), signature: hex(65), root: digest, outputs: digest })),
  wins: count,
});

export const JOB = record({
  id: digest,
  model: digest,
  requester: address,
  granularity: word,
  mode: word,
  executors: count,
  fee: amount,
  commitWithin: count,
  inputsRoot: digest,
  context: digest,
  inputs: list(
    record({
      name: text(1024),
      dtype: word,
      dims: list(count, 64),
      commitment: digest,
      blob: digest,
    }),
    1024,
  ),
  phase: PHASE,
  round: count,
  entries: list(ENTRY, 4160),
});

export const JOB_LINE = record({
  id: digest,
  model: digest,
  requester: address,
  mode: word,
  fee: amount,
  phase: PHASE,
});

export const DISPUTE = record({
  id: digest,
  job: digest,
  kind: oneOf(["match", "challenge"]),
  round: count,
  asserter: address,
  challenger: address,
  opened: time,
  phase: word,
  /** Who has to move, until when, and the moves of which one is due. */
  turn: nullable(
    record({ side: oneOf(["asserter", "challenger"]), until: time, moves: list(word, 32) }),
  ),
  moves: count,
  bytes: count,
  earned: record({ asserter: amount, challenger: amount }),
  result: nullable(
    record({ kind: oneOf(["decided", "moot"]), loser: nullable(word), outcome: nullable(word) }),
  ),
});

export const ACCOUNT = record({
  address,
  free: amount,
  stake: amount,
  sequence: count,
  /** Bonds as an executor and as a challenger, fees of its own jobs. */
  locks: list(
    record({ as: oneOf(["executor", "challenger", "requester"]), id: digest, amount }),
    4096,
  ),
});

export const MODEL_LINE = record({ id: digest, registrant: address, offers: count });

export const MODEL = record({
  id: digest,
  registrant: address,
  skeletonBytes: count,
  commitments: count,
  /** How many there are, and the oldest of them. */
  offerCount: count,
  offers: list(record({ executor: address, steps: count, within: count, fee: amount }), 4096),
});

/** A page of a list; `next` is what `after` has to be for the one behind it. */
export function pageOf(shape: Shape<unknown>): Shape<unknown> {
  return record({ items: list(shape, 4096), next: nullable(digest) });
}

/** A name for programs, a sentence for people, and one thing more where there is one. */
function complaint(more: string): JsonSchema {
  const text = { type: "string" };
  return {
    type: "object",
    additionalProperties: false,
    required: ["code", "message"],
    properties: { code: text, message: text, [more]: text },
  };
}

export const ERROR = complaint("hint");
export const REFUSAL = complaint("move");
