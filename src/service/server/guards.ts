import { BlockList, isIP, type Socket } from "node:net";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { declaredSize } from "./body.js";
import { longestArrival, type ServerLimits, timeFor } from "./limits.js";
import { peerOf } from "./peer.js";
import { ServiceError } from "./service-error.js";

/**
 * Slow senders, slow takers and too many connections. Node itself looks after headers and idle
 * connections; a body is looked after here, because what may take long depends on the route.
 */
export function guardConnections(
  app: FastifyInstance,
  limits: ServerLimits,
  proxies: readonly string[] = [],
): void {
  const { server } = app;
  server.maxConnections = limits.connections;
  server.headersTimeout = limits.headerTime;
  server.requestTimeout = longestArrival(limits);
  server.keepAliveTimeout = limits.keepAlive;
  const perPeer = new Map<string, number>();
  // A proxy brings the connections of many; whom it speaks for is counted by their requests.
  const exempt = blockList(proxies);
  server.on("connection", (socket: Socket) => {
    const peer = peerOf(socket.remoteAddress);
    const count = (perPeer.get(peer) ?? 0) + 1;
    perPeer.set(peer, count);
    socket.once("close", () => {
      const left = (perPeer.get(peer) ?? 1) - 1;
      if (left === 0) perPeer.delete(peer);
      else perPeer.set(peer, left);
    });
    if (count > limits.connectionsPerPeer && !isIn(exempt, socket.remoteAddress)) socket.destroy();
  });
}

/** Addresses, or subnets such as 10.0.0.0/8. */
function blockList(addresses: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of addresses) {
    const [address = "", bits] = text.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (isIP(address) === 0) continue;
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

function isIn(list: BlockList, address: string | undefined): boolean {
  if (address === undefined || isIP(address) === 0) return false;
  return list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

/** Cuts a request whose body has not come in time. Only routes that take large bodies give more by size. */
export function guardArrival(app: FastifyInstance, limits: ServerLimits): void {
  app.addHook("onRequest", async (request) => {
    const { raw } = request;
    const size = declaredSize(raw);
    if (size === 0) return;
    if (raw.method === "GET" || raw.method === "HEAD") {
      throw new ServiceError("request/malformed", `a ${raw.method} has no body`);
    }
    const { takesLong } = request.routeOptions.config;
    const more = takesLong ? timeFor(limits, size ?? takesLong) : 0;
    const timer = setTimeout(() => raw.socket.destroy(), limits.arrivalTime + more);
    raw.once("end", () => clearTimeout(timer));
    raw.once("close", () => clearTimeout(timer));
  });
}

/** Ends connections on which an answer is not taken, or a body comes that nobody will read. */
export function guardDeparture(app: FastifyInstance, limits: ServerLimits): void {
  app.addHook("onSend", async (request, reply, payload) => {
    if (!request.raw.complete && declaredSize(request.raw) !== 0)
      reply.header("connection", "close");
    const known = typeof payload === "string" || Buffer.isBuffer(payload);
    const size = known ? payload.length : Number(reply.getHeader("content-length") ?? 0);
    cutUnlessTaken(request, reply, limits.departureTime + timeFor(limits, size));
    return payload;
  });
}

function cutUnlessTaken({ raw }: FastifyRequest, reply: FastifyReply, time: number): void {
  const timer = setTimeout(() => raw.socket.destroy(), time);
  reply.raw.once("close", () => clearTimeout(timer));
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** Largest body of a route that takes long ones: time is given for it. */
    takesLong?: number;
  }
}
