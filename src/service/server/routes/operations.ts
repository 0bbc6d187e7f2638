import type { FastifyInstance } from "fastify";
import { oneOf, record } from "../../../settlement/shape.js";
import type { Service } from "../context.js";
import { ServiceError } from "../service-error.js";
import { answers } from "./answers.js";

const OK = record({ status: oneOf(["ok"]) });

/** What whoever keeps the server running asks. */
export function operationRoutes(app: FastifyInstance, service: Service): void {
  const { ledger, metrics, stopping } = service;
  app.get(
    "/health",
    { schema: { summary: "Whether the server lives", response: answers(OK) } },
    async () => ({ status: "ok" }),
  );
  app.get(
    "/ready",
    { schema: { summary: "Whether the ledger takes messages", response: answers(OK) } },
    async () => {
      if (stopping.aborted)
        throw new ServiceError("service/closing", "the server is being stopped");
      if (ledger.broken)
        throw new ServiceError("service/read-only", "the ledger cannot be written");
      return { status: "ok" };
    },
  );
  const { registry } = metrics;
  app.get(
    "/metrics",
    {
      schema: {
        summary: "Counts and times, as Prometheus reads them",
        response: {
          ...answers(OK),
          200: {
            description: "Metrics",
            content: { "text/plain": { schema: { type: "string" } } },
          },
        },
      },
    },
    async (_, reply) => {
      reply.header("content-type", registry.contentType);
      return registry.metrics();
    },
  );
}
