import fastify, { type FastifyInstance } from "fastify";
import { describe, expect, test } from "vitest";
import { signUpload } from "../../src/ledger/upload.js";
import { MESSAGE_KINDS } from "../../src/settlement/messages.js";
import { account, hasher, OPERATOR } from "../settlement/world.js";
import { afterwards, deposit, type Stage, signed, stage } from "./stage.js";

const ALICE = account(1);
const NONE = `0x${"ab".repeat(32)}`;

type Schema = Record<string, unknown>;
interface Operation {
  readonly summary: string;
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: Schema }>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { schema: Schema }>> }>
  >;
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

async function documentOf(on: Stage): Promise<Document> {
  return (await (await fetch(`${on.url}/openapi.json`)).json()) as Document;
}

/** Whether values have the form of schemas, as the framework itself decides it for bodies. */
async function matcher(): Promise<(schema: Schema, value: unknown) => Promise<string>> {
  return async (schema, value) => {
    const app: FastifyInstance = fastify({
      ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    });
    afterwards(() => app.close());
    app.post("/", { schema: { body: schema } }, async () => "fits");
    const answer = await app.inject({ method: "POST", url: "/", payload: value as object });
    return answer.body;
  };
}

describe("the OpenAPI document", () => {
  test("has every route and every kind of message", async () => {
    const on = await stage();
    const { openapi, paths, components } = await documentOf(on);
    expect(openapi).toBe("3.1.0");
    expect(Object.keys(components.schemas).sort()).toEqual(
      MESSAGE_KINDS.map((k) => `message-${k}`).sort(),
    );
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((m) => `${m.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual([
      "GET /health",
      "GET /metrics",
      "GET /ready",
      "GET /v1/accounts/{address}",
      "GET /v1/blobs/{digest}",
      "GET /v1/disputes/{id}",
      "GET /v1/events",
      "GET /v1/jobs",
      "GET /v1/jobs/{id}",
      "GET /v1/ledger",
      "GET /v1/models",
      "GET /v1/models/{id}",
      "POST /v1/messages",
      "PUT /v1/blobs",
    ]);
    const routes = on.app.printRoutes({ commonPrefix: false });
    expect(routes).toContain("v1");
    const text = paths["/v1/messages"]?.post?.requestBody?.content["application/json"]?.schema;
    expect(JSON.stringify(text)).toContain("#/components/schemas/message-deposit");
    for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods))) {
      expect(operation.summary).not.toBe("");
      expect(Object.keys(operation.responses)).toEqual(
        expect.arrayContaining(["200", "4XX", "5XX"]),
      );
    }
  });

  test("a message has the form that its component states", async () => {
    const on = await stage();
    const { components } = await documentOf(on);
    const match = await matcher();
    const { text } = signed(on, OPERATOR, { kind: "deposit", to: ALICE.address, amount: 1 });
    const schema = components.schemas["message-deposit"] as Schema;
    expect(await match(schema, JSON.parse(text))).toBe("fits");
    expect(await match(schema, { ...JSON.parse(text), more: 1 })).not.toBe("fits");
  });

  test("every answer has the form that its route states", async () => {
    const on = await stage();
    const { paths } = await documentOf(on);
    const match = await matcher();
    await deposit(on, ALICE, 100);
    const bytes = new Uint8Array(10);
    const { text, signature } = signUpload(
      hasher,
      on.ledger.state.id,
      ALICE.address,
      bytes,
      ALICE.key,
    );
    const json = { "content-type": "application/json" };
    const message = (amount: number) =>
      JSON.stringify(signed(on, ALICE, { kind: "stake", amount }));
    const asked: readonly [string, string, RequestInit, number][] = [
      ["/v1/ledger", "/v1/ledger", {}, 200],
      ["/v1/events", "/v1/events?from=0", {}, 200],
      ["/v1/events", "/v1/events?from=x", {}, 400],
      ["/v1/messages", "/v1/messages", { method: "POST", headers: json, body: message(1) }, 200],
      ["/v1/messages", "/v1/messages", { method: "POST", headers: json, body: message(1000) }, 409],
      ["/v1/messages", "/v1/messages", { method: "POST", headers: json, body: "{" }, 400],
      [
        "/v1/blobs",
        "/v1/blobs",
        {
          method: "PUT",
          headers: {
            "content-type": "application/octet-stream",
            "assay-note": text,
            "assay-signature": signature,
          },
          body: bytes,
        },
        200,
      ],
      ["/v1/jobs", "/v1/jobs?state=open", {}, 200],
      ["/v1/models", "/v1/models", {}, 200],
      ["/v1/accounts/{address}", `/v1/accounts/${ALICE.address}`, {}, 200],
      ["/v1/jobs/{id}", `/v1/jobs/${NONE}`, {}, 404],
      ["/v1/disputes/{id}", `/v1/disputes/${NONE}`, {}, 404],
      ["/v1/models/{id}", `/v1/models/${NONE}`, {}, 404],
      ["/health", "/health", {}, 200],
      ["/ready", "/ready", {}, 200],
    ];
    for (const [path, url, init, status] of asked) {
      const response = await fetch(on.url + url, init);
      expect(response.status, url).toBe(status);
      const method = (init.method ?? "GET").toLowerCase();
      const responses = paths[path]?.[method]?.responses ?? {};
      const answer = responses[String(status)] ?? responses[`${String(status)[0]}XX`];
      const schema = answer?.content?.["application/json"]?.schema as Schema;
      expect(await match(schema, await response.json()), url).toBe("fits");
    }
  });
});
