import { createHash } from "node:crypto";
import { Agent } from "undici";

/** One request of a trace: what it cost in tokens. */
export interface TraceRequest {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** Where and how the trace is sent. */
export interface TrafficOptions {
  /** The gateway's base URL, ending with /v1. */
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly model: string;
  readonly workload: string;
  readonly requests: readonly TraceRequest[];
  /** The trace names no conversations: its requests are dealt onto conversations of about this many, by a hash of their place. */
  readonly perConversation?: number;
  readonly concurrency?: number;
  readonly onProgress?: (sent: number) => void;
}

/** What the sending came to. */
export interface TrafficSummary {
  readonly sent: number;
  readonly answered: number;
  readonly failed: number;
  readonly streamed: number;
  readonly conversations: number;
  readonly ms: number;
  /** What the first failure said, where there was one. */
  readonly firstFailure: string | undefined;
}

/** What is assumed and not in the trace, for the demo to say. */
export const trafficAssumption = (perConversation: number): string =>
  `The trace names no conversations: its requests are dealt onto conversations of about ${perConversation}, by a hash of their place in it.`;

/** How many requests a conversation has on average where nothing else is said. */
export const defaultPerConversation = 6;

const conversationOf = (index: number, conversations: number): string => {
  const hash = createHash("sha256").update(`trace request ${index}`).digest();
  return `conversation-${hash.readUInt32BE(0) % conversations}`;
};

const bodyOf = (options: TrafficOptions, index: number, request: TraceRequest): string =>
  JSON.stringify({
    model: options.model,
    messages: [{ role: "user", content: `Trace request ${index}: ${request.promptTokens} prompt tokens, whose text is not published.` }],
    metadata: { trace_prompt_tokens: String(request.promptTokens), trace_completion_tokens: String(request.completionTokens) },
    stream: index % 2 === 1,
  });

/** Sends one request; undefined where it was answered to its end, else what went wrong. */
const sendOne = async (
  agent: Agent,
  options: TrafficOptions,
  index: number,
  request: TraceRequest,
  conversation: string,
): Promise<string | undefined> => {
  const base = new URL(options.baseUrl);
  const answer = await agent.request({
    origin: base.origin,
    path: `${base.pathname}/chat/completions`,
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${options.apiKey}`,
      "x-apex-workload": options.workload,
      "x-apex-conversation": conversation,
    },
    body: bodyOf(options, index, request),
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) return `${answer.statusCode}: ${text.slice(0, 300)}`;
  return index % 2 === 1 && !text.includes("[DONE]") ? "a stream ended early" : undefined;
};

/** Sends the trace through the gateway, every second request as a stream, `concurrency` at a time. */
export async function sendTraffic(options: TrafficOptions): Promise<TrafficSummary> {
  const { requests, concurrency = 32, perConversation = defaultPerConversation } = options;
  const conversations = Math.max(1, Math.round(requests.length / perConversation));
  const agent = new Agent({ connections: concurrency });
  const startedAt = performance.now();
  const seen = new Set<string>();
  let next = 0;
  let failed = 0;
  let firstFailure: string | undefined;
  const work = async (): Promise<void> => {
    for (let index = next++; index < requests.length; index = next++) {
      const request = requests[index];
      if (request === undefined) return;
      const conversation = conversationOf(index, conversations);
      seen.add(conversation);
      const failure = await sendOne(agent, options, index, request, conversation).catch((error: unknown) => String(error));
      if (failure !== undefined) {
        failed += 1;
        firstFailure ??= failure;
      }
      if ((index + 1) % 250 === 0) options.onProgress?.(index + 1);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  await agent.close();
  return {
    sent: requests.length,
    answered: requests.length - failed,
    failed,
    streamed: Math.floor(requests.length / 2),
    conversations: seen.size,
    ms: Math.round(performance.now() - startedAt),
    firstFailure,
  };
}
