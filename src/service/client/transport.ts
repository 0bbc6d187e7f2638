import { AssayError } from "../../../operators/index.js";

export interface AskOptions {
  readonly method?: "GET" | "POST" | "PUT";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** Most bytes of the answer: more is never read. */
  readonly most: number;
  /** Milliseconds for all of it, the answer included. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
}

export interface RawAnswer {
  readonly status: number;
  readonly bytes: Uint8Array;
}

/**
 * Asks a server that may be slow, silent or hostile. Throws `ledger/unreachable` for whatever is no
 * whole answer in time and within size, and the signal's reason where that ended it.
 */
export async function askServer(url: URL, options: AskOptions): Promise<RawAnswer> {
  const { method = "GET", headers = {}, body, most, timeout, signal } = options;
  signal?.throwIfAborted();
  const either = new AbortController();
  const stop = (): void => either.abort(signal?.reason);
  signal?.addEventListener("abort", stop, { once: true });
  const late = (): void => either.abort(new Error(`no answer within ${timeout} ms`));
  const timer = setTimeout(late, timeout);
  try {
    const response = await fetch(url, {
      method,
      headers,
      // What a server says about where else to ask is not followed: it was asked for itself.
      redirect: "error",
      signal: either.signal,
      ...(body === undefined ? {} : { body }),
    });
    return { status: response.status, bytes: await readAtMost(response, most) };
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    throw unreachable(
      url,
      either.signal.aborted ? String(either.signal.reason) : reason(cause),
      cause,
    );
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

async function readAtMost(response: Response, most: number): Promise<Uint8Array> {
  const declared = Number(response.headers.get("content-length") ?? 0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    if (declared > most) throw new Error(`the answer has ${declared} bytes, of at most ${most}`);
    for await (const chunk of chunksOf(response)) {
      size += chunk.length;
      if (size > most) throw new Error(`the answer has more than ${most} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    await response.body?.cancel().catch(() => {});
    throw error;
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/** A response's body can be iterated in Node, which the types of the web do not say. */
function chunksOf({ body }: Response): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  return (body as AsyncIterable<Uint8Array> | null) ?? [];
}

/** Why a fetch failed stands in the cause of its error. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** `status` where there was an answer, but none that can be used. */
export function unreachable(url: URL, why: string, cause?: unknown, status?: number): AssayError {
  return new AssayError("ledger/unreachable", `${url.origin} does not answer: ${why}`, {
    facts: { url: url.origin, path: url.pathname, ...(status ? { status } : {}) },
    cause,
  });
}
