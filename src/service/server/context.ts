import type { FastifyRequest } from "fastify";
import type { EmbeddedLedger } from "../../ledger/embedded.js";
import { Gate } from "./in-flight.js";
import type { ServerLimits } from "./limits.js";
import type { Metrics } from "./metrics.js";
import { peerOf } from "./peer.js";

/** What every group of routes has. */
export interface Service {
  readonly ledger: EmbeddedLedger;
  readonly limits: ServerLimits;
  readonly metrics: Metrics;
  readonly gates: Gates;
  /** Aborted once the server is being stopped. */
  readonly stopping: AbortSignal;
}

export type Gates = ReturnType<typeof makeGates>;

export function makeGates(limits: ServerLimits) {
  return {
    polls: new Gate(limits.polls, "long polls"),
    reads: new Gate(limits.reads, "answers with events"),
    uploads: new Gate(limits.uploads, "uploads"),
    downloads: new Gate(limits.downloads, "downloads"),
    registrations: new Gate(limits.registrations, "registrations"),
    posts: new Gate(limits.posts, "jobs being posted"),
  };
}

export function peerOfRequest(request: FastifyRequest): string {
  return peerOf(request.ip);
}
