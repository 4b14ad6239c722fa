import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";

/** A gateway of our own that follows Discord's documents: HELLO, IDENTIFY, READY, heartbeats, RESUME with replay, INVALID_SESSION, RECONNECT. */
export interface OwnGateway {
  /** Shards that identified themselves, in order: [number, of how many]. */
  readonly identified: (readonly [number, number])[];
  /** Sessions that were resumed, and after which event. */
  readonly resumed: { readonly shard: number; readonly seq: number }[];
  /** Sends an event; one that finds no connection is kept and sent on RESUME. */
  dispatch(kind: string, data: unknown, shard?: number): void;
  /** Sends any other packet: op 7 asks to reconnect, op 9 says that the session is invalid. */
  send(op: number, data: unknown, shard?: number): void;
  /** Cuts a connection without a word, or closes it with a code. */
  cut(shard?: number, code?: number): void;
  /** Refuses whoever identifies themselves with a close code; undefined takes them again. */
  refuse(code: number | undefined): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): void;
}

const Packet = z.object({ op: z.number(), d: z.unknown() });
const Identify = z.object({ token: z.string(), shard: z.tuple([z.number(), z.number()]).default([0, 1]) });
const Resume = z.object({ token: z.string(), session_id: z.string(), seq: z.number() });

interface Session {
  readonly id: string;
  readonly shard: number;
  readonly sent: { readonly t: string; readonly d: unknown; readonly s: number }[];
  socket: WebSocket | undefined;
}

const say = (socket: WebSocket | undefined, packet: unknown): void => {
  if (socket?.readyState === 1) socket.send(JSON.stringify(packet));
};

/** Makes it; `hello` is what READY says of the bot and its servers. */
export function createOwnGateway({ botId, guilds }: { readonly botId: string; readonly guilds: readonly string[] }): OwnGateway {
  const server = new WebSocketServer({ noServer: true });
  const sessions = new Map<number, Session>();
  const [identified, resumed]: [OwnGateway["identified"], OwnGateway["resumed"]] = [[], []];
  let refused: number | undefined;
  let made = 0;

  const dispatch: OwnGateway["dispatch"] = (t, d, shard = 0) => {
    const session = sessions.get(shard);
    if (session === undefined) throw new Error(`Shard ${shard} has no session.`);
    const packet = { op: 0, t, d, s: session.sent.length + 1 };
    session.sent.push(packet);
    say(session.socket, packet);
  };
  const identify = (socket: WebSocket, data: unknown, host: string): void => {
    const { shard } = Identify.parse(data);
    identified.push(shard);
    if (refused !== undefined) {
      socket.close(refused);
      return;
    }
    const [number, of] = shard;
    const session: Session = { id: `session-${++made}`, shard: number, sent: [], socket };
    sessions.set(number, session);
    const user = { id: botId, username: "Apex", discriminator: "0000", avatar: null, bot: true };
    const ours = guilds.filter((id) => Number((BigInt(id) >> 22n) % BigInt(of)) === number);
    dispatch(
      "READY",
      {
        v: 10,
        user,
        guilds: ours.map((id) => ({ id, unavailable: true })),
        session_id: session.id,
        resume_gateway_url: `ws://${host}/gateway`,
        shard,
        application: { id: botId, flags: 0 },
      },
      number,
    );
  };
  const resume = (socket: WebSocket, data: unknown): void => {
    const { session_id: id, seq } = Resume.parse(data);
    const session = [...sessions.values()].find((one) => one.id === id);
    if (session === undefined) {
      say(socket, { op: 9, d: false });
      return;
    }
    session.socket = socket;
    resumed.push({ shard: session.shard, seq });
    for (const packet of session.sent.filter(({ s }) => s > seq)) say(socket, packet);
    dispatch("RESUMED", null, session.shard);
  };
  server.on("connection", (socket: WebSocket, request: IncomingMessage) => {
    socket.on("message", (bytes: Buffer) => {
      const { op, d } = Packet.parse(JSON.parse(bytes.toString()));
      if (op === 1) say(socket, { op: 11 });
      if (op === 2) identify(socket, d, request.headers.host ?? "");
      if (op === 6) resume(socket, d);
    });
    socket.on("close", () => {
      for (const session of sessions.values()) if (session.socket === socket) session.socket = undefined;
    });
    say(socket, { op: 10, d: { heartbeat_interval: 41_250 } });
  });

  return {
    identified,
    resumed,
    dispatch,
    send: (op, d, shard = 0) => say(sessions.get(shard)?.socket, { op, d }),
    cut(shard = 0, code) {
      const { socket } = sessions.get(shard) ?? {};
      if (code === undefined) socket?.terminate();
      else socket?.close(code);
    },
    refuse(code) {
      refused = code;
    },
    upgrade: (request, socket, head) => server.handleUpgrade(request, socket, head, (client) => server.emit("connection", client, request)),
    close() {
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}
