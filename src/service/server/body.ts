import type { IncomingMessage } from "node:http";
import { AssayError } from "../../../operators/index.js";
import { type JsonLimits, requireModest } from "./json-limits.js";
import { ServiceError } from "./service-error.js";

/** Size that a request says its body has; undefined where it comes in chunks, 0 where there is none. */
export function declaredSize({ headers }: IncomingMessage): number | undefined {
  if (headers["transfer-encoding"] !== undefined) return undefined;
  return Number(headers["content-length"] ?? 0);
}

/** The bytes of a body as they come. Throws `blob/too-large` and `blob/mismatch` where it is not `size` bytes. */
export async function* exactly(
  body: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array, void> {
  let left = size;
  for await (const chunk of body) {
    left -= chunk.length;
    if (left < 0) throw new AssayError("blob/too-large", `the note says ${size} bytes`);
    yield chunk;
  }
  if (left > 0) throw new AssayError("blob/mismatch", `${left} of ${size} bytes are missing`);
}

/** A whole body of at most `most` bytes as JSON. Throws `request/too-large` and `request/malformed`. */
export async function readJson(
  body: AsyncIterable<Uint8Array>,
  most: number,
  limits: JsonLimits,
): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > most)
      throw new ServiceError("request/too-large", `a body has at most ${most} bytes`);
    chunks.push(chunk);
  }
  const text = decode(Buffer.concat(chunks));
  requireModest(text, limits);
  try {
    return JSON.parse(text);
  } catch {
    throw new ServiceError("request/malformed", "the body is no JSON");
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ServiceError("request/malformed", "the body is no UTF-8");
  }
}
