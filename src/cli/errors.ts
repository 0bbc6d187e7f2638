import { AssayError, type ErrorCode } from "../../operators/errors.js";
import type { UnsupportedItem } from "../onnx/problems.js";
import { printable } from "./printable.js";

/** Exit codes of every command. */
export const EXIT = { ok: 0, refuted: 1, failed: 2 } as const;

/** What an error looks like to a person: what happened, what to do, never a stack. */
export function describeError(error: unknown, verbose: boolean): string {
  const lines: string[] = [];
  if (error instanceof AssayError) {
    lines.push(...headLines(error));
    lines.push(`  hint: ${error.hint ?? HINTS[error.code]}`);
  } else {
    lines.push(`error: ${error instanceof Error ? error.message : String(error)}`);
    if (!verbose) lines.push("  hint: --verbose shows where this comes from");
  }
  if (verbose && error instanceof Error) lines.push(...(error.stack ?? "").split("\n"));
  return `${lines.map(printable).join("\n")}\n`;
}

/** What to do, where the error itself knows nothing better. */
const HINTS: Readonly<Record<ErrorCode, string>> = {
  "file/not-found": "check the path and your right to read it",
  "file/write": "check the folder, your right to write there and the room on the disk",
  "json/malformed": "the file was changed or cut off; get it again from whoever made it",
  "npy/malformed": "write it again, for example with numpy.save",
  "onnx/malformed": "the file is broken; export or download the model again",
  "onnx/unsupported": "export the model without these, or for another opset",
  "safetensors/malformed": "the file is broken; export or download the model again",
  "safetensors/unsupported": "save the tensors as F32, F16 or BF16",
  "config/malformed": "config.json and the weights do not belong together; get both again",
  "config/unsupported": "Llama models without biases or scaled rotary embeddings are supported",
  "model/too-large": "use smaller inputs, a smaller model, or raise --memory-limit",
  "input/missing": "assay inspect lists the inputs of a model",
  "input/mismatch": "assay inspect lists the inputs of a model with their dtypes and dims",
  "program/invalid": "please report this: a definition made a program that is not valid",
  "operator/unsupported": "docs/operators.md lists what is supported",
  "operator/invalid": "the model contradicts the ONNX specification; export it again",
  "graph/invalid": "the model contradicts the ONNX specification; export it again",
  "graph/data-dependent": "export the model with static shapes, or make the value a graph input",
  "receipt/malformed": "the receipt was changed or cut off; get it again from its executor",
  "receipt/signature": "do not rely on this receipt",
  "proof/invalid": "do not rely on what was opened",
  "run/incomplete": "get the whole run folder from its executor",
  "dispute/refused": "docs/dispute.md says which moves there are",
  "key/invalid": "a key file holds 64 hex digits; without --key a local one is made",
  "ledger/refused": "docs/settlement.md says what a ledger refuses, and why",
  "ledger/unreachable": "check the address, and that assay ledger serve runs there",
  "ledger/corrupt": "keep the folder as it is and restore it from a copy; do not go on with it",
  "ledger/write": "check the disk and its room, then start again: opening finds what was kept",
  "ledger/locked": "end the other process first",
  "ledger/quota": "remove what is no longer needed, or ask the operator for more",
  "ledger/exhausted": "end this ledger and begin another with a new beacon",
  "blob/mismatch": "send the file again",
  "blob/too-large": "send less, or ask the operator for a higher limit",
  "backend/unavailable": "try --backend interpreter",
  usage: "see: assay --help",
  cancelled: "nothing was written",
};

/** The message on one line; only the list of what a model uses and nobody supports takes more. */
function headLines({ code, message, facts }: AssayError): string[] {
  if (code !== "onnx/unsupported" || !Array.isArray(facts.items)) {
    return [`error [${code}]: ${message}`];
  }
  const items = facts.items as readonly UnsupportedItem[];
  const lines = items.slice(0, LISTED).map(({ node, operator, reason }) => {
    return `  ${node}${operator === "" ? "" : ` (${operator})`}: ${reason}`;
  });
  const more = items.length > LISTED ? [`  and ${items.length - LISTED} more`] : [];
  const things = items.length === 1 ? "1 thing" : `${items.length} things`;
  return [`error [${code}]: ${things} in this model cannot be run:`, ...lines, ...more];
}

const LISTED = 200;

/** The same facts for machines. */
export function errorObject(error: unknown): Record<string, unknown> {
  if (error instanceof AssayError) {
    const { code, message, hint, facts } = error;
    return { error: { code, message, hint: hint ?? HINTS[code], facts } };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { error: { code: "unexpected", message } };
}
