import { createHmac, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { anyAdapter } from "../adapters/any-adapter.ts";
import { createSlackAdapter } from "../adapters/slack/index.ts";
import { createJobQueue } from "../jobs/queue.ts";
import { createWorker } from "../jobs/worker.ts";
import { createHttpApp } from "../src/http/app.ts";
import { startEmbeddedPostgres } from "../src/stores/embedded/postgres.ts";
import { connectPostgres } from "../src/stores/postgres/connect.ts";

const perSecond = 50;
const seconds = 20;
const signingSecret = "bench-signing-secret";
const quiet = { info: () => undefined, warn: console.warn, error: console.error };

/** A signed mention, different each time. */
function mention(): { readonly headers: Record<string, string>; readonly body: string } {
  const ts = `${Date.now() / 1000}`;
  const event = { type: "app_mention", user: "U1", channel: "C1", ts, text: "<@U0APEX> where does our money go?" };
  const body = JSON.stringify({ type: "event_callback", team_id: "T1", event_id: `Ev${randomUUID()}`, event });
  const at = Math.floor(Date.now() / 1000).toString();
  const signature = `v0=${createHmac("sha256", signingSecret).update(`v0:${at}:${body}`).digest("hex")}`;
  return { body, headers: { "content-type": "application/json", "x-slack-request-timestamp": at, "x-slack-signature": signature } };
}

/** Starts what answers Slack: embedded PostgreSQL, the queue on it, a worker that takes its jobs, and the HTTP application. */
async function start(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), "apex-bench-"));
  const postgres = await startEmbeddedPostgres({ dataDir, log: quiet });
  const now = () => new Date();
  const stores = await connectPostgres({ url: postgres.url, secretKey: Buffer.alloc(32, 1), now });
  await stores.members.install(await stores.ensureOrg("bench"), "slack", "T1");
  const backend = { kind: "postgres", url: postgres.url } as const;
  const jobs = await createJobQueue(backend);
  const nothing = async () => undefined;
  const run = async ({ runId }: { readonly runId: `run_${string}` }) => {
    await stores.runs.append(runId, 1, { type: "run.started", at: now().toISOString() });
  };
  const handlers = {
    run,
    deliver: nothing,
    decide: nothing,
    apply: nothing,
    sync: nothing,
    "send-notice": nothing,
    "digests-due": nothing,
    operate: nothing,
    "watch-spend": nothing,
    "watch-supply": nothing,
    "sync-due": nothing,
    home: nothing,
    suggest: nothing,
    "reconcile-bills": nothing,
    measure: nothing,
    "watch-rollouts": nothing,
    "advance-rollout": nothing,
    reconcile: nothing,
  };
  const worker = await createWorker(backend, handlers, quiet);
  const adapter = anyAdapter(createSlackAdapter({ botToken: "xoxb-bench", signingSecret, apiUrl: "http://127.0.0.1:9/", log: quiet }));
  const http = createHttpApp({ adapterFor: () => adapter, receive: { ...stores, jobs, log: quiet }, ready: [], now, log: quiet });
  return {
    url: await http.listen({ host: "127.0.0.1", port: 0 }),
    async close() {
      await http.close();
      await worker.close();
      await jobs.close();
      await stores.close();
      await postgres.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function acknowledged(url: string, times: number[]): Promise<void> {
  const { headers, body } = mention();
  const begun = performance.now();
  const response = await fetch(`${url}/slack/events`, { method: "POST", headers, body });
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`status ${response.status}`);
  times.push(performance.now() - begun);
}

const service = await start();
try {
  await Promise.all(Array.from({ length: 5 }, () => acknowledged(service.url, [])));
  const times: number[] = [];
  const sent: Promise<void>[] = [];
  const begun = performance.now();
  for (let i = 0; i < perSecond * seconds; i += 1) {
    await sleep(Math.max(0, begun + (i * 1000) / perSecond - performance.now()));
    sent.push(acknowledged(service.url, times));
  }
  await Promise.all(sent);
  times.sort((a, b) => a - b);
  const quantile = (share: number) => `${(times[Math.min(times.length - 1, Math.ceil(times.length * share) - 1)] ?? 0).toFixed(1)} ms`;
  console.log(
    `Slack acknowledgements, ${times.length} signed events at ${perSecond}/s, embedded PostgreSQL, a worker in the same process:`,
  );
  console.log(`p50 ${quantile(0.5)}, p99 ${quantile(0.99)}, slowest ${quantile(1)}`);
} finally {
  await service.close();
}
