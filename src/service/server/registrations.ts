import type { FastifyRequest } from "fastify";
import { fromHex, parseHex, toHex } from "../../receipt/hex.js";
import { recoverAddress } from "../../receipt/sign.js";
import { messageDigest } from "../../settlement/messages.js";
import { LONG_MESSAGE_HEADERS } from "../headers.js";
import { declaredSize } from "./body.js";
import type { Service } from "./context.js";
import { ServiceError } from "./service-error.js";

/** Digests whose tries are counted. */
const REMEMBERED = 4096;

/**
 * Lets a long message come only from an account that can pay for a registration: its digest and
 * signature come first, in headers, before anything of it is read.
 */
export class Registrations {
  private readonly tries = new Map<string, number>();
  private readonly admitted = new WeakMap<FastifyRequest, string>();

  constructor(private readonly service: Service) {}

  /** Returns what ends it. Throws `request/unsigned`, `request/too-large`, `request/too-many`, `service/busy`. */
  admit(request: FastifyRequest): () => void {
    const { ledger, limits, gates } = this.service;
    if ((declaredSize(request.raw) ?? 0) > limits.registrationBody) {
      throw new ServiceError("request/too-large", `at most ${limits.registrationBody} bytes`);
    }
    const { digest, sender } = signedHeaders(request);
    const { money, parameters } = ledger.state;
    if ((money.free.get(sender) ?? 0) < parameters.fees.registration) {
      throw new ServiceError("request/unsigned", "the account cannot pay for a registration");
    }
    this.count(digest);
    const leave = gates.registrations.enter(sender);
    this.admitted.set(request, digest);
    return leave;
  }

  /** Throws `request/malformed` where a long message is not the one that its headers were about. */
  requireSame(request: FastifyRequest, text: string): void {
    const digest = this.admitted.get(request);
    if (digest === undefined || toHex(messageDigest(this.service.ledger.hasher, text)) === digest) {
      return;
    }
    throw new ServiceError("request/malformed", "the text is not the one that the headers name");
  }

  private count(digest: string): void {
    const tries = (this.tries.get(digest) ?? 0) + 1;
    if (tries > this.service.limits.registrationTries) {
      throw new ServiceError("request/too-many", "this message was begun too often");
    }
    this.tries.delete(digest);
    this.tries.set(digest, tries);
    if (this.tries.size > REMEMBERED) this.tries.delete(this.tries.keys().next().value as string);
  }
}

function signedHeaders({ headers }: FastifyRequest): { digest: string; sender: string } {
  const digest = headers[LONG_MESSAGE_HEADERS.digest];
  const signature = headers[LONG_MESSAGE_HEADERS.signature];
  const fits =
    typeof digest === "string" &&
    typeof signature === "string" &&
    parseHex(digest, 32) !== undefined &&
    parseHex(signature, 65) !== undefined;
  if (!fits) {
    const names = Object.values(LONG_MESSAGE_HEADERS).join(" and ");
    throw new ServiceError("request/unsigned", `a message of this length needs ${names}`);
  }
  // Throws `receipt/signature`, which is told.
  return { digest, sender: toHex(recoverAddress(fromHex(digest), fromHex(signature))) };
}
