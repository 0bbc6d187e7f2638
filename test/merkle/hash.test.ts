import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concat, type Hasher, hashParts, nobleHasher } from "../../src/merkle/hash.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import { hex, sha256 } from "./reference.js";

const HASHERS: readonly Hasher[] = [nobleHasher, nodeHasher];

describe.each(HASHERS)("SHA-256 by $name", (hasher) => {
  // FIPS 180-4 examples.
  test.each([
    ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    [
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ],
  ])("of %j", (text, digest) => {
    expect(hex(hasher.hash(new TextEncoder().encode(text)))).toBe(digest);
  });

  test("every byte of a digest is kept, at any offset", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(40), (message, at) => {
        const expected = hex(sha256(message));
        expect(hex(hasher.hash(message))).toBe(expected);
        const out = new Uint8Array(at + 33).fill(0xee);
        hasher.hashInto(message, out, at);
        expect(hex(out.subarray(at, at + 32))).toBe(expected);
        expect(out[at + 32]).toBe(0xee);
        if (at > 0) expect(out[at - 1]).toBe(0xee);
      }),
    );
  });

  test("of a view into a larger buffer", () => {
    const all = Uint8Array.from({ length: 100 }, (_, i) => i);
    expect(hex(hasher.hash(all.subarray(10, 75)))).toBe(hex(sha256(all.slice(10, 75))));
  });

  test("of parts is of their concatenation", () => {
    const parts = [Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(3)];
    expect(hex(hashParts(hasher, ...parts))).toBe(hex(sha256(Uint8Array.of(1, 2, 3))));
    expect(concat(...parts)).toEqual(Uint8Array.of(1, 2, 3));
  });
});
