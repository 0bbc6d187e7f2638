/** Ledgers on Node: keep one, serve it, follow it, execute and watch its jobs. */
export { EmbeddedLedger } from "./ledger/embedded.js";
export { type LedgerFolder, openLedgerFolder } from "./ledger/folder.js";
export { keepLedger } from "./ledger/keeper.js";
export type { Ledger, Submitted, Upload } from "./ledger/port.js";
export { signUpload } from "./ledger/upload.js";
export type { Agent, LogEntry } from "./service/agent.js";
export { Account } from "./service/client/account.js";
export { RemoteLedger } from "./service/client/remote-ledger.js";
export { serveExecutor } from "./service/executor.js";
export { type HostedModel, hostModel } from "./service/hosted-model.js";
export { JobStore } from "./service/job-store.js";
export { awaitJob, postJob, registerModel } from "./service/post-job.js";
export { createLedgerServer } from "./service/server/server.js";
export { serveWatcher } from "./service/watcher.js";
export * from "./settlement.js";
