import { Agent, request as httpRequest } from "node:http";
import { connect as dial, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { signUpload } from "../../src/ledger/upload.js";
import { toHex } from "../../src/receipt/hex.js";
import { messageDigest } from "../../src/settlement/messages.js";
import { account, hasher, OPERATOR } from "../settlement/world.js";
import { afterwards, ask, deposit, postMessage, type Stage, signed, stage } from "./stage.js";

const ALICE = account(1);

/** A raw connection; what comes back, and when it ended. */
function raw(on: Stage, options: { localAddress?: string } = {}) {
  const socket = dial({ port: on.port, host: "127.0.0.1", ...options });
  afterwards(async () => void socket.destroy());
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("error", () => {});
  const closed = new Promise<number>((resolve) => {
    const since = performance.now();
    socket.on("close", () => resolve(performance.now() - since));
  });
  return { socket, closed, text: () => Buffer.concat(chunks).toString() };
}

function drip(socket: Socket, byte: string, every: number): void {
  const timer = setInterval(() => socket.write(byte), every);
  socket.on("close", () => clearInterval(timer));
}

/** One request from an address of this machine's own choice. */
function from(address: string, on: Stage, path: string, agent?: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { port: on.port, host: "127.0.0.1", localAddress: address, path };
    const request = httpRequest({ ...options, ...(agent ? { agent } : {}) }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode as number));
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end();
  });
}

describe("slow senders", () => {
  const limits = { headerTime: 300, arrivalTime: 300 };

  test("one byte a second in the headers is cut", async () => {
    const on = await stage({ limits });
    const { socket, closed, text } = raw(on);
    socket.write("GET /health HTTP/1.1\r\nhost: a\r\nx: ");
    drip(socket, "a", 50);
    expect(await closed).toBeLessThan(1500);
    expect(text()).toContain("request/too-slow");
  });

  test("one that sends nothing at all is cut", async () => {
    const on = await stage({ limits });
    expect(await raw(on).closed).toBeLessThan(1500);
  });

  test("one byte a second in a body is cut", async () => {
    const on = await stage({ limits });
    const { socket, closed } = raw(on);
    const head = "POST /v1/messages HTTP/1.1\r\nhost: a\r\ncontent-type: application/json";
    socket.write(`${head}\r\ncontent-length: 10000\r\n\r\n{`);
    drip(socket, " ", 50);
    expect(await closed).toBeLessThan(1500);
  });

  test("so is one in chunks, and one that takes no answer", async () => {
    const on = await stage({ limits: { ...limits, departureTime: 200, slowestRate: 1 << 30 } });
    const { socket, closed } = raw(on);
    const head = "POST /v1/messages HTTP/1.1\r\nhost: a\r\ncontent-type: application/json";
    socket.write(`${head}\r\ntransfer-encoding: chunked\r\n\r\n`);
    drip(socket, "1\r\n{\r\n", 50);
    expect(await closed).toBeLessThan(1500);
    await deposit(on, ALICE, 1);
    const bytes = new Uint8Array(32 << 20);
    const { text: note } = signUpload(hasher, on.ledger.state.id, ALICE.address, bytes, ALICE.key);
    const { blob } = JSON.parse(note) as { blob: string };
    await on.ledger.blobs.write(blob, ALICE.address, bytes.length, [bytes]);
    const taker = raw(on);
    taker.socket.pause();
    taker.socket.write(`GET /v1/blobs/${blob} HTTP/1.1\r\nhost: a\r\n\r\n`);
    await expect.poll(() => connections(on), { timeout: 2000 }).toBe(0);
  });
});

function connections(on: Stage): Promise<number> {
  return new Promise((resolve) => on.app.server.getConnections((_, count) => resolve(count)));
}

