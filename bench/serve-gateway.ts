import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createPriceBook } from "../src/catalog/price-book.ts";
import type { GatewaySnapshot } from "../src/core/gateway-config.ts";
import { recordUsage } from "../src/flows/ingest-usage.ts";
import { createGateway } from "../src/gateway/proxy.ts";
import { connectClickHouse } from "../src/stores/clickhouse/connect.ts";

/** The gateway alone, for a run beside a peer: keys, a policy that changes the model, prices and stored usage on; its settings are in memory. */
const { values } = parseArgs({ args: process.argv.slice(3), options: { port: { type: "string" }, upstream: { type: "string" } } });
const orgId = "org_bench";
const secret = "sk-x";

function settings(baseUrl: string): GatewaySnapshot {
  const hash = createHash("sha256").update(secret).digest("hex");
  const labels = { label: "bench", workload: "bench", team: "bench", project: "bench", purpose: "gateway" } as const;
  const target = { provider: "openai", model: "gpt-4o-mini" };
  const rule = {
    id: "bench",
    workload: "bench",
    requestedModel: "gpt-4o",
    strategy: { mode: "single", target },
    approvalId: "apr_bench",
  } as const;
  return {
    keys: [{ id: "gwk_bench", orgId, hash, ...labels }],
    upstreams: new Map([[orgId, [{ provider: "openai", baseUrl, apiKey: "sk-upstream" }]]]),
    policies: new Map([[orgId, { id: "pol_bench", orgId, version: 1, rules: [rule], createdAt: new Date().toISOString() }]]),
  };
}

async function serve(port: number, baseUrl: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "apex-bench-"));
  const { usage, close } = await connectClickHouse({ target: { kind: "embedded", path: join(folder, "clickhouse") }, database: "bench" });
  const prices = createPriceBook();
  let recorded = 0;
  const gateway = createGateway({
    store: { snapshot: async () => settings(baseUrl) },
    fleet: { report: async () => undefined, withdraw: async () => undefined },
    async recordUsage(events) {
      await recordUsage({ usage, prices }, events);
      recorded += events.length;
    },
    providerOf: (model) => prices.providerOf(model),
    spoolDir: join(folder, "spool"),
    log: { info: () => undefined, warn: console.warn, error: console.error },
    now: () => new Date(),
    random: Math.random,
  });
  gateway.trust(baseUrl);
  await gateway.start();
  const server = createServer((request, response) => gateway.handle(request, response));
  await once(server.listen(port, "127.0.0.1"), "listening");
  console.log(`The gateway serves http://127.0.0.1:${port}/v1 with the key ${secret}, and sends on to ${baseUrl}. End it with SIGTERM.`);
  await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  server.close();
  await gateway.close();
  console.log(`requests metered and stored: ${recorded}`);
  await close();
  await rm(folder, { recursive: true, force: true });
}

const port = Number(values.port);
if (!Number.isInteger(port) || port < 1 || port > 65_535 || values.upstream === undefined || !URL.canParse(values.upstream)) {
  process.stderr.write(
    "Say where: npm run bench -- serve-gateway --port PORT --upstream URL (an OpenAI-compatible API, up to and including /v1)\n",
  );
  process.exitCode = 2;
} else {
  await serve(port, values.upstream);
}
