import { Readable } from "node:stream";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { UploadNote } from "../../../ledger/port.js";
import { readUpload } from "../../../ledger/upload.js";
import { parseHex } from "../../../receipt/hex.js";
import { digest, record } from "../../../settlement/shape.js";
import { NOTE_HEADERS } from "../../headers.js";
import { STORED } from "../../schemas.js";
import { declaredSize, exactly } from "../body.js";
import { peerOfRequest, type Service } from "../context.js";
import { ServiceError } from "../service-error.js";
import { answers } from "./answers.js";

const STRING = { type: "string" } as const;

/** Tensors, by their SHA-256. */
export function blobRoutes(app: FastifyInstance, service: Service): void {
  app.register(async (scope) => uploadRoute(scope, service));
  const { ledger, gates } = service;
  app.get<{ Params: { digest: string } }>(
    "/v1/blobs/:digest",
    {
      schema: {
        summary: "The bytes kept under a SHA-256",
        params: record({ digest }).schema,
        produces: ["application/octet-stream"],
        response: {
          ...answers(record({})),
          200: {
            description: "The bytes",
            content: {
              "application/octet-stream": { schema: { type: "string", format: "binary" } },
            },
          },
        },
      },
    },
    async (request, reply) => {
      const blob = ledger.blobs.open(request.params.digest);
      if (!blob) throw new ServiceError("request/not-found", "no bytes are kept under that digest");
      reply.raw.once("close", gates.downloads.enter(peerOfRequest(request)));
      reply.header("content-type", "application/octet-stream");
      reply.header("content-length", blob.size);
      // What a digest names never changes.
      reply.header("cache-control", "public, max-age=31536000, immutable");
      return Readable.from(blob.bytes, { objectMode: false });
    },
  );
}

function uploadRoute(app: FastifyInstance, service: Service): void {
  const { ledger, limits, gates } = service;
  const notes = new WeakMap<FastifyRequest, UploadNote>();
  app.removeAllContentTypeParsers();
  // The bytes go to the store as they come.
  app.addContentTypeParser(
    "application/octet-stream",
    async (_: FastifyRequest, body: object) => body,
  );
  app.put<{ Body: AsyncIterable<Uint8Array> }>(
    "/v1/blobs",
    {
      schema: {
        summary: "Keeps bytes, for an account that signs for them",
        consumes: ["application/octet-stream"],
        headers: {
          type: "object",
          required: Object.values(NOTE_HEADERS),
          properties: { [NOTE_HEADERS.note]: STRING, [NOTE_HEADERS.signature]: STRING },
        },
        response: answers(STORED),
      },
      config: { takesLong: limits.blobBody },
      onRequest: async (request, reply) => {
        const note = readNote(service, request);
        reply.raw.once("close", gates.uploads.enter(note.sender));
        notes.set(request, note);
      },
    },
    async (request) => {
      const { blob, size, sender } = notes.get(request) as UploadNote;
      // A body of no bytes is not parsed.
      const bytes = exactly(request.body ?? nothing(), size);
      await ledger.blobs.write(blob, sender, size, bytes);
      // Bytes that are there already were not read; a sender hears of it once all are sent.
      for await (const _ of bytes);
      return { blob, size };
    },
  );
}

async function* nothing(): AsyncGenerator<Uint8Array, void> {
  // Nothing comes.
}

/** Before any of the bytes are read. */
function readNote({ ledger, limits }: Service, { headers, raw }: FastifyRequest): UploadNote {
  const text = headers[NOTE_HEADERS.note];
  const signature = headers[NOTE_HEADERS.signature];
  const fits = typeof text === "string" && typeof signature === "string";
  if (!fits || parseHex(signature, 65) === undefined) {
    const names = Object.values(NOTE_HEADERS).join(" and ");
    throw new ServiceError("request/unsigned", `an upload needs ${names}`);
  }
  const note = readUpload(ledger.hasher, ledger.state, { text, signature });
  if (note.size > limits.blobBody) {
    throw new ServiceError("request/too-large", `at most ${limits.blobBody} bytes`);
  }
  const declared = declaredSize(raw);
  if (declared !== undefined && declared !== note.size) {
    throw new ServiceError(
      "request/malformed",
      `the note says ${note.size} bytes, not ${declared}`,
    );
  }
  return note;
}
