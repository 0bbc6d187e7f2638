import type { FastifyInstance, FastifyReply } from "fastify";
import { integer, record } from "../../../settlement/shape.js";
import { EVENTS, LEDGER } from "../../schemas.js";
import { peerOfRequest, type Service } from "../context.js";
import { answers } from "./answers.js";

interface EventQuery {
  readonly from: number;
  readonly most?: number;
  readonly wait?: number;
}

/** What the ledger is, and its log: all that a follower needs. */
export function ledgerRoutes(app: FastifyInstance, service: Service, version: string): void {
  const { ledger, limits } = service;
  app.get(
    "/v1/ledger",
    { schema: { summary: "The ledger, and where it stands", response: answers(LEDGER) } },
    async () => {
      const { id, parameters, count, beacon, openJobs, openDisputes } = ledger.state;
      return {
        ...{ id, parameters, count, beacon, version },
        now: ledger.now(),
        chain: ledger.chain,
        openJobs: openJobs.length,
        openDisputes: openDisputes.length,
      };
    },
  );
  const querystring = {
    ...record({
      from: integer(0),
      /** Fewer come where the server's limits say so. */
      most: integer(1, 4096),
      /** Seconds; the server may answer earlier. */
      wait: integer(0, 3600),
    }).schema,
    required: ["from"],
  };
  const summary = "Events as they stand in the log; waits for the next one where asked to";
  app.get<{ Querystring: EventQuery }>(
    "/v1/events",
    { schema: { summary, querystring, response: answers(EVENTS) } },
    async (request, reply) => {
      const { from, most = limits.eventCount, wait = 0 } = request.query;
      const peer = peerOfRequest(request);
      if (wait > 0 && ledger.state.count <= from) {
        const leave = service.gates.polls.enter(peer);
        await waitFor(service, from, Math.min(wait * 1000, limits.pollTime), reply).finally(leave);
      }
      const { texts, chain } = await ledger.part(
        from,
        Math.min(most, limits.eventCount),
        limits.eventBytes,
      );
      const size = texts.reduce((sum, t) => sum + t.length, 0);
      // Whoever has gone while it waited closes nothing any more, and would be counted for ever.
      if (size > limits.smallRead && !reply.raw.closed) {
        reply.raw.once("close", service.gates.reads.enter(peer));
      }
      const { id, count } = ledger.state;
      return { ledger: id, from, count, now: ledger.now(), events: texts, chain };
    },
  );
}

/** Until there is an event, time is up, whoever asked is gone, or the server is being stopped. */
async function waitFor(
  { ledger, stopping }: Service,
  from: number,
  time: number,
  reply: FastifyReply,
): Promise<void> {
  const enough = new AbortController();
  const end = (): void => enough.abort();
  const timer = setTimeout(end, time);
  reply.raw.once("close", end);
  stopping.addEventListener("abort", end, { once: true });
  if (stopping.aborted) end();
  try {
    await ledger.changed(from, enough.signal);
  } catch {
    // An answer without events says the same to whoever still listens.
  } finally {
    clearTimeout(timer);
    stopping.removeEventListener("abort", end);
    reply.raw.removeListener("close", end);
  }
}
