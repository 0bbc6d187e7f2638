import { DTYPES, type DType } from "../../operators/index.js";
import type { Digest, Hasher } from "../merkle/hash.js";
import { DIGEST_TAGS, taggedDigest } from "../merkle/tags.js";
import { parseCanonical } from "./canonical.js";
import { insist } from "./refusals.js";
import {
  address,
  amount,
  bytes,
  digest,
  duration,
  type Fields,
  hex,
  integer,
  list,
  nullable,
  object,
  oneOf,
  type Read,
  record,
  type Shape,
  some,
  text,
} from "./shape.js";

/** Bytes of the values that may steer a plan: at most 1024 elements of 8 bytes. */
const STEERING_BYTES = 8192;

/** Longest message but for a registration, in characters. A move has 8 KiB as a rule, twice that in hex. */
export const MAX_MESSAGE = 1 << 20;
/** Longest skeleton of a model, in bytes. */
export const MAX_SKELETON = 7 << 20;
export const MAX_REGISTRATION = (MAX_SKELETON << 1) + (1 << 20);

/** A graph input of a job, in graph order. */
export const JOB_INPUT = record({
  name: text(1024),
  dtype: oneOf(Object.keys(DTYPES) as DType[]),
  dims: list(integer(0, 2 ** 48), 64),
  commitment: digest,
  /** Its bytes, where binding may ask for its value; null for mere data. */
  value: nullable(bytes(STEERING_BYTES)),
  /** SHA-256 under which the ledger keeps its bytes. */
  blob: digest,
});

export type JobInput = Read<typeof JOB_INPUT>;

/** How far a requester trusts an executor; see docs/settlement.md. */
export const MODES = ["instant", "sampled", "optimistic", "replayed"] as const;
export type Mode = (typeof MODES)[number];

/** What each kind of message says beside ledger, sender, sequence and kind. */
const BODIES = {
  /** Operator: money from outside. */
  deposit: { to: address, amount: some },
  /** Takes free money out. */
  withdraw: { amount: some },
  /** Free money becomes stake, and back. */
  stake: { amount: some },
  unstake: { amount: some },
  /** A model, once for all jobs: its skeleton and the commitments of the weights that are not in it. */
  register: { skeleton: bytes(MAX_SKELETON), commitments: list(digest, 65535) },
  /**
   * Offers to run jobs of a model: runs of at most so many steps, that leave at least `within` for
   * it and pay at least `fee` per seat. Else whoever posts a job could have executors fined for what
   * they cannot do.
   */
  enroll: { model: digest, steps: integer(1), within: duration, fee: amount },
  /** Stops offering it. */
  leave: { model: digest },
  post: {
    model: digest,
    granularity: oneOf(["layer", "operator"]),
    inputs: list(JOB_INPUT, 1024),
    mode: oneOf(MODES),
    executors: integer(1, 4096),
    /** Paid in equal parts to the executors whose receipts stand in the end. */
    fee: amount,
    /** Time that the executors have for the run, once drawn. */
    commitWithin: duration,
  },
  /** Executor: its receipt, sealed. */
  commit: { job: digest, sealed: digest },
  /** Executor: what it sealed; and where the outputs' bytes are kept, one behind the other in graph order. */
  reveal: { job: digest, receipt: bytes(364), signature: hex(65), nonce: digest, outputs: digest },
  /** Anyone: that executor's claim in this job is wrong. */
  challenge: { job: digest, executor: address },
  /** A party of a dispute: its next move, with tensors and leaf bodies in hex. */
  move: { dispute: digest, move: object },
} as const satisfies Readonly<Record<string, Fields>>;

export type MessageKind = keyof typeof BODIES;
type BodyShapes = {
  [K in MessageKind]: { [F in keyof (typeof BODIES)[K]]: Read<(typeof BODIES)[K][F]> };
};

/** What binds a message to one ledger, one account and one place in what the account says. */
export interface Bound {
  readonly ledger: string;
  readonly sender: string;
  /** How many messages of the sender were accepted before. */
  readonly sequence: number;
}

export type MessageBody<K extends MessageKind = MessageKind> = {
  readonly [P in K]: { readonly kind: P } & Readonly<BodyShapes[P]>;
}[K];
export type Message<K extends MessageKind = MessageKind> = Bound & MessageBody<K>;

/** In this order in the text that is signed. */
export const BOUND = { ledger: digest, sender: address, sequence: integer(0) } as const;

export const MESSAGE_KINDS = Object.keys(BODIES) as MessageKind[];

/** The shape of a whole message of a kind. */
export function shapeOf(kind: MessageKind): Shape<unknown> {
  return record({ ...BOUND, kind: oneOf([kind]), ...BODIES[kind] });
}

const SHAPES = new Map(MESSAGE_KINDS.map((kind) => [kind, shapeOf(kind)]));

/** The text of a message: what is signed and kept. */
export function messageText(message: Message): string {
  return JSON.stringify(message);
}

/** What is signed: H(3b ‖ 01 ‖ the text in UTF-8). The same digest names what the message makes. */
export function messageDigest(hasher: Hasher, text: string): Digest {
  return taggedDigest(hasher, DIGEST_TAGS.ledgerMessage, new TextEncoder().encode(text));
}

/** Reads a message strictly. Refuses as `too-long`, `not-canonical` and `malformed`. */
export function readMessage(text: string): Message {
  const most = text.includes('"kind":"register"') ? MAX_REGISTRATION : MAX_MESSAGE;
  insist(text.length <= most, "too-long", `${text.length} characters`);
  const value = parseCanonical(text);
  const { kind } = value as { kind?: unknown };
  const shape = typeof kind === "string" ? SHAPES.get(kind as MessageKind) : undefined;
  insist(shape !== undefined, "malformed", `its kind is one of ${MESSAGE_KINDS.join(", ")}`);
  return shape.read(value, "message") as Message;
}
