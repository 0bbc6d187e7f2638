import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { AssayError } from "../../operators/index.js";
import { signUpload } from "../../src/ledger/upload.js";
import { Account } from "../../src/service/client/account.js";
import { RemoteLedger, type RemoteOptions } from "../../src/service/client/remote-ledger.js";
import { RuleBook } from "../../src/settlement/rule-book.js";
import { account, hasher } from "../settlement/world.js";
import { afterwards, deposit, newFolder, type Stage, signed, stage } from "./stage.js";

const ALICE = account(1);
const BOB = account(2);
const FAST = { first: 10, longest: 50 };

async function connect(url: string, options: Partial<RemoteOptions> = {}): Promise<RemoteLedger> {
  const book = new RuleBook(hasher);
  const remote = await RemoteLedger.connect(url, { book, backoff: FAST, ...options });
  afterwards(() => remote.close());
  return remote;
}

function within(ms: number): AbortSignal {
  return AbortSignal.timeout(ms);
}

async function failure(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  return error instanceof AssayError ? error.code : String(error);
}

describe("a follower", () => {
  test("has the same state, hears of events, and says things", async () => {
    const on = await stage();
    await deposit(on, ALICE, 100);
    const remote = await connect(on.url, { expect: on.ledger.state.id });
    expect(remote.state).toEqual(on.ledger.state);
    const heard = remote.changed(2, within(2000));
    await deposit(on, BOB, 7);
    await heard;
    expect(remote.state).toEqual(on.ledger.state);
    const alice = new Account(remote, hasher, ALICE.key);
    const stakes = [1, 2, 3].map((amount) => alice.say({ kind: "stake", amount }));
    expect(await Promise.all(stakes)).toEqual([{ event: 3 }, { event: 4 }, { event: 5 }]);
    expect(remote.state).toEqual(on.ledger.state);
    expect(await alice.say({ kind: "withdraw", amount: 1000 })).toMatchObject({
      refusal: { code: "unfunded" },
    });
    expect(Math.abs(remote.now() - on.ledger.now())).toBeLessThan(1000);
  });

  test("blobs go up and come down", async () => {
    const on = await stage();
    await deposit(on, ALICE, 1);
    const remote = await connect(on.url);
    const bytes = new Uint8Array(1000).fill(1);
    const upload = signUpload(hasher, remote.state.id, ALICE.address, bytes, ALICE.key);
    await remote.upload(upload);
    const { blob } = JSON.parse(upload.text) as { blob: string };
    expect(await remote.download(blob, 1000)).toEqual(bytes);
    expect(await failure(remote.download(blob, 999))).toBe("blob/too-large");
    expect(await remote.download(`0x${"00".repeat(32)}`, 10)).toBeUndefined();
    await remote.upload(upload);
    const path = join(on.folder, "blobs", ALICE.address, blob.slice(2));
    writeFileSync(path, new Uint8Array(1000).fill(2));
    expect(await failure(remote.download(blob, 1000))).toBe("blob/mismatch");
    const large = new Uint8Array(20 << 20);
    const poor = signUpload(hasher, remote.state.id, BOB.address, large, BOB.key);
    expect(await failure(remote.upload(poor))).toBe("ledger/quota");
  });

  test("refuses another ledger than the one expected, and nobody at all", async () => {
    const on = await stage();
    const expect_ = `0x${"11".repeat(32)}`;
    expect(await failure(connect(on.url, { expect: expect_ }))).toBe("ledger/corrupt");
    expect(await failure(connect("http://127.0.0.1:1"))).toBe("ledger/unreachable");
    expect(await failure(connect("file:///etc"))).toBe("ledger/unreachable");
  });

  test("comes back to a server that was away", async () => {
    const folder = newFolder();
    const first = await stage({ folder });
    const remote = await connect(first.url);
    const alice = new Account(remote, hasher, ALICE.key, { backoff: FAST, patience: 3000 });
    await deposit(first, ALICE, 100);
    await remote.changed(1, within(2000));
    await first.app.close();
    // Said while nobody is there, and heard once somebody is.
    const said = alice.say({ kind: "stake", amount: 40 });
    const second = await stage({ folder, port: first.port });
    expect(await said).toEqual({ event: 2 });
    expect(remote.state).toEqual(second.ledger.state);
  });
});

