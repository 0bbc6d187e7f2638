import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  frameRecords,
  LOG_HEADER,
  LOG_START,
  MAX_RECORD,
} from "../../src/ledger/journal-format.js";
import { encodeHead, SLOT_SIZE, SLOT_STRIDE } from "../../src/ledger/journal-head.js";
import { nodeHasher } from "../../src/merkle/node-hash.js";
import { codeBlocks, readPage, unwrapped } from "../docs/pages.js";
import { hex } from "./journal-scenario.js";

const page = readPage("docs/ledger-log.md");

describe("docs/ledger-log.md", () => {
  test("the log it shows is what is written, and what its words say", () => {
    const records = ["", "abc"].map((text) => new TextEncoder().encode(text));
    const { bytes } = frameRecords(nodeHasher, LOG_START, records);
    const [shown = ""] = codeBlocks(page, "");
    expect(shown.replace(/\s/g, "")).toBe(hex(LOG_HEADER) + hex(bytes));
    const sha256 = (...parts: Uint8Array[]): Buffer =>
      createHash("sha256")
        .update(Buffer.concat([Buffer.of(0x3a, 1), ...parts]))
        .digest();
    const first = sha256(Buffer.alloc(32));
    const second = sha256(first, Buffer.from("abc"));
    expect(shown).toContain(hex(first));
    expect(shown).toContain(hex(second));
  });

  test("the head is laid out as it says", () => {
    const chain = new Uint8Array(32).fill(0xcc);
    const slot = Buffer.from(encodeHead(nodeHasher, { sequence: 5, count: 6, length: 700, chain }));
    expect([slot.length, SLOT_SIZE, SLOT_STRIDE, MAX_RECORD]).toEqual([104, 104, 4096, 2 ** 24]);
    expect(page).toContain(slot.subarray(0, 16).toString("hex"));
    expect([16, 24, 32].map((at) => slot.readBigUInt64LE(at))).toEqual([5n, 6n, 700n]);
    expect(hex(slot.subarray(40, 72))).toBe(hex(chain));
    const check = createHash("sha256").update(slot.subarray(0, 72)).digest();
    expect(hex(slot.subarray(72))).toBe(hex(check));
    expect(unwrapped(page)).toContain("at offsets 0 and 4096, of 104 bytes each");
  });
});
