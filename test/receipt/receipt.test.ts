import { describe, expect, test } from "vitest";
import { nobleHasher } from "../../src/merkle/hash.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import { parseHex, toHex } from "../../src/receipt/hex.js";
import {
  isAbsent,
  parseReceiptBytes,
  RECEIPT_BYTES,
  RECEIPT_LAYOUT,
  type Receipt,
  receiptBytes,
  receiptDigest,
} from "../../src/receipt/receipt.js";
import { isSaltOf, maskRoot, SALT_SIZE, saltCommitment } from "../../src/receipt/salt.js";
import { hex, sha256, u64 } from "../merkle/reference.js";
import { exampleReceipt } from "./example.js";

const receipt = exampleReceipt();

function malformed(field: string): unknown {
  return expect.objectContaining({
    code: "receipt/malformed",
    facts: expect.objectContaining({ field }),
  });
}

describe("unsigned bytes", () => {
  test("are the table of the format, written down again", () => {
    const expected = Buffer.concat([
      Buffer.from("assay.receipt\0", "latin1"),
      Buffer.of(1, 0),
      ...[0x11, 0x22, 0x33, 0x44, 0x55, 0x66].map((b) => Buffer.alloc(32, b)),
      u64(7),
      Buffer.alloc(32, 0x77),
      Buffer.alloc(96),
      Buffer.from("7e5f4552091a69125d5dfcb7b8c2659029395bdf", "hex"),
    ]);
    expect(expected).toHaveLength(364);
    expect(RECEIPT_BYTES).toBe(364);
    expect(hex(receiptBytes(receipt))).toBe(hex(expected));
    expect(hex(receiptDigest(nobleHasher, receipt))).toBe(hex(sha256(expected)));
    expect(hex(receiptDigest(nodeHasher, receipt))).toBe(hex(sha256(expected)));
  });

  test("read back to the same receipt", () => {
    expect(parseReceiptBytes(receiptBytes(receipt))).toEqual(receipt);
    const full = exampleReceipt({
      context: new Uint8Array(32).fill(1),
      generation: new Uint8Array(32).fill(2),
      salt: new Uint8Array(32).fill(3),
      segments: Number.MAX_SAFE_INTEGER,
    });
    expect(parseReceiptBytes(receiptBytes(full))).toEqual(full);
    const shared = Buffer.from(receiptBytes(full));
    const read = parseReceiptBytes(shared);
    shared.fill(0);
    expect(read).toEqual(full);
    expect(isAbsent(full.context)).toBe(false);
    expect(isAbsent(receipt.context)).toBe(true);
  });

  test("every byte changes the digest or is refused", () => {
    const bytes = receiptBytes(receipt);
    const digests = new Set([hex(receiptDigest(nodeHasher, receipt))]);
    let refusals = 0;
    for (let i = 0; i < bytes.length; i++) {
      const changed = bytes.map((b, j) => (i === j ? b ^ 0x81 : b));
      try {
        digests.add(hex(receiptDigest(nodeHasher, parseReceiptBytes(changed))));
      } catch (error) {
        expect(error).toMatchObject({ code: "receipt/malformed" });
        refusals++;
      }
    }
    // The magic, the version, and the two upper bytes of a segment count beyond 2^53.
    expect(refusals).toBe(14 + 2 + 2);
    expect(digests.size).toBe(bytes.length - refusals + 1);
  });

  test("of another length, magic or version are refused", () => {
    const bytes = receiptBytes(receipt);
    expect(() => parseReceiptBytes(bytes.subarray(1))).toThrow(malformed("bytes"));
    expect(() => parseReceiptBytes(Uint8Array.from([...bytes, 0]))).toThrow(malformed("bytes"));
    expect(() => parseReceiptBytes(bytes.with(0, 0x41))).toThrow(malformed("bytes"));
    expect(() => parseReceiptBytes(bytes.with(14, 2))).toThrow(malformed("version"));
  });
});

describe("fields", () => {
  test.each(RECEIPT_LAYOUT.filter((f) => f.kind === "bytes"))("$name of another length", (f) => {
    for (const size of [0, f.size - 1, f.size + 1]) {
      const wrong = { ...receipt, [f.name]: new Uint8Array(size) };
      expect(() => receiptBytes(wrong)).toThrow(malformed(f.name));
    }
    const text = { ...receipt, [f.name]: "0x00" } as unknown as Receipt;
    expect(() => receiptBytes(text)).toThrow(malformed(f.name));
  });

  test.each([0, -1, 1.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY])(
    "%d segments",
    (segments) => {
      expect(() => receiptBytes({ ...receipt, segments })).toThrow(malformed("segments"));
    },
  );

  test.each([0, 2, 65537, 1.5])("version %d", (version) => {
    expect(() => receiptBytes({ ...receipt, version })).toThrow(malformed("version"));
  });
});

describe("hex", () => {
  test("is read back", () => {
    const bytes = Uint8Array.of(0, 1, 0xab, 0xff);
    expect(toHex(bytes)).toBe("0x0001abff");
    expect(parseHex("0x0001abff", 4)).toEqual(bytes);
    expect(parseHex("0x", 0)).toEqual(new Uint8Array(0));
  });

  test.each([
    "0001abff",
    "0x0001abf",
    "0x0001abff00",
    "0x0001ABFF",
    "0X0001abff",
    "0x0001abfg",
    "",
  ])("refused: %j", (text) => {
    expect(parseHex(text, 4)).toBeUndefined();
  });
});

describe("salts", () => {
  const salt = new Uint8Array(SALT_SIZE).fill(9);
  const root = sha256(Buffer.from("root"));

  test("mask a root by the formula; without one the root stays", () => {
    const expected = sha256(Buffer.of(0x37, 1, 0x22), salt, root);
    expect(hex(maskRoot(nobleHasher, "inputs", root, salt))).toBe(hex(expected));
    expect(maskRoot(nobleHasher, "inputs", root, undefined)).toBe(root);
  });

  test("mask the three roots differently, and differently each time", () => {
    const other = salt.with(0, 8);
    const all = (["inputs", "outputs", "trace"] as const).flatMap((kind) =>
      [salt, other].map((s) => hex(maskRoot(nobleHasher, kind, root, s))),
    );
    expect(new Set(all).size).toBe(6);
  });

  test("are committed to", () => {
    const commitment = saltCommitment(nobleHasher, salt);
    expect(hex(commitment)).toBe(hex(sha256(Buffer.of(0x36, 1), salt)));
    expect(isSaltOf(nobleHasher, commitment, salt)).toBe(true);
    expect(isSaltOf(nobleHasher, commitment, salt.with(31, 8))).toBe(false);
    expect(isSaltOf(nobleHasher, commitment, salt.subarray(1))).toBe(false);
  });

  test("have one length", () => {
    for (const run of [
      () => saltCommitment(nobleHasher, salt.subarray(1)),
      () => maskRoot(nobleHasher, "trace", root, new Uint8Array(0)),
    ]) {
      expect(run).toThrow(expect.objectContaining({ code: "receipt/malformed" }));
    }
  });
});
