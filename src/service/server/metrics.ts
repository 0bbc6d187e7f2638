import type { FastifyInstance } from "fastify";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { EmbeddedLedger } from "../../ledger/embedded.js";
import type { Submitted } from "../../ledger/port.js";
import { MESSAGE_KINDS } from "../../settlement/messages.js";

/** What a server counts of itself, for Prometheus. Each has a registry of its own. */
export class Metrics {
  readonly registry = new Registry();
  private readonly messages = new Counter({
    name: "assay_messages_total",
    help: "Messages by kind and by what became of them: accepted, or the name of the refusal",
    labelNames: ["kind", "result"] as const,
    registers: [this.registry],
  });
  private readonly writes = new Histogram({
    name: "assay_write_seconds",
    help: "From a message's arrival until it was durable",
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
    registers: [this.registry],
  });
  private readonly requests = new Histogram({
    name: "assay_request_seconds",
    help: "Requests by route, method and status",
    labelNames: ["route", "method", "status"] as const,
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
    registers: [this.registry],
  });

  constructor(processMetrics: boolean) {
    if (processMetrics) collectDefaultMetrics({ register: this.registry });
  }

  /** `text` decides the kind only among those that there are: labels are not for strangers to make. */
  message(text: string, submitted: Submitted, seconds: number): void {
    const result = "refusal" in submitted ? submitted.refusal.code : "accepted";
    this.messages.inc({ kind: kindOf(text), result });
    if (result === "accepted") this.writes.observe(seconds);
  }

  watch(app: FastifyInstance, ledger: EmbeddedLedger): void {
    const gauge = (name: string, help: string, value: () => number | Promise<number>): void => {
      const collect = async function (this: Gauge): Promise<void> {
        this.set(await value());
      };
      new Gauge({ name, help, registers: [this.registry], collect });
    };
    gauge("assay_events", "Durable events of the ledger", () => ledger.state.count);
    gauge("assay_open_jobs", "Jobs that have not ended", () => ledger.state.openJobs.length);
    gauge("assay_open_disputes", "Disputes that have not ended", () => {
      return ledger.state.openDisputes.length;
    });
    gauge("assay_writable", "1 while the ledger can be written", () => (ledger.broken ? 0 : 1));
    gauge("assay_connections", "Open connections", () => connectionsOf(app));
    app.addHook("onResponse", async (request, reply) => {
      const route = request.routeOptions.url ?? "none";
      const labels = { route, method: request.method, status: reply.statusCode };
      this.requests.observe(labels, reply.elapsedTime / 1000);
    });
  }
}

function connectionsOf(app: FastifyInstance): Promise<number> {
  return new Promise((resolve) => {
    app.server.getConnections((error, count) => resolve(error ? 0 : count));
  });
}

function kindOf(text: string): string {
  const found = /"kind":"([a-z]{1,16})"/.exec(text.slice(0, 512))?.[1];
  return MESSAGE_KINDS.find((kind) => kind === found) ?? "unknown";
}
