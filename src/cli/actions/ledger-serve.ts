import { isIP } from "node:net";
import { AssayError } from "../../../operators/basis.js";
import { readFile } from "../../files/disk.js";
import { type LedgerFolder, openLedgerFolder } from "../../ledger/folder.js";
import { MAX_PARAMETERS } from "../../ledger/founding.js";
import { keepLedger } from "../../ledger/keeper.js";
import { nodeHasher } from "../../merkle/node-hash.js";
import { toHex } from "../../receipt/hex.js";
import { addressOf } from "../../receipt/key.js";
import { createLedgerServer } from "../../service/server/server.js";
import { RuleBook } from "../../settlement/rule-book.js";
import type { Io } from "../command.js";
import type { Arguments } from "../commands/ledger-serve.js";
import { EXIT } from "../errors.js";
import { plural } from "../format.js";
import { loadKey } from "../keys.js";
import { type Log, startLog } from "../log.js";
import { untilStopped } from "../signals.js";
import { version } from "../version.js";

export async function serve(args: Arguments, io: Io): Promise<number> {
  requireLoopback(args);
  const log = startLog(io, args.json);
  await untilStopped(async (signal) => {
    const folder = await open(args, io);
    try {
      await serveFolder(args, folder, log, signal);
    } finally {
      await folder.close();
    }
  });
  log({ level: "info", what: "stopped", facts: {} });
  return EXIT.ok;
}

/** Keys and inputs would cross the network in the clear, and anybody could pose as the ledger. */
function requireLoopback({ host, public: open }: Arguments): void {
  const local =
    host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
  if (local || open) return;
  throw new AssayError("usage", `${host} can be reached by others, and the ledger speaks no TLS`, {
    hint: "listen on 127.0.0.1 and put a proxy with TLS before it, such as nginx or Caddy (then --trust-proxy 127.0.0.1); --public where the proxy is on another machine",
  });
}

function open({ folder, key, parameters }: Arguments, io: Io): Promise<LedgerFolder> {
  return openLedgerFolder(folder, {
    book: new RuleBook(nodeHasher),
    clock: Date.now,
    operator: () => toHex(addressOf(loadKey(key, io.env, io.disk))),
    ...(parameters === undefined
      ? {}
      : {
          parameters: new TextDecoder().decode(readFile(parameters, "parameters", MAX_PARAMETERS)),
        }),
  });
}

async function serveFolder(
  { host, port, trustProxy }: Arguments,
  { ledger, beacon, founded, tail }: LedgerFolder,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const failed = (error: unknown): void => {
    const what = error instanceof Error ? error.message : String(error);
    log({ level: "error", what, facts: {} });
  };
  if (tail) {
    const what = `cut off ${plural(tail.bytes, "byte")} that a crash had left half-written`;
    log({ level: "warn", what, facts: { after: tail.after } });
  }
  const server = await createLedgerServer(ledger, {
    version: version(),
    onError: failed,
    processMetrics: true,
    ...(trustProxy.length > 0 ? { trustProxy: [...trustProxy] } : {}),
  });
  try {
    const url = await listening(() => server.listen({ host, port }));
    const { id, parameters, count } = ledger.state;
    const facts = { ledger: id, operator: parameters.operator, url };
    const said = founded ? "founded a ledger" : `opened a ledger of ${plural(count, "event")}`;
    log({ level: "info", what: said, facts: { ledger: id, operator: parameters.operator } });
    log({ level: "info", what: `serving on ${url}`, facts });
    await keepLedger(ledger, { beacon, signal, onError: failed });
    if (!signal.aborted) {
      throw new AssayError("ledger/write", "the ledger's log cannot be written any more");
    }
  } finally {
    await server.close();
  }
}

async function listening(listen: () => Promise<string>): Promise<string> {
  try {
    return await listen();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AssayError("usage", `cannot listen there: ${reason}`, {
      hint: "choose another --host or --port",
      cause,
    });
  }
}
