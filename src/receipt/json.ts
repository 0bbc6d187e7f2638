import { readFlatObject } from "./flat-json.js";
import { parseHex, toHex } from "./hex.js";
import {
  malformed,
  parseReceiptBytes,
  RECEIPT_LAYOUT,
  type Receipt,
  receiptBytes,
  type SignedReceipt,
} from "./receipt.js";
import { SIGNATURE_SIZE } from "./sign.js";

/** Longest JSON text of a receipt that is read. One that is written has about 1100 bytes. */
export const MAX_RECEIPT_TEXT = 4096;

/** The receipt as JSON: the layout's fields in order, then the signature. */
export function receiptToJson({ receipt, signature }: SignedReceipt): string {
  receiptBytes(receipt);
  const lines = RECEIPT_LAYOUT.map(({ name }) => {
    const value = receipt[name];
    return `  "${name}": ${typeof value === "number" ? value : `"${toHex(value)}"`}`;
  });
  return `{\n${lines.join(",\n")},\n  "signature": "${toHex(signature)}"\n}\n`;
}

/**
 * The receipt in a JSON text. Exactly the keys of the layout and `signature`, each once, in any
 * order; bytes as lower-case hex of the exact length; integers in plain digits. Throws
 * `receipt/malformed` naming the field. It checks the form, not the signature.
 */
export function receiptFromJson(text: string | Uint8Array): SignedReceipt {
  if (text.length > MAX_RECEIPT_TEXT) {
    throw malformed("text", `is longer than ${MAX_RECEIPT_TEXT} bytes`);
  }
  const values = readFlatObject(typeof text === "string" ? text : decode(text), malformed);
  const fields: Partial<Record<keyof Receipt, number | Uint8Array>> = {};
  for (const { name, kind, size } of RECEIPT_LAYOUT) {
    fields[name] = kind === "bytes" ? bytesField(values, name, size) : integerField(values, name);
  }
  const signature = bytesField(values, "signature", SIGNATURE_SIZE);
  for (const key of values.keys())
    throw malformed(JSON.stringify(key), "is not a field of receipts");
  const receipt = fields as unknown as Receipt;
  return { receipt: parseReceiptBytes(receiptBytes(receipt)), signature };
}

type Values = Map<string, string | number>;

/** Takes a field out of the map, so that what is left at the end is what should not be there. */
function take(values: Values, name: string): string | number {
  const value = values.get(name);
  if (value === undefined) throw malformed(name, "is missing");
  values.delete(name);
  return value;
}

function bytesField(values: Values, name: string, size: number): Uint8Array {
  const value = take(values, name);
  const bytes = typeof value === "string" ? parseHex(value, size) : undefined;
  if (bytes === undefined) {
    throw malformed(name, `is not "0x" and ${2 * size} lower-case hex digits`);
  }
  return bytes;
}

function integerField(values: Values, name: string): number {
  const value = take(values, name);
  if (typeof value !== "number") throw malformed(name, "is not an integer");
  return value;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw malformed("text", "is not UTF-8", cause);
  }
}
