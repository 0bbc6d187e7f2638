import type { Socket } from "node:net";
import type { ErrorBody } from "./answer-errors.js";
import { type ServiceCode, ServiceError } from "./service-error.js";

const BY_CODE: Readonly<Record<string, readonly [ServiceCode, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ["request/too-slow", "the request did not come in time"],
  HPE_HEADER_OVERFLOW: ["request/too-large", "the headers are too long"],
};

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  413: "Payload Too Large",
};

/** What is no HTTP, or does not come: answered once, in the form of every error, and closed. */
export function refuseBrokenRequests(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const [code, what] = BY_CODE[error.code ?? ""] ?? [
    "request/malformed",
    "this is no HTTP request",
  ];
  const { status, message, hint } = new ServiceError(code, what);
  const body = JSON.stringify({ code, message, hint } satisfies ErrorBody);
  const head = [
    `HTTP/1.1 ${status} ${REASONS[status] ?? "Bad Request"}`,
    "content-type: application/json; charset=utf-8",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}
