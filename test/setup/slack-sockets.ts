import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";

/** An acknowledgement as it came. */
export interface SocketAck {
  readonly envelopeId: string;
  readonly payload: unknown;
}

/** Slack's side of Socket Mode. */
export interface SlackSockets {
  readonly apiUrl: string;
  /** Sockets that are open now, the oldest first. */
  readonly open: readonly WebSocket[];
  /** How often an address for a socket was asked for, and with which token. */
  readonly asked: readonly (string | undefined)[];
  readonly acks: readonly SocketAck[];
  /** Refuses the next so many askers with a code of Slack's. */
  refuse(error: string, times?: number): void;
  /** Waits for so many open sockets that were greeted. */
  connected(count?: number): Promise<void>;
  /** Sends an envelope over a socket; gives its id. */
  send(type: "events_api" | "slash_commands" | "interactive", payload: unknown, socket?: number): string;
  /** Says over a socket that it will be closed, as Slack does every few hours. */
  warn(reason: "warning" | "refresh_requested"): void;
  acked(envelopeId: string): Promise<SocketAck>;
  close(): Promise<void>;
}

const Ack = z.object({ envelope_id: z.string(), payload: z.unknown() });

/** Waits until something is there, for five seconds at most. */
async function until<T>(look: () => T | undefined): Promise<T> {
  for (const end = Date.now() + 5_000; ; ) {
    const found = look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error("It did not happen within five seconds.");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A stand-in of Slack's Socket Mode, ours, that follows Slack's documents: `apps.connections.open`, `hello`, envelopes that are acknowledged by their id, `disconnect`. */
export async function startSlackSockets(): Promise<SlackSockets> {
  const open: WebSocket[] = [];
  const asked: (string | undefined)[] = [];
  const acks: SocketAck[] = [];
  const refusals: string[] = [];
  const server = createServer((request, response) => {
    request.resume();
    const method = (request.url ?? "").replace("/api/", "");
    const json = (body: object) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (method !== "apps.connections.open") return json({ ok: true, ts: "1.1", channel: "C1" });
    asked.push(request.headers.authorization);
    const error = refusals.shift();
    return json(
      error === undefined ? { ok: true, url: `ws://${request.headers.host ?? ""}/link/?ticket=${randomUUID()}` } : { ok: false, error },
    );
  });
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => {
    socket.on("message", (raw: Buffer) => {
      const { envelope_id: envelopeId, payload } = Ack.parse(JSON.parse(raw.toString()));
      acks.push({ envelopeId, payload });
    });
    socket.on("close", () => open.splice(open.indexOf(socket), 1));
    socket.send(JSON.stringify({ type: "hello", num_connections: open.length + 1, connection_info: { app_id: "A1" } }));
    open.push(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    apiUrl: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/api/`,
    open,
    asked,
    acks,
    refuse: (error, times = 1) => refusals.push(...Array.from({ length: times }, () => error)),
    async connected(count = 1) {
      await until(() => (open.length === count ? true : undefined));
    },
    send(type, payload, socket = 0) {
      const id = randomUUID();
      open[socket]?.send(JSON.stringify({ envelope_id: id, type, payload, accepts_response_payload: type !== "events_api" }));
      return id;
    },
    warn(reason) {
      for (const socket of open) socket.send(JSON.stringify({ type: "disconnect", reason, debug_info: {} }));
    },
    acked: (envelopeId) => until(() => acks.find((ack) => ack.envelopeId === envelopeId)),
    close: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.terminate();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
