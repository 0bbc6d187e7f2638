/**
 * Every failure that a caller can act on is an `AssayError`: a stable code, what happened, and
 * what to do. Codes are the table below and nothing else; the CLI prints the message, never a stack.
 */
export const ERROR_CODES = {
  // input from outside
  "file/not-found": "a path does not exist or cannot be read",
  "file/write": "a file could not be written; nothing half-written was left",
  "json/malformed": "a JSON document is not what the format asks for",
  "npy/malformed": "a .npy file is broken or holds something unsupported",
  "onnx/malformed": "an ONNX file is broken",
  "onnx/unsupported": "an ONNX model uses something that is not supported",
  "safetensors/malformed": "a safetensors file is broken",
  "safetensors/unsupported": "a safetensors file holds a dtype that is not supported",
  "config/malformed": "a model's config.json is broken or contradicts its weights",
  "config/unsupported": "a model's config.json asks for something that is not supported",
  "model/too-large": "a model needs more memory than there is",
  "input/missing": "a graph input was not given",
  "input/mismatch": "a graph input has the wrong name, dtype or dims",
  // definitions and programs
  "program/invalid": "an element program breaks a rule of its type",
  "operator/unsupported": "an operator, attribute or dtype has no definition here",
  "operator/invalid": "an operator's inputs or attributes contradict its definition",
  "graph/invalid": "a graph is not well formed",
  "graph/data-dependent": "a shape depends on the value of a tensor that is only known at run time",
  // commitments and disputes
  "receipt/malformed": "a receipt is not in the format",
  "receipt/signature": "a receipt's signature does not belong to its executor",
  "proof/invalid": "a Merkle proof does not lead to its root",
  "run/incomplete": "a run folder lacks something that is needed",
  "dispute/refused": "a dispute move is refused",
  "key/invalid": "a key file is broken",
  // a ledger's files
  "ledger/refused": "a ledger refuses a message",
  "ledger/unreachable": "a ledger behind HTTP does not answer, or not in its form",
  "ledger/corrupt": "a ledger's files hold something else than was written",
  "ledger/write": "a ledger's log cannot be written; nothing more is acknowledged",
  "ledger/locked": "another process has this ledger open",
  "ledger/quota": "an account stores more than it may",
  "ledger/exhausted": "a beacon has no link left",
  "blob/mismatch": "bytes do not have the hash under which they came",
  "blob/too-large": "there are more bytes than may be taken",
  // this machine
  "backend/unavailable": "a backend cannot work here",
  usage: "the command line is wrong",
  cancelled: "the work was cancelled",
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface ErrorDetails {
  /** What to do about it, one sentence. */
  readonly hint?: string;
  /** Machine-readable facts: names, expected and actual values. */
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

export class AssayError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "AssayError";
    this.code = code;
    this.hint = details.hint;
    this.facts = details.facts ?? {};
  }
}
