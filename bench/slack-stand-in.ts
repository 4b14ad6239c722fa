import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";

/** A message as this stand-in keeps it. */
export interface StoodMessage {
  readonly channel: string;
  readonly ts: string;
  readonly threadTs: string | undefined;
  text: string;
  blocks: readonly unknown[];
  metadata: unknown;
  /** What was streamed by now: the last word on each plan and task, and blocks. */
  readonly chunks: Map<string, unknown>;
  streaming: boolean;
  edits: number;
}

/** A Web API call as it came. */
export interface StoodCall {
  readonly method: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly at: number;
}

/** How a call is answered instead: a code of Slack's, an HTTP status, or `lost`, which does what was asked and lets the answer go astray. */
export type Trouble = { readonly error: string } | { readonly status: number; readonly retryAfter?: number } | "lost";

/** A workspace of Slack's, as far as messages go. */
export interface SlackStandIn {
  readonly apiUrl: string;
  readonly messages: readonly StoodMessage[];
  readonly calls: readonly StoodCall[];
  /** The next so many calls of a method meet trouble. */
  trouble(method: string, trouble: Trouble, times?: number): void;
  /** Slack ends streams by itself after some minutes. */
  expireStreams(): void;
  reset(): void;
  close(): Promise<void>;
}

type Args = Readonly<Record<string, unknown>>;
type Answer = Readonly<Record<string, unknown>>;

const said = (args: Args, name: string): string | undefined => {
  const value = args[name];
  return typeof value === "string" && value !== "" ? value : undefined;
};

