import { type ChildProcess, fork } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startStandIn } from "../demo/stand-in-provider.ts";
import { createGateway, type Gateway } from "../src/gateway/proxy.ts";
import { createBoundedServer, serverBounds } from "../src/http/bounded-server.ts";

/** 10,000 connections that say nothing: requests meanwhile, memory, and what is left when they are gone. */
const count = 10_000;
const requests = 200;
const secret = "sk-x";
const orgId = "org_bench";

function gatewayTo(baseUrl: string, spoolDir: string): Gateway {
  const hash = createHash("sha256").update(secret).digest("hex");
  const key = {
    id: "gwk_bench",
    orgId,
    hash,
    label: "bench",
    workload: "bench",
    team: "bench",
    project: "bench",
    purpose: "gateway",
  } as const;
  const upstreams = new Map([[orgId, [{ provider: "openai", baseUrl, apiKey: "sk-upstream" }]]] as const);
  const gateway = createGateway({
    store: { snapshot: async () => ({ keys: [key], upstreams, policies: new Map() }) },
    fleet: { report: async () => undefined, withdraw: async () => undefined },
    recordUsage: async () => undefined,
    providerOf: () => "openai",
    spoolDir,
    log: { info: () => undefined, warn: console.warn, error: console.error },
    now: () => new Date(),
    random: Math.random,
  });
  gateway.trust(baseUrl);
  return gateway;
}

const connections = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => server.getConnections((error, open) => (error ? reject(error) : resolve(open))));

const handles = (): number => process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;

const rssMb = (): number => Math.round(process.memoryUsage().rss / 1024 / 1024);

async function ask(port: number): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${secret}` },
    body: JSON.stringify({ model: "gpt-4o", messages: [], metadata: { trace_prompt_tokens: "10", trace_completion_tokens: "5" } }),
  });
  await response.text();
  if (response.status !== 200) throw new Error(`a request was answered ${response.status}`);
  return performance.now() - startedAt;
}

/** Milliseconds of requests one after the other: the middle one and the last but a hundredth. */
async function timesOf(port: number): Promise<string> {
  const times: number[] = [];
  for (let n = 0; n < requests; n++) times.push(await ask(port));
  const at = (share: number): string => (times.toSorted((a, b) => a - b)[Math.floor(share * times.length)] ?? 0).toFixed(2);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

async function openIdle(port: number): Promise<ChildProcess> {
  const child = fork(new URL("./idle-clients.js", import.meta.url), [String(port), String(count)]);
  await once(child, "message");
  return child;
}

const folder = await mkdtemp(join(tmpdir(), "apex-idle-"));
const standIn = await startStandIn();
const gateway = gatewayTo(standIn.baseUrl, folder);
await gateway.start();
// Silent connections are cut off after 20 s; here they are to stay for as long as it takes.
const server = createBoundedServer(gateway.handle, { ...serverBounds, headersTimeoutMs: 600_000 });
await once(server.listen(0, "127.0.0.1"), "listening");
const address = server.address();
const port = typeof address === "object" && address !== null ? address.port : 0;
await timesOf(port);
const [before, memory] = [handles(), rssMb()];
console.log(`without idle connections: ${await timesOf(port)}; ${before} sockets, ${memory} MB`);
const idle = await openIdle(port);
console.log(`with ${await connections(server)} connections: ${await timesOf(port)}; ${handles()} sockets, ${rssMb()} MB`);
idle.send("close");
await once(idle, "exit");
for (let tries = 0; tries < 100 && handles() > before; tries++) await sleep(100);
console.log(`after they are gone: ${await timesOf(port)}; ${handles()} sockets, ${rssMb()} MB`);
if (handles() > before) process.exitCode = 1;
server.close();
server.closeAllConnections();
await gateway.close();
await standIn.close();
await rm(folder, { recursive: true, force: true });