describe("large bodies", () => {
  /** Sends zeros until the other side has had enough; how many went out. */
  function pour(socket: Socket, most: number): Promise<number> {
    const chunk = Buffer.alloc(1 << 20);
    let sent = 0;
    return new Promise((resolve) => {
      socket.on("close", () => resolve(sent));
      const more = (): void => {
        while (sent < most && !socket.destroyed) {
          sent += chunk.length;
          if (!socket.write(chunk)) return;
        }
      };
      socket.on("drain", more);
      more();
    });
  }

  test.each([
    ["POST", "/v1/messages", "content-type: application/json"],
    ["PUT", "/v1/blobs", "content-type: application/octet-stream"],
    ["POST", "/no/such/route", "content-type: application/json"],
    ["GET", "/health", "content-type: text/plain"],
  ])("a gigabyte to %s %s is not read", async (method, path, type) => {
    const on = await stage();
    const before = process.memoryUsage().rss;
    for (const length of ["content-length: 1073741824", "transfer-encoding: chunked"]) {
      const { socket } = raw(on);
      socket.write(`${method} ${path} HTTP/1.1\r\nhost: a\r\n${type}\r\n${length}\r\n\r\n`);
      if (length.startsWith("transfer")) socket.write("40000000\r\n");
      const sent = await pour(socket, 1 << 30);
      // What lies in the buffers of two sockets, and never the whole.
      expect(sent, length).toBeLessThan(16 << 20);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(200 << 20);
    expect((await ask(on, "/health")).status).toBe(200);
  });

  test("a note for less than what comes ends it", async () => {
    const on = await stage();
    await deposit(on, ALICE, 1);
    const { text, signature } = signUpload(
      hasher,
      on.ledger.state.id,
      ALICE.address,
      new Uint8Array(1000),
      ALICE.key,
    );
    const { socket } = raw(on);
    const lines = ["PUT /v1/blobs HTTP/1.1", "host: a", "content-type: application/octet-stream"];
    lines.push(`assay-note: ${text}`, `assay-signature: ${signature}`);
    socket.write(`${lines.join("\r\n")}\r\ntransfer-encoding: chunked\r\n\r\n40000000\r\n`);
    expect(await pour(socket, 1 << 30)).toBeLessThan(16 << 20);
    const { blob } = JSON.parse(text) as { blob: string };
    expect(on.ledger.blobs.has(blob)).toBe(false);
  });

  test("a long message comes only from who can pay, and is the one announced", async () => {
    const on = await stage({ limits: { messageBody: 2000, registrationTries: 2 } });
    await deposit(on, ALICE, 20_000);
    const skeleton = `0x${"00".repeat(4000)}`;
    const message = signed(on, ALICE, { kind: "register", skeleton, commitments: [] });
    const post = (headers: Record<string, string>, body: object = message) =>
      ask(on, "/v1/messages", {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      });
    expect(await post({})).toMatchObject({ status: 403, body: { code: "request/unsigned" } });
    const headers = ({ text, signature }: typeof message) => ({
      "assay-digest": toHex(messageDigest(hasher, text)),
      "assay-signature": signature,
    });
    const poor = signed(on, account(5), { kind: "register", skeleton, commitments: [] });
    expect(await post(headers(poor), poor)).toMatchObject({ status: 403 });
    const other = { ...message, text: `${message.text} ` };
    expect(await post(headers(message), other)).toMatchObject({ status: 400 });
    expect(await post(headers(message))).toMatchObject({
      status: 409,
      body: { code: "broken-model" },
    });
    expect(await post(headers(message))).toMatchObject({ status: 429 });
  });
});

describe("many", () => {
  test("500 idle connections of one party leave room for others", async () => {
    const on = await stage({ limits: { connectionsPerPeer: 100, connections: 1000 } });
    const opened = Array.from({ length: 500 }, () => raw(on, { localAddress: "127.0.0.2" }));
    const ended = opened.map(({ closed }) => closed);
    let closed = 0;
    for (const end of ended) void end.then(() => (closed += 1));
    await expect.poll(() => closed, { timeout: 2000 }).toBe(400);
    expect((await ask(on, "/health")).status).toBe(200);
  });

  test("a proxy that is named brings the connections of many", async () => {
    const trustProxy = ["127.0.0.2"];
    const on = await stage({ limits: { connectionsPerPeer: 2 }, trustProxy });
    for (let i = 0; i < 5; i++) raw(on, { localAddress: "127.0.0.2" });
    await expect.poll(() => connections(on)).toBe(5);
    const others = Array.from({ length: 5 }, () => raw(on, { localAddress: "127.0.0.3" }));
    await Promise.all(others.slice(2).map(({ closed }) => closed));
    await expect.poll(() => connections(on)).toBe(7);
  });

  test("a flood of one party is refused, and another is served meanwhile", async () => {
    const on = await stage({ limits: { requests: 20, rateWindow: 60_000 } });
    const agent = new Agent({ keepAlive: true, maxSockets: 16 });
    afterwards(async () => agent.destroy());
    const flood = Array.from({ length: 400 }, (_, i) => {
      return from("127.0.0.2", on, i % 2 ? "/v1/ledger" : "/nowhere", agent);
    });
    const started = performance.now();
    const others = await Promise.all(
      Array.from({ length: 10 }, () => from("127.0.0.3", on, "/v1/ledger")),
    );
    const took = performance.now() - started;
    expect(others).toEqual(Array.from({ length: 10 }, () => 200));
    expect(took).toBeLessThan(2000);
    const statuses = await Promise.all(flood);
    expect(statuses.filter((s) => s === 429).length).toBeGreaterThanOrEqual(360);
    expect(statuses.filter((s) => s === 200).length).toBeLessThanOrEqual(20);
  });

  test("long polls of one party are counted", async () => {
    const on = await stage({ limits: { polls: { all: 10, each: 2 }, pollTime: 1000 } });
    const poll = () => ask(on, "/v1/events?from=1&wait=1");
    const answers = await Promise.all([poll(), poll(), poll()]);
    expect(answers.map((a) => a.status).sort()).toEqual([200, 200, 429]);
    expect(answers.find((a) => a.status === 200)?.body.events).toEqual([]);
  });
});

describe("malformed", () => {
  const deep = (n: number): string => `${'{"a":'.repeat(n)}0${"}".repeat(n)}`;

  const bodies: readonly [string, string][] = [
    ["nothing", ""],
    ["no JSON", "{"],
    ["a list", "[]"],
    ["null", "null"],
    ["a number as text", '{"text":1,"signature":"0x"}'],
    ["a field too many", `{"text":"","signature":"0x${"00".repeat(65)}","more":1}`],
    ["a prototype", `{"__proto__":{},"text":"","signature":"0x${"00".repeat(65)}"}`],
    ["nested deeply", deep(100_000)],
    ["very wide", `[${"0,".repeat(300_000)}0]`],
    [
      "nested deeply within the text",
      JSON.stringify({ text: deep(40), signature: `0x${"00".repeat(65)}` }),
    ],
    ["a byte order mark", '\uFEFF{"text":"","signature":""}'],
  ];

  test("bodies", async () => {
    const on = await stage();
    for (const [name, body] of bodies) {
      const answer = await postMessage(on, body);
      expect(answer, name).toMatchObject({ status: 400, body: { code: "request/malformed" } });
      expect(JSON.stringify(answer.body)).not.toMatch(/\bat \w|node_modules|\.[jt]s\b/);
      expect(on.errors).toEqual([]);
    }
  });

  const questions = [
    "/v1/events",
    "/v1/events?from=-1",
    "/v1/events?from=x",
    "/v1/events?from=1e99",
    "/v1/events?from=0&most=0",
    "/v1/events?from=0&other=1",
    "/v1/jobs?state=closed",
    "/v1/jobs/1",
    "/v1/accounts/0x12",
    "/v1/blobs/0xzz",
    `/v1/models?after=${"a".repeat(1000)}`,
  ];

  test("questions", async () => {
    const on = await stage();
    for (const path of questions) {
      const answer = await ask(on, path);
      expect(answer.status, path).toBe(400);
      expect(Object.keys(answer.body)).toEqual(["code", "message", "hint"]);
    }
  });

  const requests: readonly [string, string, number][] = [
    [
      "another type",
      "POST /v1/messages HTTP/1.1\r\nhost: a\r\ncontent-type: text/xml\r\ncontent-length: 1\r\n\r\na",
      415,
    ],
    ["no HTTP", "\x16\x03\x01\x00\r\n\r\n", 400],
    ["a long header", `GET / HTTP/1.1\r\nhost: a\r\nx: ${"a".repeat(40_000)}\r\n\r\n`, 413],
    [
      "two lengths",
      "POST /v1/messages HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\na",
      400,
    ],
    [
      "length and chunks",
      "POST /v1/messages HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
      400,
    ],
    ["broken escapes", "GET /v1/%E0%A4%A HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", 400],
    ["an unknown method", "BREW / HTTP/1.1\r\nhost: a\r\n\r\n", 400],
    [
      "a known one elsewhere",
      "DELETE /v1/ledger HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
      404,
    ],
  ];

  test("requests", async () => {
    const on = await stage();
    for (const [name, text, status] of requests) {
      const { socket, closed, text: back } = raw(on);
      socket.write(text);
      await expect.poll(back, { timeout: 1500 }).toContain("\r\n\r\n{");
      expect(back(), name).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(back()).toContain('{"code":"request/');
      socket.end();
      await closed;
      expect(on.errors).toEqual([]);
    }
  });
});

describe("a job", () => {
  test("whose inputs are large is not looked at for who did not sign or cannot pay", async () => {
    const on = await stage();
    const body = {
      kind: "post",
      model: `0x${"00".repeat(32)}`,
      granularity: "layer",
      inputs: [],
      mode: "optimistic",
      executors: 1,
      fee: 5000,
      commitWithin: 1000,
    } as const;
    const poor = await postMessage(on, signed(on, ALICE, body));
    expect(poor).toMatchObject({ status: 409, body: { code: "unfunded" } });
    const forged = signed(on, { ...ALICE, address: OPERATOR.address }, body);
    expect(await postMessage(on, forged)).toMatchObject({ body: { code: "wrong-signature" } });
    await deposit(on, ALICE, 10_000);
    const known = await postMessage(on, signed(on, ALICE, body));
    expect(known).toMatchObject({ status: 409, body: { code: "unknown-model" } });
  });
});