/** Web API arguments: a form, whose objects are JSON. */
function argsOf(body: string): Args {
  const parsed = (value: string): unknown => (/^[[{]/.test(value) ? JSON.parse(value) : value);
  return Object.fromEntries([...new URLSearchParams(body)].map(([name, value]) => [name, parsed(value)]));
}

const refused = (error: string): Answer => ({ ok: false, error });
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;

/** Takes chunks in; the code of Slack's that refuses them where one breaks its limits. */
function takeChunks(message: StoodMessage, chunks: readonly unknown[]): string | undefined {
  for (const chunk of chunks) {
    const [type, title, id] = [field(chunk, "type"), field(chunk, "title"), field(chunk, "id")];
    if (typeof title === "string" && title.length > 256) return "msg_too_long";
    if (type === "plan_update") message.chunks.set("plan", chunk);
    else if (type === "task_update" && typeof id === "string") message.chunks.set(id, chunk);
    else if (type === "blocks" && listOf(field(chunk, "blocks")).length <= 50) message.chunks.set("blocks", chunk);
    else return "invalid_chunks";
  }
  return undefined;
}

/** The messages of a workspace. */
interface Kept {
  readonly messages: StoodMessage[];
  add(args: Args, streaming: boolean): StoodMessage;
  named(args: Args): StoodMessage | undefined;
}

function createKept(messages: StoodMessage[]): Kept {
  let last = 1_790_000_000_000_000;
  const at = new Map<string, StoodMessage>();
  return {
    messages,
    add(args, streaming) {
      last += 1_000;
      const message: StoodMessage = {
        channel: said(args, "channel") ?? "",
        ts: `${Math.floor(last / 1_000_000)}.${String(last % 1_000_000).padStart(6, "0")}`,
        threadTs: said(args, "thread_ts"),
        text: said(args, "text") ?? "",
        blocks: listOf(args["blocks"]),
        metadata: args["metadata"],
        chunks: new Map(),
        streaming,
        edits: 0,
      };
      messages.push(message);
      at.set(`${message.channel}/${message.ts}`, message);
      return message;
    },
    named: (args) => at.get(`${said(args, "channel")}/${said(args, "ts")}`),
  };
}

type Methods = Readonly<Record<string, (args: Args) => Answer>>;

const done = ({ channel, ts }: StoodMessage): Answer => ({ ok: true, channel, ts });

/** Streams, which begin under a message and for a recipient, and take nothing more once they are over. */
function streamMethods({ messages, add, named }: Kept): Methods {
  const streamed = (args: Args, then: (message: StoodMessage) => void): Answer => {
    const message = named(args);
    if (message === undefined) return refused("message_not_found");
    if (!message.streaming) return refused("message_not_in_streaming_state");
    const wrong = listOf(args["blocks"]).length > 50 ? "invalid_blocks" : takeChunks(message, listOf(args["chunks"]));
    if (wrong !== undefined) return refused(wrong);
    then(message);
    return done(message);
  };
  return {
    "chat.startStream": (args) => {
      const missing = ["thread_ts", "recipient_user_id", "recipient_team_id"].find((name) => said(args, name) === undefined);
      if (missing !== undefined) return refused(`missing_${missing}`);
      const message = add({ channel: args["channel"], thread_ts: args["thread_ts"] }, true);
      const wrong = takeChunks(message, listOf(args["chunks"]));
      if (wrong === undefined) return done(message);
      messages.splice(messages.indexOf(message), 1);
      return refused(wrong);
    },
    "chat.appendStream": (args) => streamed(args, () => undefined),
    "chat.stopStream": (args) =>
      streamed(args, (message) => {
        message.blocks = listOf(args["blocks"]);
        message.metadata = args["metadata"];
        message.streaming = false;
      }),
  };
}

/** A message as Slack lists it: what was streamed stands before its blocks. */
function asListed({ ts, text: words, threadTs, chunks, blocks, metadata }: StoodMessage): Answer {
  const tasks = [...chunks].flatMap(([id, chunk]) => (field(chunk, "type") === "task_update" ? [{ type: "task_card", task_id: id }] : []));
  const plan = tasks.length === 0 ? [] : [{ type: "plan", tasks }];
  return { ts, text: words, thread_ts: threadTs, blocks: [...listOf(field(chunks.get("blocks"), "blocks")), ...plan, ...blocks], metadata };
}

/** Messages that are posted, edited and listed. */
function messageMethods({ messages, add, named }: Kept): Methods {
  const inPlace = (args: Args) => messages.filter(({ channel }) => channel === said(args, "channel"));
  return {
    "auth.test": () => ({ ok: true, team_id: "T1", user_id: "U0APEX" }),
    "chat.postMessage": (args) => done(add(args, false)),
    "chat.postEphemeral": () => ({ ok: true, message_ts: "1.1" }),
    "chat.update": (args) => {
      const message = named(args);
      if (message === undefined) return refused("message_not_found");
      if (message.streaming) return refused("streaming_state_conflict");
      message.text = said(args, "text") ?? "";
      message.blocks = listOf(args["blocks"]);
      message.metadata = args["metadata"];
      message.chunks.clear();
      message.edits += 1;
      return done(message);
    },
    "assistant.threads.setStatus": () => ({ ok: true }),
    "conversations.open": () => ({ ok: true, channel: { id: "D1" } }),
    "conversations.replies": (args) => {
      const replies = inPlace(args).filter(({ threadTs }) => threadTs === said(args, "ts"));
      return { ok: true, messages: replies.map(asListed) };
    },
    "conversations.history": (args) => ({ ok: true, messages: inPlace(args).map(asListed) }),
  };
}

/**
 * Starts a stand-in of Slack's Web API on loopback. It is ours and follows Slack's documents of the methods, streams among them,
 * which no peer from elsewhere has: a stream refuses `chat.update`, one that is over refuses to be appended to or stopped.
 * Pictures are not taken. `keepCalls: false` keeps messages only.
 */
export async function startSlackStandIn({ keepCalls = true } = {}): Promise<SlackStandIn> {
  const messages: StoodMessage[] = [];
  const calls: StoodCall[] = [];
  const troubles: { readonly method: string; readonly trouble: Trouble }[] = [];
  const kept = createKept(messages);
  const methods: Methods = { ...messageMethods(kept), ...streamMethods(kept) };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const method = (request.url ?? "").replace(/^\/api\/|\?.*$/g, "");
    const args = argsOf(await text(request));
    if (keepCalls) calls.push({ method, args, at: Date.now() });
    const found = troubles.findIndex((one) => one.method === method);
    const trouble = found < 0 ? undefined : troubles.splice(found, 1)[0]?.trouble;
    const json = (body: Answer, status = 200, headers = {}): void => {
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
    };
    if (trouble !== undefined && trouble !== "lost") {
      if ("error" in trouble) return json(refused(trouble.error));
      return json(
        refused("ratelimited"),
        trouble.status,
        trouble.retryAfter === undefined ? {} : { "retry-after": String(trouble.retryAfter) },
      );
    }
    const body = methods[method]?.(args) ?? refused(method.startsWith("files.") ? "missing_scope" : "unknown_method");
    if (trouble === "lost") response.destroy();
    else json(body);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(599).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    apiUrl: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/api/`,
    messages,
    calls,
    trouble: (method, trouble, times = 1) => {
      troubles.push(...Array.from({ length: times }, () => ({ method, trouble })));
    },
    expireStreams() {
      for (const message of messages) message.streaming = false;
    },
    reset() {
      for (const list of [messages, calls, troubles]) list.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
