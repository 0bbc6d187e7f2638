import { computeTable } from "./compute.js";
import { hostEndianness, type Platform, type TableMessage, type TableRequest } from "./types.js";

/**
 * The table in a browser: a worker of the page, because a page itself may not wait for threads. It
 * gets its request from the server that also served this file, and posts its messages there.
 */
const platform: Platform = {
  facts: {
    engine: navigator.userAgent,
    platform: `browser, ${crossOriginIsolated ? "" : "not "}isolated`,
    endianness: hostEndianness(),
  },
  async readFile(path) {
    const response = await fetch(`/${path}`);
    if (!response.ok) throw new Error(`/${path}: ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  },
  nodeHasher: () => Promise.reject(new Error("this is a browser")),
};

/** Messages arrive in order: each waits for the one before. */
let sent: Promise<unknown> = Promise.resolve();
function tell(message: TableMessage): void {
  const body = JSON.stringify(message);
  sent = sent.then(() => fetch("/message", { method: "POST", body }));
}

try {
  const request = (await (await fetch("/request")).json()) as TableRequest;
  await computeTable(platform, request, tell);
} catch (error) {
  const stack = error instanceof Error ? `${error.message}\n${error.stack}` : String(error);
  tell({ kind: "failed", error: stack });
}
await sent;
