import { openLedgerFolder } from "../../src/ledger/folder.js";
import { keepLedger } from "../../src/ledger/keeper.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import { createLedgerServer } from "../../src/service/server/server.js";
import { RuleBook } from "../../src/settlement/rule-book.js";
import { recomputeWith, wasmRunner } from "../../src/verify/recompute.js";

/**
 * A ledger served by a process of its own, for load: `ledger-server <folder> <operator> <parameters>`.
 * Tells its parent the port, then its memory twenty times a second. Many parties of a load come from one
 * address, so what one address may do is raised; nothing else is.
 */
const [folder, operator, parameters] = process.argv.slice(2) as [string, string, string];

const opened = await openLedgerFolder(folder, {
  book: new RuleBook(nodeHasher, recomputeWith(wasmRunner())),
  clock: Date.now,
  operator: () => operator,
  parameters,
});
const stop = new AbortController();
const { ledger, beacon } = opened;
const kept = keepLedger(ledger, {
  beacon,
  signal: stop.signal,
  interval: 50,
  onError: (error) => console.error(error),
});
const many = { requests: 100_000, messages: 100_000, connectionsPerPeer: 1024 };
const app = await createLedgerServer(ledger, { version: "bench", limits: many });
await app.listen({ host: "127.0.0.1", port: 0 });
const address = app.server.address();
const port = typeof address === "object" && address ? address.port : 0;
process.send?.({ port });
const timer = setInterval(() => process.send?.({ rss: process.memoryUsage.rss() }), 50);
process.once("disconnect", () => void end());
process.once("SIGTERM", () => void end());

async function end(): Promise<void> {
  clearInterval(timer);
  stop.abort();
  await app.close();
  await kept;
  process.exit(0);
}
