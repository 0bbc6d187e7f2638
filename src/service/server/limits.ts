import { MAX_RECORD } from "../../ledger/journal-format.js";
import { MAX_BLOB } from "../../ledger/upload.js";
import { MAX_MESSAGE } from "../../settlement/messages.js";

/** Every bound of the server. Sizes are bytes, times milliseconds, and each says why it is there. */
export interface ServerLimits {
  /** A message but for a registration: its text is ASCII as a rule, and quotes become two bytes in JSON. */
  readonly messageBody: number;
  /** A registration. No event is longer than a record of the log. */
  readonly registrationBody: number;
  /** A tensor's bytes. */
  readonly blobBody: number;
  /** Nesting of JSON in a body or in the text of a message; a move's is at most 8. */
  readonly jsonDepth: number;
  /** Values in it, keys included: what a parser makes of a body is many times the body. */
  readonly jsonWidth: number;
  /** Request line and headers together. The longest header is a note with its signature. */
  readonly headerBytes: number;
  /** For the headers to arrive, from the first byte or from connecting. */
  readonly headerTime: number;
  /** For a whole request to arrive. Only what is larger than a message has more: by its size. */
  readonly arrivalTime: number;
  /** Bytes a second at which what is large has to come, and every answer has to be taken. */
  readonly slowestRate: number;
  /** For an answer to be taken, beside what its size allows. */
  readonly departureTime: number;
  /** A connection that asks nothing is closed. */
  readonly keepAlive: number;
  /** How often the two above are looked after. */
  readonly checkEvery: number;
  /** Each holds a descriptor and some KiB. */
  readonly connections: number;
  /** A party behind one address cannot hold all of them. */
  readonly connectionsPerPeer: number;
  /** Of one peer, all routes together, in each `rateWindow`. */
  readonly requests: number;
  /** Messages among them: each costs about 1 ms for its signature. */
  readonly messages: number;
  readonly rateWindow: number;
  /** Peers whose requests are counted; the least recent is forgotten. */
  readonly peers: number;
  /** Unfinished at once, in all and of one peer. */
  readonly polls: InFlight;
  readonly uploads: InFlight;
  /** Each holds a file and one piece of it. */
  readonly downloads: InFlight;
  /** Answers with more than `smallRead` of events: each holds them until they are taken. */
  readonly reads: InFlight;
  /** Of one account, and in all: each takes up to three times `registrationBody` of memory. */
  readonly registrations: InFlight;
  /** How often a registration of one digest may be begun: all of them stand in the public log. */
  readonly registrationTries: number;
  /** Messages with inputs to look at, of one account and in all: each reads up to gigabytes. */
  readonly posts: InFlight;
  /** Events of one answer. */
  readonly eventCount: number;
  /** Bytes of them, behind the first, which may be as long as a record. */
  readonly eventBytes: number;
  /** Up to this, events are not counted as a large answer: every follower gets the latest at once. */
  readonly smallRead: number;
  /** Longest that an answer waits for an event. */
  readonly pollTime: number;
  /** Entries of a list in an answer. */
  readonly listed: number;
  /** From `close` to the end: what has not finished then is cut. */
  readonly shutdownTime: number;
}

/** In all, and of one peer or account. */
export interface InFlight {
  readonly all: number;
  readonly each: number;
}

const SECOND = 1000;
const MIB = 1 << 20;

export const DEFAULT_LIMITS: ServerLimits = {
  messageBody: 2 * MAX_MESSAGE + 1024,
  registrationBody: MAX_RECORD,
  blobBody: MAX_BLOB,
  jsonDepth: 32,
  jsonWidth: 200_000,
  headerBytes: 16 << 10,
  headerTime: 10 * SECOND,
  arrivalTime: 10 * SECOND,
  slowestRate: 256 << 10,
  departureTime: 10 * SECOND,
  keepAlive: 60 * SECOND,
  checkEvery: SECOND,
  connections: 4096,
  connectionsPerPeer: 128,
  requests: 200,
  messages: 50,
  rateWindow: SECOND,
  peers: 10_000,
  polls: { all: 2048, each: 32 },
  uploads: { all: 32, each: 4 },
  downloads: { all: 64, each: 8 },
  reads: { all: 48, each: 16 },
  registrations: { all: 2, each: 1 },
  registrationTries: 4,
  posts: { all: 4, each: 1 },
  eventCount: 1024,
  eventBytes: 4 * MIB,
  smallRead: 256 << 10,
  pollTime: 30 * SECOND,
  listed: 256,
  shutdownTime: 10 * SECOND,
};

/** Longest that any request may take to arrive. */
export function longestArrival(limits: ServerLimits): number {
  return limits.arrivalTime + timeFor(limits, Math.max(limits.blobBody, limits.registrationBody));
}

/** What `bytes` may take at the slowest rate, in milliseconds. */
export function timeFor({ slowestRate }: ServerLimits, bytes: number): number {
  return Math.ceil((bytes / slowestRate) * SECOND);
}
