import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize, sep } from "node:path";
import type { TableMessage, TableRequest } from "../table/types.js";
import { browserImports } from "./browser-imports.js";
import { BUILD, ROOT } from "./places.js";

/**
 * Serves the built table to a browser as the ES modules that it is. Both headers are what a browser
 * asks for before it shares memory between threads.
 */
export interface TableServer {
  readonly address: string;
  /** Settles when the browser has sent its last message. */
  readonly done: Promise<void>;
  close(): Promise<void>;
}

const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cache-Control": "no-store",
};

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
};

const PAGE = `<!doctype html><title>table</title>
<script type="module">
const worker = new Worker("/build/test/machines/table/in-browser.js", { type: "module" });
worker.onerror = (e) => fetch("/message", {
  method: "POST",
  body: JSON.stringify({ kind: "failed", error: e.message + " " + e.filename + ":" + e.lineno }),
});
</script>`;

/** What is served: the build, what it imports from packages, and the fixtures that it reads. */
const FOLDERS: Readonly<Record<string, string>> = {
  build: BUILD,
  node_modules: join(ROOT, "node_modules"),
  fixtures: join(ROOT, "fixtures"),
  stand_ins: join(import.meta.dirname, "stand-ins"),
};

export async function serveTable(
  request: TableRequest,
  listen: (message: TableMessage) => void,
): Promise<TableServer> {
  let finish: () => void = () => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const server = createServer((req, res) => {
    answer(req, res, request, (message) => {
      listen(message);
      if (message.kind === "done" || message.kind === "failed") finish();
    }).catch((error: unknown) => {
      res.writeHead(500, HEADERS).end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}/`,
    done,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  req: IncomingMessage,
  res: ServerResponse,
  request: TableRequest,
  listen: (message: TableMessage) => void,
): Promise<void> {
  const { pathname } = new URL(req.url ?? "/", "http://localhost");
  if (pathname === "/message") {
    const parts: Buffer[] = [];
    for await (const part of req) parts.push(part as Buffer);
    res.writeHead(204, HEADERS).end();
    listen(JSON.parse(Buffer.concat(parts).toString("utf8")) as TableMessage);
  } else if (pathname === "/request") send(res, ".json", JSON.stringify(request));
  else if (pathname === "/") send(res, ".html", PAGE);
  else await sendFile(res, pathname);
}

async function sendFile(res: ServerResponse, pathname: string): Promise<void> {
  const [, top = "", ...rest] = normalize(decodeURIComponent(pathname)).split(sep);
  const folder = FOLDERS[top];
  if (folder === undefined) {
    res.writeHead(404, HEADERS).end();
    return;
  }
  try {
    const path = join(folder, ...rest);
    const bytes = await readFile(path);
    const ending = extname(path);
    send(res, ending, ending === ".js" ? browserImports(bytes.toString("utf8")) : bytes);
  } catch {
    res.writeHead(404, HEADERS).end();
  }
}

function send(res: ServerResponse, ending: string, body: string | Buffer): void {
  const type = TYPES[ending] ?? "application/octet-stream";
  res.writeHead(200, { ...HEADERS, "Content-Type": type }).end(body);
}
