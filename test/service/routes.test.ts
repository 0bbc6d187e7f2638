import { describe, expect, test } from "vitest";
import { signUpload } from "../../src/ledger/upload.js";
import { account, hasher, OPERATOR } from "../settlement/world.js";
import { ask, deposit, postMessage, say, signed, stage } from "./stage.js";

const ALICE = account(1);

describe("messages", () => {
  test("accepted, in the log, and refused when said again", async () => {
    const on = await stage();
    const message = signed(on, OPERATOR, { kind: "deposit", to: ALICE.address, amount: 5 });
    expect(await postMessage(on, message)).toEqual({ status: 200, body: { event: 1 } });
    const again = await postMessage(on, message);
    expect(again.status).toBe(409);
    expect(again.body.code).toBe("wrong-sequence");
    const { body } = await ask(on, "/v1/events?from=1");
    expect(body).toMatchObject({ from: 1, count: 2, ledger: on.ledger.state.id });
    const [text] = body.events as string[];
    expect(JSON.parse(text as string)).toMatchObject({ kind: "message", ...message });
    expect(body.chain).toBe(on.ledger.chain);
  });

  test("a signature of another is refused, and nothing changes", async () => {
    const on = await stage();
    const message = signed(
      on,
      { ...ALICE, address: OPERATOR.address },
      {
        kind: "deposit",
        to: ALICE.address,
        amount: 5,
      },
    );
    const answer = await postMessage(on, message);
    expect(answer).toMatchObject({ status: 409, body: { code: "wrong-signature" } });
    expect(on.ledger.state.count).toBe(1);
  });
});

describe("views", () => {
  test("the ledger, an account, empty lists, health", async () => {
    const on = await stage();
    await deposit(on, ALICE, 100);
    await say(on, ALICE, { kind: "stake", amount: 30 });
    expect((await ask(on, "/v1/ledger")).body).toMatchObject({
      id: on.ledger.state.id,
      count: 3,
      chain: on.ledger.chain,
      version: "0.0.0-test",
    });
    expect((await ask(on, `/v1/accounts/${ALICE.address}`)).body).toEqual({
      address: ALICE.address,
      free: 70,
      stake: 30,
      sequence: 1,
      locks: [],
    });
    expect((await ask(on, "/v1/jobs?state=open")).body).toEqual({ items: [], next: null });
    expect((await ask(on, "/v1/models")).body).toEqual({ items: [], next: null });
    expect(await ask(on, "/health")).toEqual({ status: 200, body: { status: "ok" } });
    expect(await ask(on, "/ready")).toEqual({ status: 200, body: { status: "ok" } });
    const metrics = await (await fetch(`${on.url}/metrics`)).text();
    expect(metrics).toContain("assay_events 3");
    expect(metrics).toContain('route="/v1/ledger"');
  });

  test("what is not there is not found, in one form", async () => {
    const on = await stage();
    const id = `0x${"ab".repeat(32)}`;
    const paths = [`/v1/jobs/${id}`, `/v1/disputes/${id}`, `/v1/models/${id}`, `/v1/blobs/${id}`];
    for (const path of [...paths, "/", "/v2/ledger", "/v1/ledger/..%2f..%2fetc"]) {
      const answer = await ask(on, path);
      expect(answer.status, path).toBe(404);
      expect(Object.keys(answer.body)).toEqual(["code", "message", "hint"]);
      expect(answer.body.code).toBe("request/not-found");
    }
  });
});

describe("blobs", () => {
  test("kept for who signs and has money here, and given back", async () => {
    const on = await stage();
    await deposit(on, ALICE, 1);
    const bytes = new Uint8Array(100_000).fill(9);
    const upload = signUpload(hasher, on.ledger.state.id, ALICE.address, bytes, ALICE.key);
    const put = (headers: Record<string, string>, body = bytes) =>
      ask(on, "/v1/blobs", {
        method: "PUT",
        headers: { "content-type": "application/octet-stream", ...headers },
        body,
      });
    const headers = { "assay-note": upload.text, "assay-signature": upload.signature };
    const { blob } = JSON.parse(upload.text) as { blob: string };
    expect(await put(headers)).toEqual({ status: 200, body: { blob, size: bytes.length } });
    const back = await fetch(`${on.url}/v1/blobs/${blob}`);
    expect(back.headers.get("content-type")).toBe("application/octet-stream");
    expect(new Uint8Array(await back.arrayBuffer())).toEqual(bytes);
    expect(await put(headers, bytes.subarray(1))).toMatchObject({ status: 400 });
    expect(await put({})).toMatchObject({ status: 403, body: { code: "request/unsigned" } });
    const other = account(9);
    const poor = signUpload(hasher, on.ledger.state.id, other.address, bytes, other.key);
    const refused = await put({ "assay-note": poor.text, "assay-signature": poor.signature });
    expect(refused).toMatchObject({ status: 403, body: { code: "ledger/quota" } });
  });
});
