import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { assay, namesIn, type Ran, workFolder } from "./support.js";

const folder = workFolder();
const path = (...names: string[]): string => join(folder, ...names);
const env = { ASSAY_HOME: path("home") };
const model = join(import.meta.dirname, "../../fixtures/digits/model.onnx");

/** A service in this process, until `stop`, which is a Ctrl-C that only it hears. */
class Service {
  private text = "";
  private own: NodeJS.SignalsListener[] = [];
  readonly ended: Promise<number>;
  private heard: () => void = () => {};

  constructor(args: readonly string[]) {
    const others = process.listeners("SIGINT");
    // A command is imported when it runs, so it listens when it first says something, not before.
    const write = (text: string): void => {
      if (this.text === "") {
        this.own = process.listeners("SIGINT").filter((l) => !others.includes(l));
      }
      this.text += text;
      this.heard();
    };
    this.ended = assay([...args, "--json"], { env, stdout: { write } }).then((ran) => ran.code);
  }

  async line(holds: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    for (;;) {
      const lines = this.text.split("\n").filter((l) => l !== "");
      const found = lines.map((l) => JSON.parse(l) as Record<string, unknown>).find(holds);
      if (found) return found;
      await new Promise<void>((done) => {
        this.heard = done;
      });
    }
  }

  stop(): Promise<number> {
    for (const listener of this.own) {
      process.off("SIGINT", listener);
      listener("SIGINT");
    }
    return this.ended;
  }
}

async function serving(name: string, work: (url: string, id: string) => Promise<void>) {
  const service = new Service(["ledger", "serve", path(name), "--port", "0"]);
  const { url, ledger } = await service.line((l) => l.url !== undefined);
  await work(String(url), String(ledger));
  expect(await service.stop()).toBe(0);
}

const run = (...args: string[]): Promise<Ran> => assay(args, { env });

describe("a ledger", () => {
  test("is founded, served, given money and checked", async () => {
    await serving("first", async (url, id) => {
      const to = ["--ledger", url, "--expect-ledger", id];
      const own = await run("account", ...to, "--json");
      const { address } = own.json;
      expect(own.json).toMatchObject({ ledger: id, free: 0, stake: 0, locked: [] });
      const given = await run("ledger", "deposit", address, "--amount", "5e5", ...to);
      expect(given.stdout).toBe(`  ${address} got 500000 and has 500000 free\n`);
      expect((await run("account", "--stake", "200000", ...to, "--json")).json.stake).toBe(200000);
      const little = await run("account", "--withdraw", "999999", ...to);
      expect([little.code, little.stderr]).toEqual([
        2,
        expect.stringContaining("[ledger/refused]"),
      ]);
      const both = await run("account", "--stake", "1", "--unstake", "1", ...to);
      expect(both.stderr).toContain("--stake and --unstake cannot be done at once");
      const other = await run("account", "--ledger", url, "--expect-ledger", "00".repeat(32));
      expect([other.code, other.stderr]).toEqual([2, expect.stringContaining("[ledger/corrupt]")]);
      const unknown = await run("job", "show", `0x${"00".repeat(32)}`, ...to);
      expect(unknown.stderr).toContain("there is no job");
      const busy = await run("ledger", "check", path("first"));
      expect(busy.stderr).toContain("[ledger/locked]");
      const stranger = ["executor", "serve", "-m", model, "--data", path("data"), ...to];
      expect((await run(...stranger)).stderr).toContain("--register registers it");
    });
    const checked = await run("ledger", "check", path("first"), "--json");
    expect(checked.code).toBe(0);
    expect(checked.json).toMatchObject({
      outcome: "whole",
      events: 3,
      ledger: { money: { minted: 500000, burned: 0 }, accounts: [{ free: 300000, stake: 200000 }] },
    });
    const said = await run("ledger", "check", path("first"));
    expect(said.stdout).toContain("WHOLE: 3 events");
  });

  test("keeps its secrets from others", () => {
    for (const name of ["beacon", "events.log", "head"]) {
      expect(statSync(path("first", name)).mode & 0o077).toBe(0);
    }
  });

  test("that was tampered with is named so, with its first wrong record", async () => {
    const log = path("first", "events.log");
    const bytes = readFileSync(log);
    bytes[bytes.length - 60] = (bytes[bytes.length - 60] as number) ^ 1;
    writeFileSync(log, bytes);
    const { code, json } = await run("ledger", "check", path("first"), "--json");
    expect(code).toBe(1);
    expect(json).toMatchObject({
      outcome: "corrupt",
      problem: { code: "ledger/corrupt", facts: { record: 2 } },
    });
    const served = await run("ledger", "serve", path("first"), "--port", "0");
    expect(served.stderr).toContain("[ledger/corrupt]");
  });

  test("takes parameters once, strictly, and no folder of something else", async () => {
    const parameters = (value: unknown): string => {
      writeFileSync(path("p.json"), typeof value === "string" ? value : JSON.stringify(value));
      return path("p.json");
    };
    for (const [value, words] of [
      ["{", "they are no JSON"],
      [{ fees: { jobs: 3 } }, 'there is no "fees.jobs"'],
      [{ salt: "0x" }, 'there is no "salt"'],
      [{ fees: { job: -1 } }, "parameters.fees.job"],
      [{ windows: 3 }, "parameters.windows is an object"],
    ] as const) {
      const ran = await run(
        "ledger",
        "serve",
        path("new"),
        "--port",
        "0",
        "--parameters",
        parameters(value),
      );
      expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining(words)]);
      expect(existsSync(path("new"))).toBe(false);
    }
    writeFileSync(path("home", "note.txt"), "mine");
    const before = namesIn(path("home"));
    const taken = await run("ledger", "serve", path("home"), "--port", "0");
    expect(taken.stderr).toContain("is not empty and holds no ledger");
    expect(namesIn(path("home"))).toEqual(before);
  });

  test("is reached by others only where that is meant", async () => {
    const ran = await run("ledger", "serve", path("open"), "--host", "0.0.0.0");
    expect(ran.stderr).toContain("speaks no TLS");
    expect(ran.stderr).toContain("proxy with TLS");
    expect(existsSync(path("open"))).toBe(false);
  });

  test("that is not there, and arguments that are nothing", async () => {
    const away = await run("account", "--ledger", "http://127.0.0.1:9");
    expect([away.code, away.stderr]).toEqual([2, expect.stringContaining("[ledger/unreachable]")]);
    for (const [args, words] of [
      [["account", "--ledger", "ftp://x"], "--ledger takes an http or https address"],
      [["ledger", "deposit", "me", "--amount", "1", "--ledger", "http://x"], '"me" is no address'],
      [["job", "show", "0x12", "--ledger", "http://x"], '"0x12" is no job'],
      [["watch", "--ledger", "http://x"], "no model is given"],
      [
        ["job", "post", model, "--within", "soon", "--ledger", "http://x"],
        "--within takes a duration",
      ],
      [["ledger", "check", path("nowhere")], "there is no ledger in"],
    ] as const) {
      const ran = await run(...args);
      expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining(words)]);
    }
  });
});
