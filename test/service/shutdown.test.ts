import { connect as dial } from "node:net";
import { describe, expect, test } from "vitest";
import { account, OPERATOR } from "../settlement/world.js";
import { afterwards, ask, newFolder, postMessage, signed, stage } from "./stage.js";

describe("closing", () => {
  test("answers who waits, finishes what is written, and frees the folder", async () => {
    const folder = newFolder();
    const on = await stage({ folder });
    const polls = Array.from({ length: 8 }, () => ask(on, "/v1/events?from=1&wait=30"));
    const message = signed(on, OPERATOR, {
      kind: "deposit",
      to: account(1).address,
      amount: 5,
    });
    const said = postMessage(on, message);
    // It has arrived once it is being written or was.
    await on.ledger.changed(1, AbortSignal.timeout(2000));
    const started = performance.now();
    await on.app.close();
    expect(performance.now() - started).toBeLessThan(1500);
    expect(await said).toEqual({ status: 200, body: { event: 1 } });
    for (const { status, body } of await Promise.all(polls)) {
      expect(status).toBe(200);
      expect(body.from).toBe(1);
    }
    await expect(fetch(`${on.url}/health`)).rejects.toThrow("fetch failed");
    const again = await stage({ folder });
    expect(again.ledger.state.count).toBe(2);
  });

  test("long polls that nothing wakes are answered too", async () => {
    const on = await stage();
    const polls = Array.from({ length: 4 }, () => ask(on, "/v1/events?from=1&wait=30"));
    // Asked behind them, so they have arrived.
    await expect
      .poll(async () => (await ask(on, "/v1/ledger")).status, { timeout: 1000 })
      .toBe(200);
    const started = performance.now();
    await on.app.close();
    expect(performance.now() - started).toBeLessThan(1500);
    const settled = await Promise.allSettled(polls);
    for (const poll of settled) {
      expect(poll).toMatchObject({ status: "fulfilled", value: { body: { from: 1 } } });
    }
  });

  test("a request that never ends is cut in the stated time", async () => {
    const on = await stage({ limits: { shutdownTime: 200 } });
    const socket = dial({ port: on.port, host: "127.0.0.1" });
    afterwards(async () => void socket.destroy());
    socket.on("error", () => {});
    const head = "POST /v1/messages HTTP/1.1\r\nhost: a\r\ncontent-type: application/json";
    await new Promise<void>((resolve) => {
      socket.write(`${head}\r\ncontent-length: 10000\r\n\r\n{`, () => resolve());
    });
    await expect
      .poll(() => new Promise<number>((r) => on.app.server.getConnections((_, n) => r(n))))
      .toBe(1);
    const started = performance.now();
    await on.app.close();
    expect(performance.now() - started).toBeLessThan(1500);
  });

  test("a ledger that cannot be written says so, and is not ready", async () => {
    const on = await stage();
    const message = signed(on, OPERATOR, { kind: "deposit", to: account(1).address, amount: 5 });
    await on.ledger.close();
    const answer = await postMessage(on, message);
    expect(answer).toMatchObject({ status: 503, body: { code: "service/read-only" } });
    expect(on.errors).toHaveLength(1);
    expect(await ask(on, "/ready")).toMatchObject({ status: 503 });
    expect(await ask(on, "/health")).toMatchObject({ status: 200 });
  });
});
