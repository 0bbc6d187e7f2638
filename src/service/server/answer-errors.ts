import type { FastifyError } from "fastify";
import { AssayError, type ErrorCode } from "../../../operators/index.js";
import { Refused } from "../../settlement/refusals.js";
import { type ServiceCode, ServiceError } from "./service-error.js";

/** The body of every answer that is an error. */
export interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

export interface ErrorAnswer {
  readonly status: number;
  readonly body: ErrorBody;
  /** It says nothing about what was asked: whoever keeps the server should see the cause. */
  readonly unexpected: boolean;
}

/** What others may be told in this program's own words: these speak of what was sent. */
const OPEN: { readonly [C in ErrorCode]?: number } = {
  "ledger/quota": 403,
  "receipt/malformed": 400,
  "receipt/signature": 403,
  "blob/mismatch": 400,
  "blob/too-large": 413,
};

/** Any failure as an answer. Of what is not meant for others, nothing but that it happened is said. */
export function answerOf(error: unknown): ErrorAnswer {
  if (error instanceof ServiceError) return told(error);
  if (error instanceof Refused) return told(new ServiceError("request/malformed", error.message));
  if (error instanceof AssayError) {
    const status = OPEN[error.code];
    if (status !== undefined) {
      const { code, message, hint } = error;
      return { status, body: { code, message, ...(hint ? { hint } : {}) }, unexpected: false };
    }
    if (error.code === "ledger/write") {
      const answer = new ServiceError("service/read-only", "the ledger cannot be written");
      return { ...told(answer), unexpected: true };
    }
  }
  const status = (error as Partial<FastifyError> | undefined)?.statusCode ?? 500;
  if (status < 500) return told(ofFramework(status, error as FastifyError));
  return { ...told(new ServiceError("service/failed", "this failed here")), unexpected: true };
}

function told(error: ServiceError): ErrorAnswer {
  const { status, code, message, hint } = error;
  return { status, body: { code, message, hint }, unexpected: false };
}

const BY_STATUS: Readonly<Record<number, ServiceCode>> = {
  404: "request/not-found",
  408: "request/too-slow",
  413: "request/too-large",
  415: "request/media-type",
  429: "request/too-many",
};

function ofFramework(status: number, { message }: FastifyError): ServiceError {
  const code = BY_STATUS[status] ?? "request/malformed";
  return new ServiceError(code, message);
}