describe("an account", () => {
  test("whose answer was lost does not say it again", async () => {
    const on = await stage();
    await deposit(on, ALICE, 100);
    let posts = 0;
    // The first message arrives, and nothing comes back.
    const url = await liar(on, (path, body) => {
      return path === "/v1/messages" && posts++ === 0 ? LOST : body;
    });
    const alice = new Account(await connect(url), hasher, ALICE.key, { backoff: FAST });
    expect(await alice.say({ kind: "withdraw", amount: 10 })).toEqual({ event: 2 });
    expect(on.ledger.state.money.free.get(ALICE.address)).toBe(90);
    expect(on.ledger.state.count).toBe(3);
  });

  test("whose key another uses takes the next number", async () => {
    const on = await stage();
    await deposit(on, ALICE, 100);
    const remote = await connect(on.url);
    const alice = new Account(remote, hasher, ALICE.key, { backoff: FAST });
    const other = on.ledger.submit(signed(on, ALICE, { kind: "stake", amount: 1 }));
    expect(await alice.say({ kind: "stake", amount: 2 })).toEqual({ event: 3 });
    expect(await other).toEqual({ event: 2 });
    expect(on.ledger.state.money.stakes.get(ALICE.address)).toBe(3);
  });
});

const LOST = Symbol("no answer");

/** A server that passes on what another says, changed. */
async function liar(on: Stage, lie: (path: string, body: Record<string, unknown>) => unknown) {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url as string;
    const answer = await fetch(on.url + path.replace(/wait=\d+/, "wait=0"), {
      method: request.method as string,
      headers: { "content-type": "application/json" },
      ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
    }).catch(() => undefined);
    // The other one is away.
    if (!answer) return void request.socket.destroy();
    const body = lie(path, (await answer.json()) as Record<string, unknown>);
    if (body === LOST) return void request.socket.destroy();
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  afterwards(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("a lying server", () => {
  const events = (path: string): boolean => path.startsWith("/v1/events");

  test.each([
    ["leaves an event out", (b: Part) => ({ ...b, events: b.events.toSpliced(1, 1), count: 2 })],
    [
      "changes an event",
      (b: Part) => ({ ...b, events: b.events.map((t) => t.replace("100", "900")) }),
    ],
    ["invents a chain", (b: Part) => ({ ...b, chain: `0x${"22".repeat(32)}` })],
    ["names another ledger", (b: Part) => ({ ...b, ledger: `0x${"22".repeat(32)}` })],
    ["gives more than it has", (b: Part) => ({ ...b, count: 1 })],
    ["nests an event deeply", (b: Part) => ({ ...b, events: ["[".repeat(100_000)] })],
  ])("that %s is found out", async (_, lie) => {
    const on = await stage();
    await deposit(on, ALICE, 100);
    await deposit(on, BOB, 50);
    const url = await liar(on, (path, body) =>
      events(path) ? lie(body as unknown as Part) : body,
    );
    expect(await failure(connect(url))).toBe("ledger/corrupt");
  });

  test.each([
    ["no JSON", "<html>"],
    ["another form", { from: 0 }],
    ["too much", "x".repeat(50 << 20)],
  ])("that gives %s is not one", async (_, body) => {
    const on = await stage();
    const url = await liar(on, () => body);
    expect(await failure(connect(url))).toBe("ledger/unreachable");
  });

  test("that forgets what it had said is left, for good", async () => {
    const on = await stage();
    await deposit(on, ALICE, 100);
    let forget = false;
    const url = await liar(on, (path, body) =>
      events(path) && forget ? { ...body, count: 1, events: [], chain: null } : body,
    );
    const remote = await connect(url);
    const waits = remote.changed(2, within(2000));
    forget = true;
    expect(await failure(waits)).toBe("ledger/corrupt");
    const message = signed(on, ALICE, { kind: "stake", amount: 1 });
    expect(await failure(remote.submit(message))).toBe("ledger/corrupt");
  });

  test("that says it took a message which it did not take", async () => {
    const on = await stage();
    await deposit(on, ALICE, 100);
    const url = await liar(on, (path, body) => (path === "/v1/messages" ? { event: 1 } : body));
    const remote = await connect(url);
    const message = signed(on, ALICE, { kind: "stake", amount: 1 });
    expect(await failure(remote.submit(message))).toBe("ledger/corrupt");
  });
});

interface Part {
  readonly events: readonly string[];
  readonly count: number;
}
