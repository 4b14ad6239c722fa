import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { z } from "zod";
import { createOwnGateway, type OwnGateway } from "./discord-gateway.ts";
import { brokenRequest } from "./discord-schemas.ts";

/** A call that came in; `body` is the JSON of it, also where files came with it. */
export interface DiscordRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly type: string;
}

/** What is answered; a handler that says undefined leaves the call to the next one. */
export type DiscordAnswer = { readonly status?: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> };
export type DiscordHandler = (request: DiscordRequest) => DiscordAnswer | undefined;

/** A message that was posted. */
export interface OwnMessage {
  readonly id: string;
  readonly channel_id: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * A small Discord of our own, for what the twin has not: attachments, members' roles, failures, shards. Its REST API, its
 * gateway and its place for attachments answer as Discord's documents say.
 */
export interface OwnDiscord {
  /** As DISCORD_API_URL: without the version. */
  readonly apiUrl: string;
  readonly botId: string;
  readonly gateway: OwnGateway;
  readonly requests: DiscordRequest[];
  readonly messages: OwnMessage[];
  /** What came in that Discord's own schemas and documented limits refuse; it is refused here too. */
  readonly broken: string[];
  /** The roles that members of servers hold, by "guild/user"; who is missing is no member. */
  readonly members: Map<string, readonly string[]>;
  /** What GET /gateway/bot says. */
  readonly sessions: { shards: number; total: number; remaining: number; resetAfterMs: number };
  /** Goes before every other handler. */
  first(handler: DiscordHandler | undefined): void;
  /** Puts a file where attachments lie; gives what a message says of it. */
  attach(
    name: string,
    content: string | Uint8Array,
  ): { readonly id: string; readonly filename: string; readonly size: number; readonly url: string };
  /** From now on the addresses that were given out are too old; `fresh` makes new ones for the same files. */
  expireAttachments(): void;
  freshAddress(id: string): string;
  close(): Promise<void>;
}

const json = (text: string): unknown => (text === "" ? undefined : JSON.parse(text));

/** The JSON of a request, out of a form where files come with it. */
const bodyOf = (type: string, bytes: Buffer): unknown =>
  type.startsWith("multipart/")
    ? json(/name="payload_json"\r\n\r\n([\s\S]*?)\r\n--/.exec(bytes.toString("utf8"))?.[1] ?? "")
    : json(bytes.toString("utf8"));

const asRecord = (body: unknown): Readonly<Record<string, unknown>> => z.record(z.string(), z.unknown()).catch({}).parse(body);

/** Starts it on a free port of 127.0.0.1. */
export async function startOwnDiscord({ botId = "900000000000000040", guilds = ["900000000000000001"] } = {}): Promise<OwnDiscord> {
  const gateway = createOwnGateway({ botId, guilds });
  const requests: DiscordRequest[] = [];
  const messages: OwnMessage[] = [];
  const broken: string[] = [];
  const members = new Map<string, readonly string[]>();
  const sessions = { shards: 1, total: 1_000, remaining: 1_000, resetAfterMs: 60_000 };
  const files = new Map<string, { readonly bytes: Buffer; readonly name: string }>();
  let [ids, era, origin] = [930_000_000_000_000_000n, 0, ""];
  let ahead: DiscordHandler | undefined;
  const newId = (): string => (++ids).toString();
  const addressOf = (id: string): string => `${origin}/attachments/1/${id}/${files.get(id)?.name ?? ""}?ex=${era}`;

  const routes: readonly (readonly [string, RegExp, (found: readonly string[], request: DiscordRequest) => DiscordAnswer])[] = [
    [
      "GET",
      /^\/gateway\/bot$/,
      () => ({
        body: {
          url: `${origin.replace("http", "ws")}/gateway`,
          shards: sessions.shards,
          session_start_limit: {
            total: sessions.total,
            remaining: sessions.remaining,
            reset_after: sessions.resetAfterMs,
            max_concurrency: 16,
          },
        },
      }),
    ],
    ["GET", /^\/(users|applications)\/@me$/, () => ({ body: { id: botId } })],
    ["PUT", /^\/applications\/\d+\/commands$/, () => ({ body: [] })],
    ["POST", /^\/users\/@me\/channels$/, () => ({ body: { id: "77" } })],
    ["GET", /^\/channels\/(\d+)$/, ([id = ""]) => ({ body: { id, type: 0 } })],
    [
      "GET",
      /^\/guilds\/(\d+)\/members\/(\d+)$/,
      ([guild, user = ""]) => {
        const roles = members.get(`${guild}/${user}`);
        return roles === undefined
          ? { status: 404, body: { code: 10_007, message: "Unknown Member" } }
          : { body: { user: { id: user, username: user }, roles } };
      },
    ],
    [
      "POST",
      /^\/channels\/(\d+)\/messages$/,
      ([channel = ""], { body }) => {
        const message = { id: newId(), channel_id: channel, body: asRecord(body) };
        messages.push(message);
        return { body: { id: message.id, channel_id: channel } };
      },
    ],
    [
      "PATCH",
      /^\/channels\/(\d+)\/messages\/(\d+)$/,
      ([channel = "", id], { body }) => {
        const at = messages.findIndex((message) => message.id === id);
        const [known] = messages.slice(at, at + 1);
        if (at < 0 || known === undefined) return { status: 404, body: { code: 10_008, message: "Unknown Message" } };
        messages[at] = { ...known, body: asRecord(body) };
        return { body: { id: known.id, channel_id: channel } };
      },
    ],
    ["POST", /^\/channels\/\d+\/messages\/(\d+)\/threads$/, ([id]) => ({ body: { id } })],
    [
      "GET",
      /^\/channels\/(\d+)\/messages$/,
      ([channel]) => ({
        body: messages
          .filter(({ channel_id: at }) => at === channel)
          .map(({ id, body }) => ({ ...body, id, author: { id: botId } }))
          .reverse(),
      }),
    ],
    ["POST", /^\/interactions\/\d+\/[^/]+\/callback$/, () => ({ status: 204, body: undefined })],
    ["POST", /^\/webhooks\/\d+\/[^/]+$/, () => ({ body: { id: newId() } })],
    ["PATCH", /^\/webhooks\/\d+\/[^/]+\/messages\/@original$/, () => ({ body: { id: newId() } })],
  ];

  const answerTo = (request: DiscordRequest): DiscordAnswer => {
    const wrong = request.body === undefined ? [] : brokenRequest(request.method, request.path, request.body);
    broken.push(...wrong.map((what) => `${request.method} ${request.path}: ${what}`));
    if (wrong.length > 0) return { status: 400, body: { code: 50_035, message: "Invalid Form Body" } };
    const early = ahead?.(request);
    if (early !== undefined) return early;
    for (const [method, pattern, handle] of routes) {
      const found = pattern.exec(request.path);
      if (method === request.method && found !== null) return handle(found.slice(1), request);
    }
    return { status: 404, body: { code: 0, message: "404: Not Found" } };
  };
  const giveFile = (url: URL, response: ServerResponse): void => {
    const file = files.get(url.pathname.split("/")[3] ?? "");
    const stale = url.searchParams.get("ex") !== `${era}`;
    if (file === undefined || stale) response.writeHead(404, { "content-type": "text/plain" }).end("This content is no longer available.");
    else response.writeHead(200, { "content-type": "text/csv", "content-length": file.bytes.length }).end(file.bytes);
  };
  const server = createServer((incoming: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const url = new URL(incoming.url ?? "", origin);
      if (url.pathname.startsWith("/attachments/")) {
        giveFile(url, response);
        return;
      }
      const type = incoming.headers["content-type"] ?? "";
      const path = url.pathname.replace("/api/v10", "");
      const request = { method: incoming.method ?? "", path, query: url.searchParams, type, body: bodyOf(type, Buffer.concat(chunks)) };
      requests.push(request);
      const { status = 200, body, headers = {} } = answerTo(request);
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(body === undefined ? "" : JSON.stringify(body));
    });
  });
  server.on("upgrade", (request, socket, head) => gateway.upgrade(request, socket, head));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  origin = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;

  return {
    apiUrl: `${origin}/api`,
    botId,
    gateway,
    requests,
    messages,
    broken,
    members,
    sessions,
    first(handler) {
      ahead = handler;
    },
    attach(name, content) {
      const id = newId();
      const bytes = Buffer.from(content);
      files.set(id, { bytes, name });
      return { id, filename: name, size: bytes.length, url: addressOf(id) };
    },
    expireAttachments() {
      era += 1;
    },
    freshAddress: addressOf,
    async close() {
      gateway.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
