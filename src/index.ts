/** Assay on Node: run models, make receipts, verify them, play disputes. */

export { type BackendName, createMachine } from "./execute/backend.js";
export type { Corruption } from "./execute/drill.js";
export { runFiles } from "./execute/run-folder.js";
export { type Run, type RunRequest, runModel } from "./execute/run-model.js";
export { loadModelFile as loadModel } from "./files/load-model.js";
export { nodeHasher } from "./merkle/node-hash.js";
export { writeOnnx } from "./onnx/write.js";
export { addressOf, keyFromEntropy, parseKey } from "./receipt/key.js";
export * from "./verifier.js";
export { disputeRuns } from "./verify/against.js";
export { interpreterRunner, recomputeWith, wasmRunner } from "./verify/recompute.js";
export { type KeptRun, keptRunOf, RunProvider } from "./verify/run-provider.js";
