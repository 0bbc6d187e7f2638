import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { MESSAGE_KINDS, shapeOf } from "../../settlement/messages.js";

const NAMES = new Map(MESSAGE_KINDS.map((kind) => [kind, `message-${kind}`]));

/**
 * Describes the routes that are registered after it. Texts that are signed are JSON inside a string:
 * the components say what they hold.
 */
export async function describeRoutes(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Assay ledger",
        version,
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
        description:
          "A ledger of AI inference: jobs, sealed results, disputes, money. Messages are signed; events are the whole truth and can be replayed.",
      },
      components: {
        schemas: Object.fromEntries(
          MESSAGE_KINDS.map((kind) => [NAMES.get(kind) as string, { ...shapeOf(kind).schema }]),
        ),
      },
    },
    hideUntagged: false,
    stripBasePath: false,
  });
}

/** The document; its signed texts point at the forms of the messages. */
export function documentOf(app: FastifyInstance): object {
  const document = structuredClone(app.swagger()) as unknown as Document;
  const text =
    document.paths["/v1/messages"]?.post?.requestBody.content["application/json"].schema.properties
      .text;
  if (text) {
    text.contentMediaType = "application/json";
    const refs = [...NAMES.values()].map((name) => ({ $ref: `#/components/schemas/${name}` }));
    text.contentSchema = { oneOf: refs };
  }
  return document;
}

interface Document {
  readonly paths: Readonly<
    Record<
      string,
      {
        readonly post?: {
          readonly requestBody: {
            readonly content: {
              readonly "application/json": {
                readonly schema: {
                  readonly properties: { readonly text: Record<string, unknown> };
                };
              };
            };
          };
        };
      }
    >
  >;
}
