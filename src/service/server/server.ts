import rateLimit from "@fastify/rate-limit";
import fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import type { EmbeddedLedger } from "../../ledger/embedded.js";
import { answerOf } from "./answer-errors.js";
import { refuseBrokenRequests } from "./broken-requests.js";
import { makeGates, peerOfRequest, type Service } from "./context.js";
import { guardArrival, guardConnections, guardDeparture } from "./guards.js";
import { DEFAULT_LIMITS, longestArrival, type ServerLimits } from "./limits.js";
import { Metrics } from "./metrics.js";
import { describeRoutes, documentOf } from "./openapi.js";
import { blobRoutes } from "./routes/blobs.js";
import { ledgerRoutes } from "./routes/ledger.js";
import { messageRoutes } from "./routes/messages.js";
import { operationRoutes } from "./routes/operations.js";
import { viewRoutes } from "./routes/views.js";
import { ServiceError } from "./service-error.js";

/** Milliseconds between two looks for idle connections while the server ends. */
const IDLE_CHECK = 20;

export interface LedgerServerOptions {
  /** Of this program, as it is told to clients. */
  readonly version: string;
  readonly limits?: Partial<ServerLimits>;
  /** Hears of every failure that is not told to whoever asked. */
  readonly onError?: (error: unknown) => void;
  /** Whether the metrics also tell of the process; only one server of a process should. */
  readonly processMetrics?: boolean;
  /** Addresses of proxies whose X-Forwarded-For is believed; without them nobody's is. */
  readonly trustProxy?: string[];
}

/**
 * A ledger behind HTTP. `listen` begins; `close` stops taking connections, answers who waits,
 * finishes what is being written, closes the ledger, and cuts what has not finished within
 * `limits.shutdownTime`.
 */
export async function createLedgerServer(
  ledger: EmbeddedLedger,
  options: LedgerServerOptions,
): Promise<FastifyInstance> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { version, onError = () => {} } = options;
  const app = newApp(limits, options);
  const stopping = stopGracefully(app, ledger, limits, onError);
  const metrics = new Metrics(options.processMetrics ?? false);
  const service: Service = { ledger, limits, metrics, gates: makeGates(limits), stopping };
  guardConnections(app, limits, options.trustProxy);
  answerErrors(app, onError);
  metrics.watch(app, ledger);
  refuseWhileStopping(app, stopping);
  await limitRates(app, limits);
  guardArrival(app, limits);
  guardDeparture(app, limits);
  await describeRoutes(app, version);
  await app.register(async (scope) => {
    ledgerRoutes(scope, service, version);
    messageRoutes(scope, service);
    blobRoutes(scope, service);
    viewRoutes(scope, service);
    operationRoutes(scope, service);
    scope.get("/openapi.json", { schema: { hide: true } }, async () => documentOf(app));
  });
  await app.ready();
  return app;
}

function newApp(limits: ServerLimits, { trustProxy }: LedgerServerOptions): FastifyInstance {
  return fastify({
    bodyLimit: limits.messageBody,
    requestTimeout: longestArrival(limits),
    keepAliveTimeout: limits.keepAlive,
    http: {
      connectionsCheckingInterval: limits.checkEvery,
      maxHeaderSize: limits.headerBytes,
      requestTimeout: longestArrival(limits),
      headersTimeout: limits.headerTime,
    },
    // Answered in the form of every other error instead.
    return503OnClosing: false,
    forceCloseConnections: "idle",
    clientErrorHandler: refuseBrokenRequests,
    frameworkErrors: (error: unknown, _: unknown, reply: FastifyReply) => {
      const { status, body } = answerOf(error);
      reply.code(status).send(body);
    },
    routerOptions: { maxParamLength: 128 },
    // What a request says too much is refused, never dropped.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true, useDefaults: false } },
    ...(trustProxy ? { trustProxy } : {}),
  }) as unknown as FastifyInstance;
}

function answerErrors(app: FastifyInstance, onError: (error: unknown) => void): void {
  app.setErrorHandler((error, _, reply) => {
    const { status, body, unexpected } = answerOf(error);
    if (unexpected) onError(error);
    reply.code(status).send(body);
  });
}

/** A flood of one peer is refused before anything else is done for it. */
async function limitRates(app: FastifyInstance, limits: ServerLimits): Promise<void> {
  await app.register(rateLimit, {
    global: true,
    max: limits.requests,
    timeWindow: limits.rateWindow,
    cache: limits.peers,
    keyGenerator: peerOfRequest,
    errorResponseBuilder: (_, { after }) => {
      return new ServiceError("request/too-many", `too many requests; again in ${after}`);
    },
  });
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, () => {
    throw new ServiceError("request/not-found", "there is no such route");
  });
}

function refuseWhileStopping(app: FastifyInstance, stopping: AbortSignal): void {
  app.addHook("onRequest", async (_, reply) => {
    if (!stopping.aborted) return;
    reply.header("connection", "close");
    throw new ServiceError("service/closing", "the server is being stopped");
  });
}

/** The order in which a server ends. Returns the signal that it does. */
function stopGracefully(
  app: FastifyInstance,
  ledger: EmbeddedLedger,
  limits: ServerLimits,
  onError: (error: unknown) => void,
): AbortSignal {
  const stop = new AbortController();
  let cut: NodeJS.Timeout | undefined;
  let idle: NodeJS.Timeout | undefined;
  app.addHook("preClose", async () => {
    stop.abort();
    cut = setTimeout(() => app.server.closeAllConnections(), limits.shutdownTime);
    // Those that were answering a moment ago are kept by their clients.
    idle = setInterval(() => app.server.closeIdleConnections(), IDLE_CHECK);
  });
  // Runs once no connection is left.
  app.addHook("onClose", async () => {
    clearTimeout(cut);
    clearInterval(idle);
    await ledger.close().catch(onError);
  });
  return stop.signal;
}
