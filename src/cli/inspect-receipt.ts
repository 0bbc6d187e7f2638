import { AssayError } from "../../operators/basis.js";
import { nodeHasher } from "../merkle/node-hash.js";
import { toHex } from "../receipt/hex.js";
import { isAbsent, RECEIPT_LAYOUT, receiptDigest, type SignedReceipt } from "../receipt/receipt.js";
import { verifyReceipt } from "../receipt/sign.js";
import type { OpenedRun } from "../verify/open-run.js";
import { field, typeText } from "./format.js";

/** What `inspect` says about a receipt, and about the folder that it lies in. */
export interface ReceiptFacts extends Partial<ReturnType<typeof runFacts>> {
  readonly kind: "receipt" | "run";
  readonly digest: string;
  /** Every field of the receipt: hex, a number, or null where it is absent. */
  readonly fields: Readonly<Record<string, string | number | null>>;
  readonly signature: string;
  readonly signatureValid: boolean;
}

export function receiptFacts(signed: SignedReceipt): ReceiptFacts {
  const { receipt, signature } = signed;
  const fields = RECEIPT_LAYOUT.map(({ name }): [string, string | number | null] => {
    const value = receipt[name];
    if (typeof value === "number") return [name, value];
    return [name, isAbsent(value) ? null : toHex(value)];
  });
  return {
    kind: "receipt",
    digest: toHex(receiptDigest(nodeHasher, receipt)),
    fields: Object.fromEntries(fields),
    signature: toHex(signature),
    signatureValid: isValid(signed),
  };
}

function isValid(signed: SignedReceipt): boolean {
  try {
    verifyReceipt(nodeHasher, signed);
    return true;
  } catch (error) {
    if (!(error instanceof AssayError)) throw error;
    return false;
  }
}

export function runFacts({ description }: OpenedRun) {
  const { granularity, inputs, outputs, drill, salt } = description;
  return {
    granularity,
    inputs: inputs.map(({ name, dtype, dims }) => ({ name, dtype, dims })),
    outputs: outputs.map(({ name, dtype, dims, file }) => ({ name, dtype, dims, file })),
    holdsSalt: salt !== undefined,
    ...(drill ? { drill } : {}),
  };
}

export function describeReceipt(f: ReceiptFacts): string {
  const { drill } = f;
  const lines = [
    field("receipt", f.digest),
    ...Object.entries(f.fields).map(([name, value]) => field(name, `${value ?? "(absent)"}`)),
    field("signature", f.signature),
    field("", f.signatureValid ? "valid: the executor's own" : "INVALID: not the executor's"),
    ...(f.granularity ? [field("cut", `after every ${f.granularity}`)] : []),
    ...(f.inputs ?? []).map((t) => field("input", `${t.name} ${typeText(t)}`)),
    ...(f.outputs ?? []).map((t) => field("output", `${t.name} ${typeText(t)}, ${t.file}`)),
    ...(drill
      ? [
          field(
            "drill",
            `element ${drill.element} of operator ${drill.node} falsified${drill.masked ? "; masked" : ""}`,
          ),
        ]
      : []),
  ];
  return `${lines.join("\n")}\n`;
}
