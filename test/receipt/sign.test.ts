import { secp256k1 } from "@noble/curves/secp256k1.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nobleHasher } from "../../src/merkle/hash.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import { parseHex, toHex } from "../../src/receipt/hex.js";
import { addressOf, KEY_ENTROPY, keyFromEntropy, parseKey } from "../../src/receipt/key.js";
import { receiptDigest } from "../../src/receipt/receipt.js";
import { recoverAddress, signDigest, signReceipt, verifyReceipt } from "../../src/receipt/sign.js";
import { exampleReceipt, KEY_ONE } from "./example.js";

const ORDER = secp256k1.Point.Fn.ORDER;

function bytesOf(value: bigint): Uint8Array {
  return parseHex(`0x${value.toString(16).padStart(64, "0")}`, 32) as Uint8Array;
}

describe("addresses", () => {
  // The addresses of the keys 1 and 2 are known to every Ethereum tool.
  test.each([
    [1n, "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"],
    [2n, "0x2b5ad5c4795c026514f8317c7a215e218dccd6cf"],
  ])("of key %s", (key, address) => {
    expect(toHex(addressOf(bytesOf(key)))).toBe(address);
  });
});

describe("signatures", () => {
  const digest = nobleHasher.hash(new Uint8Array(3));

  // RFC 6979 deterministic nonce for secp256k1 and SHA-256; vector as published with bitcoinjs and
  // trezor-crypto for key 1 and the message "Satoshi Nakamoto".
  test("are those of RFC 6979", () => {
    const message = new TextEncoder().encode("Satoshi Nakamoto");
    const signature = signDigest(nobleHasher.hash(message), KEY_ONE);
    expect(toHex(signature.subarray(0, 64))).toBe(
      "0x934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8" +
        "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5",
    );
  });

  test("recover to the signer, and are the same every time", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ minLength: KEY_ENTROPY, maxLength: KEY_ENTROPY }),
        (message, entropy) => {
          const key = keyFromEntropy(entropy);
          const signature = signDigest(message, key);
          expect(signature).toHaveLength(65);
          expect([27, 28]).toContain(signature[64]);
          expect(recoverAddress(message, signature)).toEqual(addressOf(key));
          expect(signDigest(message, key)).toEqual(signature);
        },
      ),
      { numRuns: 30 },
    );
  });

  test("with a flipped bit anywhere recover to someone else or to no one", () => {
    const signature = signDigest(digest, KEY_ONE);
    const own = toHex(addressOf(KEY_ONE));
    for (let bit = 0; bit < 65 * 8; bit += 7) {
      const changed = signature.slice();
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      let address = "";
      try {
        address = toHex(recoverAddress(digest, changed));
      } catch (error) {
        expect(error).toMatchObject({ code: "receipt/signature" });
      }
      expect(address).not.toBe(own);
    }
  });

  const good = signDigest(digest, KEY_ONE);
  const r = good.slice(0, 32);
  const s = good.slice(32, 64);
  const v = good[64] as number;
  const highS = bytesOf(ORDER - BigInt(toHex(s)));
  const zero = new Uint8Array(32);
  const put = (a: Uint8Array, b: Uint8Array, c: number): Uint8Array =>
    Uint8Array.from([...a, ...b, c]);

  test.each([
    ["too short", good.slice(0, 64), /64 bytes/],
    ["too long", Uint8Array.from([...good, 0]), /66 bytes/],
    ["r = 0", put(zero, s, v), /an r outside/],
    ["r = n", put(bytesOf(ORDER), s, v), /an r outside/],
    ["s = 0", put(r, zero, v), /an s outside/],
    ["s = n", put(r, bytesOf(ORDER), v), /an s outside/],
    ["the other s of the same signature", put(r, highS, v === 27 ? 28 : 27), /high s/],
    ["v = 0", put(r, s, v - 27), /v = /],
    ["v = 29", put(r, s, 29), /v = 29/],
    ["r of no point", put(bytesOf(5n), s, v), /belongs to no key/],
  ])("refused: %s", (_name, signature, message) => {
    expect(() => recoverAddress(digest, signature)).toThrow(
      expect.objectContaining({
        code: "receipt/signature",
        message: expect.stringMatching(message),
      }),
    );
  });

  test("s = n/2 rounded down is low, and one more is high", () => {
    const half = ORDER / 2n;
    expect(() => recoverAddress(digest, put(r, bytesOf(half + 1n), v))).toThrow(/high s/);
    expect(recoverAddress(digest, put(r, bytesOf(half), v))).toHaveLength(20);
  });
});

describe("signed receipts", () => {
  const receipt = exampleReceipt();

  test("verify on both hashers", () => {
    const signed = signReceipt(nobleHasher, receipt, KEY_ONE);
    expect(signReceipt(nodeHasher, receipt, KEY_ONE)).toEqual(signed);
    expect(verifyReceipt(nodeHasher, signed)).toBeUndefined();
    expect(recoverAddress(receiptDigest(nobleHasher, receipt), signed.signature)).toEqual(
      receipt.executor,
    );
  });

  test("another key may not sign", () => {
    expect(() => signReceipt(nobleHasher, receipt, bytesOf(2n))).toThrow(
      expect.objectContaining({ code: "key/invalid" }),
    );
  });

  test("no field can be changed afterwards", () => {
    const { signature } = signReceipt(nobleHasher, receipt, KEY_ONE);
    for (const [name, value] of Object.entries(receipt)) {
      if (name === "version") continue;
      const other =
        typeof value === "number" ? value + 1 : value.map((b: number, i: number) => b ^ +(i === 0));
      const changed = { ...receipt, [name]: other };
      expect(() => verifyReceipt(nobleHasher, { receipt: changed, signature }), name).toThrow(
        expect.objectContaining({ code: "receipt/signature" }),
      );
    }
  });
});

describe("key files", () => {
  const digits = `${"00".repeat(31)}01`;

  test.each([digits, `0x${digits}`, `0x${digits}\n`, `${digits}\r\n`])("accepted: %j", (text) => {
    expect(parseKey(text)).toEqual(KEY_ONE);
  });

  test("upper-case digits are the same key", () => {
    expect(parseKey("AB".repeat(32))).toEqual(parseKey("ab".repeat(32)));
  });

  test.each([
    ["nothing", ""],
    ["short", digits.slice(2)],
    ["long", `${digits}00`],
    ["two lines", `${digits}\n\n`],
    ["a space before", ` ${digits}`],
    ["other characters", `zz${digits.slice(2)}`],
    ["zero", "00".repeat(32)],
    ["the order", ORDER.toString(16)],
    ["all ones", "ff".repeat(32)],
  ])("refused, and not repeated: %s", (_name, text) => {
    let thrown: unknown;
    try {
      parseKey(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: "key/invalid" });
    if (text.length > 60)
      expect(String((thrown as Error).message)).not.toContain(text.slice(2, 40));
  });

  test("entropy has one length", () => {
    expect(() => keyFromEntropy(new Uint8Array(32))).toThrow(/48 random bytes/);
  });
});
