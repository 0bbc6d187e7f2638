import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { checkOut } from "../../bench/compare/checkout.js";
import type { Duel } from "../../bench/compare/duel.js";
import { SECTIONS } from "../../bench/compare/sections.js";
import { against, rowOf, verdictOf } from "../../bench/compare/verdict.js";

const folder = mkdtempSync(join(tmpdir(), "assay-compare-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a verdict", () => {
  test("needs three quarters of the rounds and every pair of processes", () => {
    expect(
      verdictOf([
        [1.2, 1.3, 1.1],
        [1.2, 1.25, 1.3],
      ]),
    ).toMatchObject({ word: "slower" });
    expect(
      verdictOf([
        [0.8, 0.9, 0.7],
        [0.85, 0.8, 0.9],
      ]),
    ).toMatchObject({ word: "faster" });
    expect(
      verdictOf([
        [1.3, 1.3, 1.3],
        [1.0, 1.01, 1.0],
      ]).word,
    ).toBe("same");
    expect(verdictOf([[0.7, 1.4, 1.5, 0.9, 1.1]]).word).toBe("same");
    expect(verdictOf([[1.01, 1.01, 1.01]]).word).toBe("same");
  });

  test("states median and quartiles", () => {
    const { ratio, low, high } = verdictOf([[1, 2, 3, 4, 5]]);
    expect([ratio, low, high]).toEqual([3, 2, 4]);
  });
});

describe("a limit", () => {
  const duelOf = (ratio: number, sameBits = true): Duel => ({
    pairs: [[ratio, ratio, ratio]],
    oldMs: 1,
    newMs: ratio,
    sameBits,
  });

  test("fails what is slower than it or gives other bits; what was not compared is not proven", () => {
    const rows = [
      rowOf("faster", duelOf(0.8)),
      rowOf("within", duelOf(1.05)),
      rowOf("slower", duelOf(1.2)),
      rowOf("other", duelOf(0.9, false)),
      rowOf("new", { failed: "the old one has no such file" }),
    ];
    expect(against(rows, 1.1)).toEqual({ failing: ["slower", "other"], unproven: ["new"] });
    expect(rows.map((r) => r.word)).toEqual([
      "faster",
      "SLOWER",
      "SLOWER",
      "faster OTHER BITS",
      "not compared: the old one has no such file",
    ]);
  });
});

describe("a checkout", () => {
  const repository = join(folder, "repository");
  const git = (...args: string[]): string =>
    execFileSync("git", ["-C", repository, ...args], { encoding: "utf8" }).trim();
  const who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"];

  test("is an older revision beside the newer one, and leaves nothing behind", () => {
    mkdirSync(join(repository, "node_modules"), { recursive: true });
    writeFileSync(join(repository, "node_modules/kept"), "kept");
    execFileSync("git", ["init", "-q", repository]);
    for (const text of ["old", "new"]) {
      writeFileSync(join(repository, "file"), text);
      git("add", "file");
      git(...who, "commit", "-q", "-m", text);
    }
    const older = checkOut(repository, "HEAD~1");
    expect(readFileSync(join(older.folder, "file"), "utf8")).toBe("old");
    expect(readFileSync(join(older.folder, "node_modules/kept"), "utf8")).toBe("kept");
    expect(older.commit).toBe(git("rev-parse", "HEAD~1"));
    writeFileSync(join(older.folder, "made"), "by a build");
    older.remove();
    older.remove();
    expect(existsSync(older.folder)).toBe(false);
    expect(git("worktree", "list").split("\n").length).toBe(1);
    expect(readFileSync(join(repository, "node_modules/kept"), "utf8")).toBe("kept");
    expect(readFileSync(join(repository, "file"), "utf8")).toBe("new");
  });

  test("of no revision is refused, as is one that is an option", () => {
    for (const revision of ["nowhere", "--all"]) {
      expect(() => checkOut(repository, revision)).toThrow("rev-parse");
    }
    expect(git("worktree", "list").split("\n").length).toBe(1);
  });
});

test("every section's files are made", () => {
  const sections = Object.values(SECTIONS).map((make) => make(folder));
  for (const section of sections) {
    if (section.kind === "run") expect(existsSync(section.model)).toBe(true);
    for (const arg of "args" in section ? section.args : []) {
      if (arg.startsWith("/")) expect(existsSync(arg)).toBe(true);
    }
  }
});
