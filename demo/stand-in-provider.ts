import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { z } from "zod";

/** How the stand-in behaves. */
export interface StandInOptions {
  /** 0 takes any free port. */
  readonly port?: number;
  /** How long it waits before it answers, in milliseconds. */
  readonly latencyMs?: number;
}

/** A running stand-in. */
export interface StandIn {
  /** What to set as the upstream's base URL; ends with /v1. */
  readonly baseUrl: string;
  /** How many completions it has served. */
  served(): number;
  close(): Promise<void>;
}

const tokenCount = z
  .string()
  .regex(/^\d{1,9}$/)
  .transform(Number);

const StandInRequest = z.looseObject({
  model: z.string().min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  metadata: z.looseObject({ trace_prompt_tokens: tokenCount, trace_completion_tokens: tokenCount }),
});
type StandInRequest = z.infer<typeof StandInRequest>;

const disclaimer = "This is the demo's local stand-in provider, not an AI model: it bills the token counts that the request declares.";

const usageOf = ({ metadata }: StandInRequest) => ({
  prompt_tokens: metadata.trace_prompt_tokens,
  completion_tokens: metadata.trace_completion_tokens,
  total_tokens: metadata.trace_prompt_tokens + metadata.trace_completion_tokens,
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
});

const headers = { "x-stand-in-provider": "true", "openai-processing-ms": "0" };

const sendJson = (res: ServerResponse, status: number, body: unknown): void => {
  const text = JSON.stringify(body);
  res.writeHead(status, { ...headers, "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  res.end(text);
};

const sendWhole = (res: ServerResponse, request: StandInRequest, id: string): void =>
  sendJson(res, 200, {
    id,
    object: "chat.completion",
    created: Math.floor(Date.now() / 1000),
    model: request.model,
    service_tier: "default",
    system_fingerprint: "stand-in",
    choices: [{ index: 0, message: { role: "assistant", content: disclaimer, refusal: null }, logprobs: null, finish_reason: "stop" }],
    usage: usageOf(request),
  });

const sendStream = (res: ServerResponse, request: StandInRequest, id: string): void => {
  const asked = request.stream_options?.include_usage === true;
  const base = {
    id,
    object: "chat.completion.chunk",
    created: Math.floor(Date.now() / 1000),
    model: request.model,
    service_tier: "default",
    system_fingerprint: "stand-in",
  };
  const chunk = (delta: object, finish: string | null): object => ({
    ...base,
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    ...(asked ? { usage: null } : {}),
  });
  const words = disclaimer.split(/(?<= )/).map((content) => chunk({ content }, null));
  const usage = asked ? [{ ...base, choices: [], usage: usageOf(request) }] : [];
  const events = [chunk({ role: "assistant", content: "", refusal: null }, null), ...words, chunk({}, "stop"), ...usage];
  res.writeHead(200, { ...headers, "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
  for (const event of events) res.write(`data: ${JSON.stringify(event)}\n\n`);
  res.end("data: [DONE]\n\n");
};

const readText = async (req: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  const body: AsyncIterable<Buffer> = req;
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
};

const parseRequest = (text: string): StandInRequest | undefined => {
  try {
    return StandInRequest.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
};

const complete = async (req: IncomingMessage, res: ServerResponse, latencyMs: number): Promise<boolean> => {
  const text = await readText(req);
  const request = parseRequest(text);
  if (request === undefined) {
    const message = `${disclaimer} Declare them as metadata.trace_prompt_tokens and metadata.trace_completion_tokens.`;
    sendJson(res, 400, { error: { message, type: "invalid_request_error", param: "metadata", code: null } });
    return false;
  }
  if (latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, latencyMs));
  const id = `chatcmpl-stand-in-${createHash("sha256").update(text).digest("hex").slice(0, 24)}`;
  (request.stream === true ? sendStream : sendWhole)(res, request, id);
  return true;
};

/** Starts, on 127.0.0.1, an OpenAI-compatible stand-in provider that says it is one and bills by the counts that each request declares. */
export async function startStandIn({ port = 0, latencyMs = 1 }: StandInOptions = {}): Promise<StandIn> {
  let served = 0;
  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    if (req.method === "POST" && req.url === "/v1/chat/completions") {
      if (await complete(req, res, latencyMs)) served += 1;
    } else if (req.url === "/v1/models")
      sendJson(res, 200, { object: "list", data: [{ id: "stand-in", object: "model", created: 0, owned_by: disclaimer }] });
    else sendJson(res, 404, { error: { message: disclaimer, type: "invalid_request_error", param: null, code: "unknown_url" } });
  };
  const server = createServer((req, res) => {
    answer(req, res).catch(() => res.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The stand-in provider has no port.");
  return {
    baseUrl: `http://127.0.0.1:${address.port}/v1`,
    served: () => served,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
