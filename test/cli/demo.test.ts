import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DemoOptions, demo } from "../../src/cli/actions/demo.js";
import { picture, sideBySide } from "../../src/cli/demo/picture.js";
import { styleFor } from "../../src/cli/style.js";

const PLAIN = styleFor({ isTTY: false }, {});

let temporary = "";
const before = process.env.TMPDIR;

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), "assay-demo-test-"));
  process.env.TMPDIR = temporary;
});

afterEach(() => {
  rmSync(temporary, { recursive: true, force: true });
  if (before === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = before;
});

async function play(options: Partial<DemoOptions>): Promise<{ code: number; text: string }> {
  let text = "";
  const code = await demo({ backend: "auto", json: false, style: PLAIN, ...options }, (written) => {
    text += written;
  });
  return { code, text };
}

describe("assay demo", () => {
  it("tells who is at fault, where, and what it cost", async () => {
    const { code, text } = await play({});
    expect(code).toBe(0);
    expect(text).toContain("answer      5 (74.1 % sure)");
    expect(text).toContain("VERIFIED: the whole run was re-executed and every bit agrees");
    expect(text).toContain("answer      9 (91.7 % sure), not 5");
    expect(text).toMatch(/^ {3}AT FAULT: the executor that says 9, 0x/m);
    expect(text).toMatch(/^ {3}NOT AT FAULT: the executor that says 5, 0x/m);
    expect(text).toContain("/classifier/hidden/Gemm, a Gemm");
    expect(text).toContain("number 7 of 0 to 10, in the layer /classifier/hidden");
    expect(text).toContain("claimed     9.150111   bits 0x411266db");
    expect(text).toContain("correct     13.15011   bits 0x415266db");
    expect(text).toContain("summed up from 784 products; wrong in numbers 768 to 783");
    expect(text).toMatch(/recomputed \d+ of the run's [\d.]+ M steps of arithmetic\n/);
    expect(text).toMatch(/The demo took [\d.]+ m?s\./);
    expect(text).not.toContain("✗");
    expect(text).not.toMatch(/undefined|NaN|\[object/);
  });

  it("is plain text of at most 100 columns where there is no terminal", async () => {
    const { text } = await play({});
    expect(text).not.toContain("\u001b");
    expect(text.split("\n").filter((line) => line.length > 100 || /\s$/.test(line))).toEqual([]);
  });

  it("leaves nothing behind", async () => {
    expect((await play({})).code).toBe(0);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it("says the same to machines, whatever the backend", async () => {
    const { code, text } = await play({ json: true, backend: "interpreter" });
    expect(code).toBe(0);
    const facts = JSON.parse(text) as Record<string, unknown>;
    expect(facts).toMatchObject({
      asExpected: true,
      model: { operators: 11, segments: 2 },
      honest: { answer: 5, backend: "interpreter", replay: { outcome: "verified" } },
      cheating: { answer: 9, check: { outcome: "verified" } },
      dispute: {
        honest: { atFault: false, outcome: { kind: "not-refuted" } },
        cheating: {
          atFault: true,
          outcome: {
            kind: "refuted",
            evidence: {
              fault: "wrong-stretch",
              operator: { index: 7, name: "/classifier/hidden/Gemm", operator: "Gemm" },
              claimed: "0x411266db",
              correct: "0x415266db",
            },
          },
        },
      },
    });
  });

  it("keeps both runs where it is asked to, and only in a new folder", async () => {
    const keep = join(temporary, "kept");
    const { code, text } = await play({ keep });
    expect(code).toBe(0);
    expect(text).toContain(`assay verify-run ${keep}/honest --model `);
    expect(readdirSync(keep).sort()).toEqual(["cheating", "honest"]);
    for (const who of ["honest", "cheating"]) {
      expect(existsSync(join(keep, who, "receipt.json"))).toBe(true);
      expect(readFileSync(join(keep, who, "run.json"), "utf8")).not.toContain(temporary);
    }
    await expect(play({ keep })).rejects.toMatchObject({ code: "file/write" });
  });
});

describe("the picture of a digit", () => {
  it("joins two rows of pixels and drops empty lines", () => {
    const pixels = [0, 0, 0, 0, 1, 1, 1, 0, 0, 0.5, 0, 0.6, 0, 0, 0, 0];
    expect(picture(pixels, 2)).toEqual(["@+", " +"]);
    expect(picture(new Array(16).fill(0), 4)).toEqual([]);
  });

  it("stands beside its facts", () => {
    expect(sideBySide(["a"], ["1", "2", "3"], 3)).toEqual(["   1", "a  2", "   3"]);
  });
});

describe("style", () => {
  it("colours on a terminal only, and not where NO_COLOR is set", () => {
    expect(styleFor({ isTTY: true }, {}).bad("x")).toBe("\u001b[31mx\u001b[39m");
    expect(styleFor({ isTTY: true }, { NO_COLOR: "" }).bold("x")).toBe("\u001b[1mx\u001b[22m");
    expect(styleFor({ isTTY: true }, { NO_COLOR: "1" }).bad("x")).toBe("x");
    expect(styleFor({ isTTY: true }, { TERM: "dumb" }).good("x")).toBe("x");
    expect(styleFor({}, {}).dim("x")).toBe("x");
  });
});
