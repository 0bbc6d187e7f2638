import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { AssayError } from "../../../operators/index.js";
import { toHex } from "../../receipt/hex.js";
import { addressOf, KEY_ENTROPY, keyFromEntropy } from "../../receipt/key.js";

/** A key in a file, for one of the demo's processes. */
export interface Resident {
  readonly name: string;
  readonly key: Uint8Array;
  readonly keyFile: string;
  readonly address: string;
}

/** One line of a service's log. */
type Line = Readonly<Record<string, unknown>>;

/** How long a process may take to end in order, in milliseconds. */
const PATIENCE = 8_000;

/** Processes of this program, each with a key of its own, in one folder; all end with `close`. */
export class Town {
  private readonly running: Running[] = [];

  constructor(readonly folder: string) {
    process.once("exit", this.kill);
  }

  resident(name: string): Resident {
    const key = keyFromEntropy(new Uint8Array(randomBytes(KEY_ENTROPY)));
    const keyFile = join(this.folder, `${name}.key`);
    writeFileSync(keyFile, `${Buffer.from(key).toString("hex")}\n`, { mode: 0o600, flag: "wx" });
    return { name, key, keyFile, address: toHex(addressOf(key)) };
  }

  start(name: string, args: readonly string[]): Running {
    const running = new Running(name, [...args, "--json"]);
    this.running.push(running);
    return running;
  }

  /** Ends all but the ledger, which was started first, so that it hears of their leaving. */
  async closeAllButFirst(): Promise<void> {
    await Promise.all(this.running.slice(1).map((r) => r.stop()));
  }

  async close(): Promise<void> {
    await this.closeAllButFirst();
    await this.running[0]?.stop();
    process.off("exit", this.kill);
  }

  private readonly kill = (): void => {
    for (const { child } of this.running) child.kill("SIGKILL");
  };
}

/** A process of this program, with what it says in JSON lines. */
export class Running {
  readonly child: ChildProcess;
  readonly lines: Line[] = [];
  /** What it said besides, such as errors of the engine. */
  private said = "";
  /** Exit code; null where a signal ended it. */
  readonly ended: Promise<number | null>;
  private readonly heard = new Set<() => void>();
  private over = false;

  constructor(
    readonly name: string,
    args: readonly string[],
  ) {
    const main = fileURLToPath(new URL("../main.js", import.meta.url));
    // The channel tells it when this process is no more.
    this.child = spawn(process.execPath, [main, ...args], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.child.stderr?.on("data", (text) => {
      this.said = `${this.said}${text}`.slice(-4000);
    });
    const out = this.child.stdout as NodeJS.ReadableStream;
    createInterface({ input: out }).on("line", (line) => this.hear(line));
    this.ended = new Promise((done) => {
      this.child.on("error", () => done(null));
      this.child.on("close", (code) => done(code));
    });
    void this.ended.then(() => {
      this.over = true;
      this.wake();
    });
  }

  /** The first line that fits, said already or to come. Throws `run/incomplete` where it ends before. */
  async line(fits: (line: Line) => boolean, signal: AbortSignal): Promise<Line> {
    for (;;) {
      signal.throwIfAborted();
      const found = this.lines.find(fits);
      if (found) return found;
      if (this.over) throw this.failure();
      await this.news(signal);
    }
  }

  failure(): AssayError {
    const last = JSON.stringify(this.lines.at(-1) ?? {});
    return new AssayError("run/incomplete", `the process ${this.name} ended early: ${last}`, {
      hint: this.said.trim() || "it said nothing else",
    });
  }

  /** Asks it to end; yields its exit code. */
  async stop(): Promise<number | null> {
    if (!this.over) this.child.kill("SIGTERM");
    const late = setTimeout(() => this.child.kill("SIGKILL"), PATIENCE);
    const code = await this.ended;
    clearTimeout(late);
    return code;
  }

  private hear(text: string): void {
    try {
      this.lines.push(JSON.parse(text) as Line);
    } catch {
      this.said += `${text}\n`;
    }
    this.wake();
  }

  private wake(): void {
    for (const wake of [...this.heard]) wake();
  }

  private news(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.heard.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.heard.add(done);
      signal.addEventListener("abort", done, { once: true });
    });
  }
}
