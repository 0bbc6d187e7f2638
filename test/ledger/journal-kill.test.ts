import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openJournal } from "../../src/ledger/file-storage.js";
import { takeLock } from "../../src/ledger/lock.js";
import { Random } from "../fuzz/random.js";
import { recordOf } from "./appender.js";
import { hex, textsOf } from "./journal-scenario.js";

let home = "";

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "assay-journal-"));
});

afterAll(() => rmSync(home, { recursive: true }));

/** Lets a process append until so many acknowledgements were read, then kills it, at once or later. */
async function appendAndKill(folder: string, lines: number, delay: number): Promise<number> {
  const script = resolve(import.meta.dirname, "appender.ts");
  const args = ["--import", "tsx", script, "--append", folder];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  let acknowledged = 0;
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const opened = /^open (\d+)/.exec(line);
    acknowledged = Number(opened ? opened[1] : line);
    if (++seen === lines) setTimeout(() => child.kill("SIGKILL"), delay);
  }
  await ended;
  expect(seen).toBeGreaterThanOrEqual(lines);
  return acknowledged;
}

describe("a process that is killed", () => {
  test("at any moment: every acknowledgement that was read holds, and its lock is taken over", async () => {
    const folder = join(home, "killed");
    const random = new Random(11);
    let before = 0;
    for (let round = 0; round < 3; round++) {
      const acknowledged = await appendAndKill(folder, 2 + random.below(60), random.below(8));
      expect(acknowledged).toBeGreaterThan(before);
      const { journal, records } = await openJournal(folder);
      expect(journal.count).toBeGreaterThanOrEqual(acknowledged);
      const texts = await textsOf({ records });
      expect(texts).toEqual(texts.map((_, n) => hex(recordOf(n))));
      expect(texts.length).toBe(journal.count);
      before = journal.count;
      await journal.close();
    }
  });
});

describe("the lock", () => {
  test("one journal at a time has a folder, and gives it back", async () => {
    const folder = join(home, "deep", "er");
    const { journal } = await openJournal(folder);
    await expect(openJournal(folder)).rejects.toMatchObject({
      code: "ledger/locked",
      message: `process ${process.pid} has ${folder} open`,
      facts: { pid: process.pid },
    });
    await journal.close();
    await (await openJournal(folder)).journal.close();
    expect(readdirSync(folder).filter((name) => name.startsWith("lock-"))).toEqual(["lock-2"]);
  });

  test("is given back where the log is refused", async () => {
    const folder = join(home, "refused");
    const { journal } = await openJournal(folder);
    await journal.append([new Uint8Array(3)]);
    await journal.close();
    writeFileSync(join(folder, "head"), "");
    for (let i = 0; i < 2; i++) {
      await expect(openJournal(folder)).rejects.toMatchObject({ code: "ledger/corrupt" });
    }
  });

  test.each([
    ["of a process that is no more", JSON.stringify({ pid: 2 ** 22 + 1, began: "1" })],
    ["of an earlier process of this number", JSON.stringify({ pid: process.pid, began: "1" })],
    ["that says nothing", "{"],
  ])("%s is taken over", (_, text) => {
    const folder = mkdtempSync(join(home, "stale-"));
    writeFileSync(join(folder, "lock-7"), text);
    const lock = takeLock(folder);
    expect(readdirSync(folder)).toEqual(["lock-8"]);
    expect(() => takeLock(folder)).toThrow(`process ${process.pid} has`);
    lock.release();
  });

  test("removed by hand, and another's since, is not given back for the other", () => {
    const folder = mkdtempSync(join(home, "removed-"));
    const lock = takeLock(folder);
    rmSync(join(folder, "lock-1"));
    lock.release();
    const other = JSON.stringify({ pid: 1, began: "" });
    writeFileSync(join(folder, "lock-1"), other);
    lock.release();
    expect(readFileSync(join(folder, "lock-1"), "utf8")).toBe(other);
  });

  test("of a running process is not, whoever's it is", () => {
    const folder = mkdtempSync(join(home, "alive-"));
    writeFileSync(join(folder, "lock-1"), JSON.stringify({ pid: 1, began: "" }));
    expect(() => takeLock(folder)).toThrow("process 1 has");
  });

  test("of many processes at once one gets it", async () => {
    const folder = mkdtempSync(join(home, "many-"));
    writeFileSync(join(folder, "lock-3"), JSON.stringify({ pid: 2 ** 22 + 1, began: "1" }));
    const others = Array.from({ length: 3 }, () => taking(folder));
    const outcomes = await Promise.all(others.map(({ outcome }) => outcome));
    for (const { end } of others) end();
    expect(outcomes.sort()).toEqual([...Array(2).fill("ledger/locked"), "mine"]);
  });
});

/** A process that tries to take the lock, says what it got, and lives until its pipe is closed. */
function taking(folder: string): { outcome: Promise<string>; end: () => void } {
  const lock = resolve(import.meta.dirname, "../../src/ledger/lock.ts");
  const code = `import { takeLock } from ${JSON.stringify(lock)};
    try { takeLock(process.argv[1]); console.log("mine"); } catch (e) { console.log(e.code); }
    process.stdin.resume().on("end", () => process.exit());`;
  const args = ["--import", "tsx", "--input-type=module", "-e", code, folder];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    outcome: lines.next().then(({ value }) => String(value)),
    end: () => void child.stdin.end(),
  };
}
