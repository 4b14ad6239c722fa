import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from "jose";
import type { RawRequest } from "../../src/core/delivery.ts";

/** A call that came to the connector. */
export interface ConnectorCall {
  readonly what: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: unknown;
}

/** A message as the connector keeps it. */
export interface KeptActivity {
  readonly conversation: string;
  readonly id: string;
  activity: Readonly<Record<string, unknown>>;
}

type Answer = { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> } | "nothing" | "cut";

/**
 * The Bot Framework as far as a bot sees it: a server of our own that follows Microsoft's documents ("Authenticate requests
 * from the Bot Connector service to your bot", "API reference for the Bot Framework Connector service"). No peer covers its tokens.
 */
export interface TeamsService {
  readonly url: string;
  readonly openIdUrl: string;
  readonly loginUrl: string;
  readonly serviceUrl: string;
  readonly calls: ConnectorCall[];
  readonly kept: KeptActivity[];
  /** How often the signing keys were asked for. */
  keysAsked: number;
  /** What the connector answers instead of doing what it is asked; undefined: it does. */
  answer: ((call: ConnectorCall) => Answer | undefined) | undefined;
  /** While true, keys and tokens cannot be had. */
  down: boolean;
  /** Signs with a new key from now on; the old one is not published any more. */
  rollOver(): Promise<void>;
  /** A token as the service makes them; `over` changes its claims, `header` its header. */
  token(
    now: Date,
    over?: Readonly<Record<string, unknown>>,
    header?: Readonly<Record<string, string>>,
    key?: CryptoKey | Uint8Array,
  ): Promise<string>;
  /** A genuine request with this activity. */
  signed(activity: unknown, now: Date): Promise<RawRequest>;
  close(): Promise<void>;
}

export const appId = "11111111-2222-4333-8444-555555555555";

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let text = "";
  request.setEncoding("utf8");
  for await (const chunk of request) text += String(chunk);
  return text;
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null;

/** Starts it on a free port of 127.0.0.1. */
export async function startTeamsService(): Promise<TeamsService> {
  let kid = "key-1";
  let pair = await generateKeyPair("RS256");
  let posted = 0;
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;

  /** The connector's own work: activities are posted and edited, conversations opened. */
  function work({ what, body }: ConnectorCall): Answer {
    const [method = "", path = ""] = what.split(" ");
    const [, , , conversation = "", activities, id = ""] = path.split("/").map((part) => decodeURIComponent(part));
    const activity = isObject(body) ? body : {};
    if (method === "POST" && activities === undefined) {
      const members: unknown = activity["members"];
      const first: unknown = Array.isArray(members) ? members[0] : undefined;
      return { status: 201, body: { id: `a:with-${isObject(first) ? String(first["id"]) : ""}` } };
    }
    if (method === "POST") {
      posted += 1;
      // The message that a stream becomes has the stream's id.
      const data = activity["channelData"];
      const stream: unknown = isObject(data) ? data["streamId"] : undefined;
      const given = typeof stream === "string" ? stream : `m${posted}`;
      if (activity["type"] === "message") service.kept.push({ conversation, id: given, activity });
      return { status: 201, body: { id: given } };
    }
    const there = service.kept.find((one) => one.conversation === conversation && one.id === id);
    if (there === undefined) return { status: 404, body: { error: { code: "ActivityNotFoundInConversation", message: "gone" } } };
    there.activity = activity;
    return { status: 200, body: { id } };
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await bodyOf(request);
    const path = (request.url ?? "").replace(/\?.*/, "");
    const send = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void => {
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(body === undefined ? "" : JSON.stringify(body));
    };
    if (!path.startsWith("/v3/") && service.down) return send(503, {});
    if (path === "/openid") return send(200, { issuer: "https://api.botframework.com", jwks_uri: `${url}/keys` });
    if (path === "/keys") {
      service.keysAsked += 1;
      const jwk = await exportJWK(pair.publicKey);
      return send(200, { keys: [{ ...jwk, kid, use: "sig", endorsements: ["msteams", "webchat"] }] });
    }
    if (path.endsWith("/oauth2/v2.0/token")) return send(200, { token_type: "Bearer", expires_in: 3_600, access_token: "the-bots-token" });
    const call: ConnectorCall = {
      what: `${request.method ?? ""} ${path}`,
      headers: request.headers,
      body: text === "" ? {} : JSON.parse(text),
    };
    service.calls.push(call);
    const answer = service.answer?.(call) ?? work(call);
    if (answer === "nothing") return undefined;
    if (answer === "cut") return void response.destroy();
    return send(answer.status, answer.body ?? {}, answer.headers);
  }

  const service: TeamsService = {
    url,
    openIdUrl: `${url}/openid`,
    loginUrl: url,
    serviceUrl: `${url}/`,
    calls: [],
    kept: [],
    keysAsked: 0,
    answer: undefined,
    down: false,
    async rollOver() {
      kid = `${kid}+`;
      pair = await generateKeyPair("RS256");
    },
    token: (now, over = {}, header = {}, key = pair.privateKey) => {
      const at = Math.floor(now.getTime() / 1_000);
      const claims = { iss: "https://api.botframework.com", aud: appId, nbf: at - 60, exp: at + 3_600, serviceurl: `${url}/`, ...over };
      return new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid, typ: "JWT", ...header }).sign(key);
    },
    signed: async (activity, now) => ({
      headers: { authorization: `Bearer ${await service.token(now)}`, "content-type": "application/json" },
      body: typeof activity === "string" ? activity : JSON.stringify(activity),
    }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return service;
}
