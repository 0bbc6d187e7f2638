import { createHash } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AssayError } from "../../operators/index.js";
import { BEACON_LINKS, BeaconChain, follows, loadBeacon } from "../../src/ledger/beacon-chain.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import { hex } from "./journal-scenario.js";

let home = "";

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "assay-beacon-"));
});

afterAll(() => rmSync(home, { recursive: true }));

const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();

/** Every link, written down: link i is the seed hashed n − i times. */
function plain(seed: Uint8Array, links: number): string[] {
  const chain = [seed];
  for (let i = 0; i < links; i++) chain.push(sha256(chain.at(-1) as Uint8Array));
  return chain.reverse().map(hex);
}

describe("a beacon's chain", () => {
  test("is the plain one, at every length and link", () => {
    const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(seed, fc.integer({ min: 1, max: 70 }), (bytes, links) => {
        const chain = new BeaconChain(bytes, links);
        const all = plain(bytes, links);
        expect(all.map((_, i) => hex(chain.link(i)))).toEqual(all);
        expect(hex(chain.anchor)).toBe(all[0]);
      }),
      { numRuns: 60 },
    );
  });

  test("each link leads to the one before, and to no other", () => {
    const chain = new BeaconChain(new Uint8Array(32).fill(9), 40);
    for (let i = 1; i <= 40; i++) {
      expect(follows(nodeHasher, chain.link(i - 1), chain.link(i))).toBe(true);
      expect(follows(nodeHasher, chain.link(i), chain.link(i - 1))).toBe(false);
    }
    expect(follows(nodeHasher, chain.anchor, chain.link(1).subarray(1))).toBe(false);
  });

  test("ends by name", () => {
    const chain = new BeaconChain(new Uint8Array(32), 5);
    expect(hex(chain.link(5))).toBe("00".repeat(32));
    expect(() => chain.link(6)).toThrow(AssayError);
    expect(() => chain.link(6)).toThrow("the beacon has 5 links and no link 6");
    for (const i of [-1, 1.5, Number.NaN]) expect(() => chain.link(i)).toThrow(RangeError);
    for (const n of [0, -1, 2 ** 25])
      expect(() => new BeaconChain(chain.anchor, n)).toThrow(RangeError);
    expect(() => new BeaconChain(new Uint8Array(31), 5)).toThrow(RangeError);
  });

  test("nobody can change it through a link", () => {
    const chain = new BeaconChain(new Uint8Array(32), 10);
    const before = [...Array(11).keys()].map((i) => hex(chain.link(i)));
    for (let i = 0; i <= 10; i++) chain.link(i).fill(1);
    expect([...Array(11).keys()].map((i) => hex(chain.link(i)))).toEqual(before);
  });

  test("leaves the seed as it was, a Buffer too", () => {
    const seed = Buffer.alloc(32, 4);
    const chain = new BeaconChain(seed, 9);
    expect([hex(seed), hex(chain.link(9))]).toEqual(["04".repeat(32), "04".repeat(32)]);
  });

  test("of the default length begins and ends right", () => {
    const chain = new BeaconChain(new Uint8Array(32).fill(3));
    let at: Uint8Array = new Uint8Array(32).fill(3);
    for (let i = 0; i < BEACON_LINKS - 1; i++) at = nodeHasher.hash(at);
    expect(hex(chain.link(1))).toBe(hex(at));
    expect(hex(chain.anchor)).toBe(hex(sha256(at)));
  });
});

describe("a beacon's file", () => {
  test("is made once, for its owner only, and read again", async () => {
    const path = join(home, "deep", "beacon");
    const made = await loadBeacon(path, 100);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const again = await loadBeacon(path);
    expect([again.links, hex(again.anchor)]).toEqual([100, hex(made.anchor)]);
    const other = await loadBeacon(join(home, "other"), 100);
    expect(hex(other.anchor)).not.toBe(hex(made.anchor));
  });

  test("that others can read, or that is broken, is refused without showing it", async () => {
    const path = join(home, "broken");
    await loadBeacon(path, 10);
    const text = readFileSync(path, "utf8");
    const seed = text.split(" ")[2] as string;
    const digit = seed.endsWith("0") ? "1" : "0";
    const texts = [
      "",
      text.slice(0, -1),
      `${text} `,
      text.replace("beacon 10", "beacon 11"),
      text.replace("beacon 10", "beacon 99999999"),
      text.replace(seed, seed.slice(0, -1) + digit),
      text.repeat(20),
    ];
    for (const changed of texts) {
      writeFileSync(path, changed);
      const error = await loadBeacon(path).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: "key/invalid" });
      expect(String(error)).not.toContain(seed.slice(2, 20));
    }
    writeFileSync(path, text);
    chmodSync(path, 0o640);
    await expect(loadBeacon(path)).rejects.toMatchObject({
      code: "key/invalid",
      hint: `chmod 600 ${path}`,
    });
  });
});
