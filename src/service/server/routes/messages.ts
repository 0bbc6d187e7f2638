import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { MESSAGE_KINDS } from "../../../settlement/messages.js";
import { Refused } from "../../../settlement/refusals.js";
import type { SignedMessage } from "../../../settlement/sign-message.js";
import { ACCEPTED, REFUSAL, SIGNED } from "../../schemas.js";
import { declaredSize, readJson } from "../body.js";
import type { Service } from "../context.js";
import { requireModest } from "../json-limits.js";
import { Registrations } from "../registrations.js";
import { ServiceError } from "../service-error.js";
import { vet } from "../vetting.js";
import { answers } from "./answers.js";

/** The one way to change anything: a signed message. */
export function messageRoutes(app: FastifyInstance, service: Service): void {
  const { limits, metrics } = service;
  const registrations = new Registrations(service);
  const summary = `Says something: a message of kind ${MESSAGE_KINDS.join(", ")}`;
  app.register(async (scope) => {
    const most = new WeakMap<FastifyRequest, number>();
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      "application/json",
      async (request: FastifyRequest, body: IncomingMessage) => {
        const value = await readJson(body, most.get(request) ?? limits.messageBody, limits);
        return readSigned(value, limits);
      },
    );
    scope.post<{ Body: SignedMessage }>(
      "/v1/messages",
      {
        schema: { summary, body: SIGNED.schema, response: answers(ACCEPTED, { 409: REFUSAL }) },
        config: {
          takesLong: limits.registrationBody,
          rateLimit: { max: limits.messages, timeWindow: limits.rateWindow },
        },
        onRequest: async (request, reply) => {
          if ((declaredSize(request.raw) ?? 0) <= limits.messageBody) return;
          reply.raw.once("close", registrations.admit(request));
          most.set(request, limits.registrationBody);
        },
      },
      async (request, reply) => {
        const { text, signature } = request.body;
        registrations.requireSame(request, text);
        const started = performance.now();
        const submitted = await vet(service, { text, signature });
        metrics.message(text, submitted, (performance.now() - started) / 1000);
        if ("event" in submitted) return submitted;
        reply.code(409);
        return submitted.refusal;
      },
    );
  });
}

function readSigned(value: unknown, limits: Service["limits"]): SignedMessage {
  try {
    const signed = SIGNED.read(value, "body");
    requireModest(signed.text, limits);
    return signed;
  } catch (error) {
    if (error instanceof Refused) throw new ServiceError("request/malformed", error.message);
    throw error;
  }
}
