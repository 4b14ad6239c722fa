import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { z } from "zod";
import type { GatewayFleet, GatewaySnapshot } from "../../src/core/gateway-config.ts";
import type { KeyLimits } from "../../src/core/key-limits.ts";
import type { PolicyRule, RoutingPolicy } from "../../src/core/policy.ts";
import type { SavingsPlan } from "../../src/core/savings.ts";
import type { UsageEvent } from "../../src/core/usage-event.ts";
import type { GatewayLimits } from "../../src/gateway/gateway-limits.ts";
import { createGateway, type Gateway } from "../../src/gateway/proxy.ts";
import type { SpendSource } from "../../src/gateway/spend-watch.ts";

export const orgId = "org_test";
export const secret = "sk-apex-test";

export const plan: SavingsPlan = {
  method: "randomised_holdout",
  workload: "coding",
  baselineModel: "gpt-4o",
  treatmentModel: "gpt-4o-mini",
  unit: "conversation",
  holdoutShare: 0.3,
  confidence: 0.95,
  resamples: 2_000,
  seed: "seed-of-the-test",
  feeBasisPoints: 2_000,
};

export const rule: PolicyRule = {
  id: "rule-1",
  workload: "coding",
  requestedModel: "gpt-4o",
  strategy: {
    mode: "holdout",
    control: { provider: "openai", model: "gpt-4o" },
    treatment: { provider: "openai", model: "gpt-4o-mini" },
    plan,
  },
  approvalId: "apr_1",
};

export const policyOf = (version: number, rules: PolicyRule[]): RoutingPolicy => ({
  id: `pol_${version}`,
  orgId,
  version,
  rules,
  createdAt: "2026-11-01T00:00:00.000Z",
});

export const listen = async (
  handler: (req: IncomingMessage, res: ServerResponse) => void | Promise<void>,
): Promise<{ url: string; server: Server }> => {
  const server = createServer((req, res) => {
    void handler(req, res);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { url: `http://127.0.0.1:${address.port}`, server };
};

export const readJson = async (req: IncomingMessage): Promise<Record<string, unknown>> => {
  const chunks: Buffer[] = [];
  const body: AsyncIterable<Buffer> = req;
  for await (const chunk of body) chunks.push(chunk);
  const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
  return typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
};

export const tempFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "apex-gateway-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

export interface Rig {
  readonly url: string;
  readonly gateway: Gateway;
  readonly rows: UsageEvent[];
  readonly logged: string[];
  snapshot: () => Promise<GatewaySnapshot>;
  record: (events: readonly UsageEvent[]) => Promise<void>;
  /** Waits until so many rows have been recorded. */
  rowsWhen(count: number): Promise<UsageEvent[]>;
}

export interface RigOptions {
  readonly upstreamUrl: string;
  /** Providers that all stand behind `upstreamUrl`; OpenAI alone where not said. */
  readonly providers?: readonly string[];
  /** The version segment of the upstream's base URL; "v1" where not said. */
  readonly version?: string;
  readonly policy?: RoutingPolicy;
  readonly limits?: Partial<GatewayLimits>;
  readonly spoolDir?: string;
  readonly fleet?: Pick<GatewayFleet, "report" | "withdraw">;
  /** What the test's key is held to. */
  readonly keyLimits?: KeyLimits;
  readonly spend?: SpendSource;
  /** Whether the operator trusts the upstream's address; true where not said. */
  readonly trusting?: boolean;
}

/** A gateway on a real port; its settings are what `snapshot` gives. */
export const startRig = async ({
  upstreamUrl,
  providers = ["openai"],
  version = "v1",
  policy,
  limits,
  spoolDir,
  fleet,
  keyLimits,
  spend,
  trusting = true,
}: RigOptions): Promise<Rig> => {
  const rows: UsageEvent[] = [];
  const logged: string[] = [];
  const settings: GatewaySnapshot = {
    keys: [
      {
        id: "gwk_1",
        orgId,
        hash: createHash("sha256").update(secret).digest("hex"),
        label: "test key",
        workload: "default",
        team: "platform",
        project: "",
        purpose: "gateway",
        ...(keyLimits === undefined ? {} : { limits: keyLimits }),
      },
    ],
    upstreams: new Map([[orgId, providers.map((provider) => ({ provider, baseUrl: `${upstreamUrl}/${version}`, apiKey: "sk-upstream" }))]]),
    policies: new Map(policy === undefined ? [] : [[orgId, policy]]),
  };
  const log = (message: string): void => {
    logged.push(message);
  };
  const rig: Rig = {
    url: "",
    rows,
    logged,
    snapshot: () => Promise.resolve(settings),
    record: (events) => {
      rows.push(...events);
      return Promise.resolve();
    },
    rowsWhen: async (count) => {
      for (let tries = 0; tries < 300 && rows.length < count; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        await gateway.flush();
      }
      return rows;
    },
    get gateway() {
      return gateway;
    },
  };
  const gateway = createGateway({
    store: { snapshot: () => rig.snapshot() },
    fleet: fleet ?? { report: () => Promise.resolve(), withdraw: () => Promise.resolve() },
    recordUsage: (events) => rig.record(events),
    ...(spend === undefined ? {} : { spend }),
    providerOf: (model) =>
      model.startsWith("gpt-") ? "openai" : model.startsWith("claude-") ? "anthropic" : model.startsWith("gemini-") ? "google" : undefined,
    spoolDir: spoolDir ?? (await tempFolder()),
    log: { info: log, warn: log, error: log },
    now: () => new Date(),
    random: () => 0.5,
    limits: { retryBaseMs: 5, flushMs: 20, retryMs: 20, maxRetryMs: 40, refreshMs: 50, ...limits },
  });
  if (trusting) gateway.trust(upstreamUrl);
  await gateway.start();
  const { url } = await listen(gateway.handle);
  onTestFinished(() => gateway.close());
  return Object.defineProperty(rig, "url", { value: url });
};

export const completion = (model: unknown, usage: unknown = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 }) => ({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model,
  service_tier: "default",
  choices: [{ index: 0, message: { role: "assistant", content: "Hello.", refusal: null }, logprobs: null, finish_reason: "stop" }],
  ...(usage === undefined ? {} : { usage }),
});

export const sse = (data: unknown): string => `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;

export const chunkOf = (model: unknown, content: string, finish: string | null = null) => ({
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  created: 1,
  model,
  service_tier: "default",
  choices: [{ index: 0, delta: { content }, finish_reason: finish }],
  usage: null,
});

export const usageChunk = (model: unknown) => ({
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  created: 1,
  model,
  choices: [],
  usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120, prompt_tokens_details: { cached_tokens: 40 } },
});

export const json = (res: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void => {
  res.writeHead(status, { "content-type": "application/json", ...headers });
  res.end(JSON.stringify(body));
};

/** Sends a chat request by plain fetch. */
export const ask = (url: string, body: unknown, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> =>
  fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${secret}`, ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });

const ErrorAnswer = z.looseObject({ error: z.looseObject({ message: z.string() }) });

/** The error that an answer holds, in either family's format. */
export const errorIn = async (response: Response): Promise<{ readonly message: string; readonly [member: string]: unknown }> =>
  ErrorAnswer.parse(await response.json()).error;

export const question = { model: "gpt-4o", messages: [{ role: "user", content: "Hello?" }] };
