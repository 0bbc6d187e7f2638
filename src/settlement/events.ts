import type { Hasher } from "../merkle/hash.js";
import { DIGEST_TAGS, taggedDigest } from "../merkle/tags.js";
import { toHex } from "../receipt/hex.js";
import { parseCanonical } from "./canonical.js";
import { MAX_REGISTRATION } from "./messages.js";
import { PARAMETERS, type Parameters } from "./parameters.js";
import { insist } from "./refusals.js";
import {
  digest,
  type Fields,
  hex,
  integer,
  oneOf,
  type Read,
  record,
  type Shape,
  text,
} from "./shape.js";

/** What a ledger's log consists of, in order; everything else follows from it. */
const EVENTS = {
  /** The first, and only the first. */
  genesis: { parameters: PARAMETERS },
  /** What an account said, as it said it. */
  message: { text: text(MAX_REGISTRATION), signature: hex(65) },
  /** The next link of the beacon's chain. */
  beacon: { link: digest },
  /** Nothing but that it is later now: what is due happens. */
  tick: {},
} as const satisfies Readonly<Record<string, Fields>>;

export type EventKind = keyof typeof EVENTS;

export type EventBody<K extends EventKind = EventKind> = {
  readonly [P in K]: { readonly kind: P } & {
    readonly [F in keyof (typeof EVENTS)[P]]: Read<(typeof EVENTS)[P][F]>;
  };
}[K];

/** `at` is the ledger's time in milliseconds since 1970; it never decreases. */
export type LedgerEvent<K extends EventKind = EventKind> = { readonly at: number } & EventBody<K>;

const KINDS = Object.keys(EVENTS) as EventKind[];

function shapeOfEvent(kind: EventKind): Shape<unknown> {
  return record({ at: integer(0), kind: oneOf([kind]), ...EVENTS[kind] });
}

/** The text of an event as it stands in the log and is given to followers. */
export function eventText(event: LedgerEvent): string {
  return JSON.stringify(event);
}

/** Reads an event strictly. Refuses as `malformed` and `not-canonical`. */
export function readEvent(text: string): LedgerEvent {
  const value = parseCanonical(text) as { kind?: unknown };
  const kind = KINDS.find((k) => k === value.kind);
  insist(kind !== undefined, "malformed", `an event's kind is one of ${KINDS.join(", ")}`);
  return shapeOfEvent(kind).read(value, "event") as LedgerEvent;
}

/**
 * A ledger is known by what it was founded with: H(3c ‖ 01 ‖ parameters as JSON, in the order of their
 * definition). Refuses as `malformed`.
 */
export function ledgerId(hasher: Hasher, parameters: Parameters): string {
  const text = new TextEncoder().encode(JSON.stringify(PARAMETERS.read(parameters, "parameters")));
  return toHex(taggedDigest(hasher, DIGEST_TAGS.ledger, text));
}
