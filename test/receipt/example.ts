import { addressOf } from "../../src/receipt/key.js";
import { makeReceipt, type Receipt } from "../../src/receipt/receipt.js";

/** The secret key 1: public, for tests only. */
export const KEY_ONE = Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? 1 : 0));

const filled = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

/** A receipt whose fields are all different, so that an exchange of two shows. */
export function exampleReceipt(fields: Partial<Omit<Receipt, "version">> = {}): Receipt {
  return makeReceipt({
    profile: filled(0x11),
    model: filled(0x22),
    binding: filled(0x33),
    plan: filled(0x44),
    inputs: filled(0x55),
    outputs: filled(0x66),
    segments: 7,
    trace: filled(0x77),
    executor: addressOf(KEY_ONE),
    ...fields,
  });
}
