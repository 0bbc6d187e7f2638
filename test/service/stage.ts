import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { afterEach } from "vitest";
import { BlobStore } from "../../src/ledger/blobs.js";
import { EmbeddedLedger } from "../../src/ledger/embedded.js";
import { openJournal } from "../../src/ledger/file-storage.js";
import { namedBlobs } from "../../src/ledger/named-blobs.js";
import { nodeHasher as hasher } from "../../src/merkle/node-hash.js";
import type { ServerLimits } from "../../src/service/server/limits.js";
import { createLedgerServer } from "../../src/service/server/server.js";
import type { Message, MessageBody } from "../../src/settlement/messages.js";
import { DEFAULT_PARAMETERS, type Parameters } from "../../src/settlement/parameters.js";
import { RuleBook } from "../../src/settlement/rule-book.js";
import { type SignedMessage, signMessage } from "../../src/settlement/sign-message.js";
import { type Account, OPERATOR } from "../settlement/world.js";

export const PARAMETERS: Parameters = {
  ...DEFAULT_PARAMETERS,
  salt: `0x${"00".repeat(32)}`,
  operator: OPERATOR.address,
  beacon: `0x${"07".repeat(32)}`,
};

/** A served ledger in a folder of its own. */
export interface Stage {
  readonly folder: string;
  readonly ledger: EmbeddedLedger;
  readonly app: FastifyInstance;
  readonly url: string;
  readonly port: number;
  readonly errors: unknown[];
}

const cleanups: (() => Promise<void>)[] = [];

/** Ended last to first, whatever the test did. */
export function afterwards(cleanup: () => Promise<void>): void {
  cleanups.push(cleanup);
}

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

export interface StageOptions {
  readonly limits?: Partial<ServerLimits>;
  readonly folder?: string;
  readonly port?: number;
  readonly parameters?: Partial<Parameters>;
  readonly trustProxy?: string[];
}

export async function stage(options: StageOptions = {}): Promise<Stage> {
  const folder = options.folder ?? newFolder();
  const opened = await openJournal(folder);
  const store = await BlobStore.open(join(folder, "blobs"), { quota: 1 << 26 });
  const ledger = await EmbeddedLedger.open(
    opened,
    { book: new RuleBook(hasher), blobs: namedBlobs(store), clock: Date.now },
    { ...PARAMETERS, ...options.parameters },
  );
  const errors: unknown[] = [];
  const app = await createLedgerServer(ledger, {
    version: "0.0.0-test",
    limits: { checkEvery: 50, ...options.limits },
    onError: (error) => errors.push(error),
    ...(options.trustProxy ? { trustProxy: options.trustProxy } : {}),
  });
  await app.listen({ host: "127.0.0.1", port: options.port ?? 0 });
  afterwards(() => app.close());
  const { port } = app.server.address() as AddressInfo;
  return { folder, ledger, app, url: `http://127.0.0.1:${port}`, port, errors };
}

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "assay-service-"));
  afterwards(async () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The next message of an account, signed. */
export function signed(
  { ledger }: Stage,
  who: Account,
  body: MessageBody,
  sequence?: number,
): SignedMessage {
  const bound = {
    ledger: ledger.state.id,
    sender: who.address,
    sequence: sequence ?? ledger.state.sequences.get(who.address) ?? 0,
  };
  return signMessage(hasher, { ...bound, ...body } as Message, who.key);
}

/** Says it to the ledger itself, beside HTTP. */
export async function say(on: Stage, who: Account, body: MessageBody): Promise<number> {
  const submitted = await on.ledger.submit(signed(on, who, body));
  if ("refusal" in submitted) throw new Error(submitted.refusal.message);
  return submitted.event;
}

export function deposit(on: Stage, to: Account, amount: number): Promise<number> {
  return say(on, OPERATOR, { kind: "deposit", to: to.address, amount });
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export async function ask(on: Stage, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(on.url + path, init);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

export function postMessage(on: Stage, body: unknown): Promise<Answer> {
  return ask(on, "/v1/messages", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}
