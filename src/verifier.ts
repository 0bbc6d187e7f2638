/**
 * Checking receipts and refereeing disputes without Node: nothing in the import graph of this entry
 * needs a Node built-in, so it works in a browser, a worker or an edge service.
 */
export { AssayError, type ErrorCode, InterpreterMachine, type Tensor } from "../operators/index.js";
export { HonestAsserter } from "./dispute/honest-asserter.js";
export { HonestChallenger } from "./dispute/honest-challenger.js";
export { type DisputeRecord, type GameClock, playDispute, virtualClock } from "./dispute/play.js";
export type { TraceProvider } from "./dispute/provider.js";
export { DEFAULT_CLOCK, interpreterRecompute, type Rules, rulesFor } from "./dispute/rules.js";
export { type Settlement, settle } from "./dispute/settle.js";
export { startDispute } from "./dispute/start.js";
export type { DisputeState } from "./dispute/state.js";
export { transition } from "./dispute/transition.js";
export { planFor } from "./execute/run-model.js";
export { parseTensorFile } from "./files/parse.js";
export { bind } from "./graph/bind.js";
export { type ModelDigest, modelDigest, planDigest, profileDigest } from "./graph/digests.js";
export type { Plan } from "./graph/plan.js";
export { absentWeights, modelDigestOfSkeleton } from "./graph/skeleton-digest.js";
export type { Graph, Model, Skeleton } from "./graph/types.js";
export { type Hasher, nobleHasher } from "./merkle/hash.js";
export { commitTensor, verifyTensor, verifyTile } from "./merkle/tensor-tree.js";
export { importOnnx } from "./onnx/import.js";
export { importSkeleton, skeletonOf } from "./onnx/skeleton.js";
export { receiptFromJson, receiptToJson } from "./receipt/json.js";
export { type Receipt, receiptDigest, type SignedReceipt } from "./receipt/receipt.js";
export { recoverAddress, verifyReceipt } from "./receipt/sign.js";
export { checkReceipt, type Evidence, type Pins } from "./verify/check.js";
export { describeEvidence, describeOutcome } from "./verify/describe.js";
export { planOfReceipt } from "./verify/plan-of-receipt.js";
export { replayRun } from "./verify/replay.js";
export type { VerificationReport } from "./verify/report.js";
export { drawSegments, sampleRun } from "./verify/sample.js";
export { type VerifyRequest, verifyRun } from "./verify/verify-run.js";
