import { ByteWriter } from "../../../operators/index.js";
import { nobleHasher } from "../../../src/merkle/hash.js";
import { toHex } from "../../../src/receipt/hex.js";

/** SHA-256 in hex of parts, each behind its length: no two lists of parts are hashed alike. */
export function digestOf(parts: readonly Uint8Array[]): string {
  const writer = new ByteWriter();
  for (const part of parts) {
    writer.u32(part.length);
    writer.raw(part);
  }
  return toHex(nobleHasher.hash(writer.bytes()));
}

export function textBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
