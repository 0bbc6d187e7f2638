import { createECDH, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { nobleHasher } from "../../src/merkle/hash.js";
import { toHex } from "../../src/receipt/hex.js";
import { receiptFromJson, receiptToJson } from "../../src/receipt/json.js";
import { parseKey } from "../../src/receipt/key.js";
import { parseReceiptBytes, receiptBytes, receiptDigest } from "../../src/receipt/receipt.js";
import { isSaltOf, maskRoot, type SaltedRoot } from "../../src/receipt/salt.js";
import { recoverAddress, signReceipt, verifyReceipt } from "../../src/receipt/sign.js";
import { hex, sha256 } from "../merkle/reference.js";

interface ReceiptVector {
  readonly name: string;
  readonly key: string;
  readonly bytes: string;
  readonly digest: string;
  readonly signature: string;
  readonly json: string;
}

interface Vectors {
  readonly receipts: ReceiptVector[];
  readonly salted: ReceiptVector & { salt: string; roots: Record<SaltedRoot, string> };
  readonly malformedTexts: { why: string; field: string; text: string }[];
  readonly badSignatures: { why: string; digest: string; signature: string }[];
}

const file = new URL("../vectors/receipts.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vectors;
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.slice(2), "hex"));
const ox = (raw: Uint8Array): string => `0x${hex(raw)}`;

/** The fields where the format puts them, cut out by hand. */
function fieldsOf(raw: Uint8Array): Record<string, string | number> {
  const at = (offset: number, size = 32): string => ox(raw.subarray(offset, offset + size));
  return {
    version: Buffer.from(raw).readUInt16LE(14),
    profile: at(16),
    model: at(48),
    binding: at(80),
    plan: at(112),
    inputs: at(144),
    outputs: at(176),
    segments: Number(Buffer.from(raw).readBigUInt64LE(208)),
    trace: at(216),
    context: at(248),
    generation: at(280),
    salt: at(312),
    executor: at(344, 20),
  };
}

/** OpenSSL's word on a signature: the digest is SHA-256 of the bytes, so it can hash them itself. */
function opensslAccepts(vector: ReceiptVector): boolean {
  const pair = createECDH("secp256k1");
  pair.setPrivateKey(bytes(vector.key));
  const point = pair.getPublicKey();
  const jwk = {
    kty: "EC",
    crv: "secp256k1",
    x: point.subarray(1, 33).toString("base64url"),
    y: point.subarray(33).toString("base64url"),
  };
  const key = createPublicKey({ key: jwk, format: "jwk" });
  const signature = bytes(vector.signature).subarray(0, 64);
  return verify("sha256", bytes(vector.bytes), { key, dsaEncoding: "ieee-p1363" }, signature);
}

describe("published receipt vectors", () => {
  test.each([...vectors.receipts, vectors.salted])("$name", (vector) => {
    const { signature, ...members } = JSON.parse(vector.json) as Record<string, unknown>;
    expect(bytes(vector.bytes)).toHaveLength(364);
    expect(hex(bytes(vector.bytes).subarray(0, 14))).toBe("61737361792e7265636569707400");
    expect(members).toEqual(fieldsOf(bytes(vector.bytes)));
    expect(signature).toBe(vector.signature);
    expect(vector.digest).toBe(ox(sha256(bytes(vector.bytes))));
    expect(opensslAccepts(vector)).toBe(true);
    expect(BigInt(vector.signature.slice(0, 2) + vector.signature.slice(66, 130))).toBeLessThan(
      HALF_ORDER + 1n,
    );

    const read = receiptFromJson(vector.json);
    expect(parseReceiptBytes(bytes(vector.bytes))).toEqual(read.receipt);
    expect(toHex(receiptBytes(read.receipt))).toBe(vector.bytes);
    expect(toHex(receiptDigest(nobleHasher, read.receipt))).toBe(vector.digest);
    expect(receiptToJson(read)).toBe(vector.json);
    expect(verifyReceipt(nobleHasher, read)).toBeUndefined();
    expect(signReceipt(nobleHasher, read.receipt, parseKey(vector.key))).toEqual(read);
  });

  test("OpenSSL refuses a signature under another receipt", () => {
    const [one, two] = vectors.receipts as [ReceiptVector, ReceiptVector];
    expect(opensslAccepts({ ...one, bytes: two.bytes })).toBe(false);
  });

  test("the salted one states masked roots", () => {
    const { salt, roots, json } = vectors.salted;
    const { receipt } = receiptFromJson(json);
    expect(isSaltOf(nobleHasher, receipt.salt, bytes(salt))).toBe(true);
    expect(toHex(receipt.salt)).toBe(ox(sha256(Buffer.of(0x36, 1), bytes(salt))));
    const tags = { inputs: 0x22, outputs: 0x23, trace: 0x21 } as const;
    for (const kind of ["inputs", "outputs", "trace"] as const) {
      const root = bytes(roots[kind]);
      expect(toHex(receipt[kind])).toBe(
        ox(sha256(Buffer.of(0x37, 1, tags[kind]), bytes(salt), root)),
      );
      expect(maskRoot(nobleHasher, kind, root, bytes(salt))).toEqual(receipt[kind]);
    }
  });

  test.each(vectors.malformedTexts)("text refused: $why", ({ field, text }) => {
    expect(() => receiptFromJson(text)).toThrow(
      expect.objectContaining({
        code: "receipt/malformed",
        facts: expect.objectContaining({ field }),
      }),
    );
  });

  test.each(vectors.badSignatures)("signature refused: $why", ({ digest, signature }) => {
    const [{ json }] = vectors.receipts as [ReceiptVector];
    const { receipt } = receiptFromJson(json);
    expect(digest).toBe(toHex(receiptDigest(nobleHasher, receipt)));
    const refused = expect.objectContaining({ code: "receipt/signature" });
    expect(() => verifyReceipt(nobleHasher, { receipt, signature: bytes(signature) })).toThrow(
      refused,
    );
  });

  test("the other v recovers to another address, all else to none", () => {
    const outcomes = vectors.badSignatures.map(({ digest, signature }) => {
      try {
        return toHex(recoverAddress(bytes(digest), bytes(signature)));
      } catch {
        return "";
      }
    });
    expect(outcomes.filter((o) => o !== "")).toHaveLength(1);
    expect(outcomes.at(-1)).not.toBe("");
  });
});
