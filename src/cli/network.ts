import { AssayError } from "../../operators/basis.js";
import { loadModelAndSkeleton } from "../files/load-model.js";
import { nodeHasher } from "../merkle/node-hash.js";
import { parseHex, toHex } from "../receipt/hex.js";
import type { Speaker } from "../service/agent.js";
import { Account } from "../service/client/account.js";
import { RemoteLedger } from "../service/client/remote-ledger.js";
import { type HostedModel, hostModel } from "../service/hosted-model.js";
import type { MessageBody } from "../settlement/messages.js";
import { RuleBook } from "../settlement/rule-book.js";
import type { Io } from "./command.js";
import { loadKey } from "./keys.js";
import type { LedgerArguments } from "./network-options.js";
import { hexOption } from "./options.js";

/**
 * Connects, replays and checks all of the ledger's events, and follows it while `work` goes on. Throws
 * `ledger/unreachable`, and `ledger/corrupt` where it is not the ledger that is expected.
 */
export async function withLedger<T>(
  { ledger: url, expectLedger }: LedgerArguments,
  signal: AbortSignal,
  work: (ledger: RemoteLedger, book: RuleBook) => Promise<T>,
): Promise<T> {
  const expect =
    expectLedger === undefined
      ? {}
      : { expect: toHex(hexOption("expect-ledger", expectLedger, 32)) };
  requireHttp(url);
  const book = new RuleBook(nodeHasher);
  // Not the signal of the work itself: ending it in order may need to say something.
  const ledger = await connectUnless(signal, (stop) =>
    RemoteLedger.connect(url, { book, signal: stop, ...expect }),
  );
  try {
    return await work(ledger, book);
  } finally {
    await ledger.close();
  }
}

async function connectUnless<T>(
  signal: AbortSignal,
  connect: (stop: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stop = (): void => controller.abort(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await connect(controller.signal);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function requireHttp(url: string): void {
  const protocol = URL.canParse(url) ? new URL(url).protocol : "";
  if (protocol === "http:" || protocol === "https:") return;
  throw new AssayError("usage", `--ledger takes an http or https address, not "${url}"`, {
    hint: "such as http://127.0.0.1:7420",
  });
}

/** The account of a key file, or of the local key. */
export function accountOf(ledger: RemoteLedger, key: string | undefined, io: Io): Speaker {
  return new Account(ledger, nodeHasher, loadKey(key, io.env, io.disk));
}

/** Says something that the ledger must take. Throws `ledger/refused`. */
export async function sayOrThrow(account: Speaker, body: MessageBody): Promise<void> {
  const said = await account.say(body);
  if (!("refusal" in said)) return;
  const { code, message } = said.refusal;
  throw new AssayError("ledger/refused", `the ledger refuses: ${message}`, { facts: { code } });
}

/** Reads models as those have them who run them, by digest. */
export function hostModels(paths: readonly string[]): Map<string, HostedModel> {
  if (paths.length === 0) {
    throw new AssayError("usage", "no model is given", { hint: "--model <file.onnx>" });
  }
  const hosted = paths.map((path) => hostModel(nodeHasher, loadModelAndSkeleton(path)));
  return new Map(hosted.map((model) => [model.id, model]));
}

/** An account's address: 20 bytes of hex. Throws `usage`. */
export function addressArgument(text: string): string {
  const bytes = parseHex(text.toLowerCase(), 20);
  if (bytes) return toHex(bytes);
  throw new AssayError("usage", `"${text}" is no address`, {
    hint: "0x and 40 hex digits; assay account shows yours",
  });
}

/** The digest that names a job. Throws `usage`. */
export function jobArgument(text: string): string {
  const bytes = parseHex(text.toLowerCase(), 32);
  if (bytes) return toHex(bytes);
  throw new AssayError("usage", `"${text}" is no job`, {
    hint: "0x and 64 hex digits, as assay job post says them",
  });
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3600_000 };

/** "90s", "10m", "2h", "500ms" as milliseconds. Throws `usage`. */
export function durationOption(option: string, text: string): number {
  const match = /^(\d{1,9})(ms|s|m|h)$/.exec(text);
  const value = Number(match?.[1]) * (UNITS[match?.[2] ?? ""] ?? Number.NaN);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new AssayError("usage", `--${option} takes a duration, not "${text}"`, {
    hint: "such as 90s, 10m or 2h",
  });
}
