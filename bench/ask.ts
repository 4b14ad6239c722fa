import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Id } from "../src/core/ids.ts";
import type { Dimension, UsageReader } from "../src/core/usage-store.ts";
import { connectClickHouse } from "../src/stores/clickhouse/connect.ts";
import { fillUsage } from "./fill-usage.ts";
import { linesPeriod, writeUsageLines } from "./usage-lines.ts";

const { values } = parseArgs({
  args: process.argv.slice(3),
  options: {
    counts: { type: "string", default: "1000000,10000000" },
    rounds: { type: "string", default: "20" },
    json: { type: "boolean" },
  },
});
const counts = values.counts.split(",").map(Number);
const rounds = Number(values.rounds);

const orgId: Id<"org"> = "org_bench";
const whole = { orgId, period: linesPeriod, filters: {} };
const week = { from: new Date("2026-11-14T09:17:00Z"), to: new Date("2026-11-21T09:17:00Z") };
const by = (...names: readonly Dimension[]) => names;

/** Every query that the pipeline asks of the usage store. */
const queries: Readonly<Record<string, (usage: UsageReader) => Promise<unknown>>> = {
  "spend, total": (usage) => usage.spend({ ...whole, by: [], grain: "total" }),
  "spend by model": (usage) => usage.spend({ ...whole, by: by("model"), grain: "total" }),
  "spend by workload and model": (usage) => usage.spend({ ...whole, by: by("workload", "model"), grain: "total" }),
  "spend by team, a day each": (usage) => usage.spend({ ...whole, by: by("team"), grain: "day" }),
  "spend, an hour each": (usage) => usage.spend({ ...whole, by: [], grain: "hour" }),
  "spend by user": (usage) => usage.spend({ ...whole, by: by("user"), grain: "total" }),
  "spend by API key, a day each": (usage) => usage.spend({ ...whole, by: by("apiKey"), grain: "day" }),
  "spend of a workload by user": (usage) => usage.spend({ ...whole, filters: { workload: ["feature-7"] }, by: by("user"), grain: "total" }),
  "spend by user, a week of cut hours": (usage) => usage.spend({ ...whole, period: week, by: by("user"), grain: "total" }),
  unpriced: (usage) => usage.unpriced(whole),
  coverage: (usage) => usage.coverage(orgId),
  "context bands by workload and model": (usage) =>
    usage.contextBands({ ...whole, by: by("workload", "model"), edges: [0, 128_000, 200_000, 272_000] }),
  "latency percentiles by workload": (usage) =>
    usage.percentiles({ ...whole, by: by("workload"), metric: "latencyMs", quantiles: [0.5, 0.95, 0.99] }),
  "repeated prompts": (usage) => usage.duplicates({ ...whole, ttlSeconds: 24 * 3_600 }),
  "repeated prefixes, five minutes": (usage) => usage.prefixReuse({ ...whole, ttlSeconds: 300 }),
  "repeated prefixes, an hour": (usage) => usage.prefixReuse({ ...whole, ttlSeconds: 3_600 }),
  "units of a holdout": (usage) => usage.unitOutcomes({ orgId, period: linesPeriod, policyVersion: 1, policyRule: "rule" }),
};

interface Timed {
  readonly query: string;
  readonly p50: number;
  readonly p95: number;
}

async function timed(usage: UsageReader): Promise<readonly Timed[]> {
  const results: Timed[] = [];
  for (const [query, ask] of Object.entries(queries)) {
    await ask(usage);
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const begun = performance.now();
      await ask(usage);
      times.push(performance.now() - begun);
    }
    const sorted = times.sort((a, b) => a - b);
    const at = (share: number): number => Math.round(sorted[Math.ceil(share * sorted.length) - 1] ?? 0);
    results.push({ query, p50: at(0.5), p95: at(0.95) });
  }
  return results;
}

async function run(count: number): Promise<readonly Timed[]> {
  const folder = await mkdtemp(join(tmpdir(), "apex-bench-"));
  try {
    const file = join(folder, "usage.jsonl");
    await writeUsageLines(file, count, "time");
    // All sizes lie in one process, which can hold one folder of files open: each has a database of its own there.
    const stores = await connectClickHouse({ target: { kind: "embedded", path: shared }, database: `bench_${count}` });
    await fillUsage(stores, orgId, file);
    const results = await timed(stores.usage);
    await stores.close();
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const shared = await mkdtemp(join(tmpdir(), "apex-bench-"));
try {
  const all: { readonly count: number; readonly results: readonly Timed[] }[] = [];
  for (const count of counts) all.push({ count, results: await run(count) });
  if (values.json === true) console.log(JSON.stringify(all));
  else {
    const fewest = all[0]?.results ?? [];
    for (const { count, results } of all) {
      console.log(`${count} events`);
      for (const [index, { query, p50, p95 }] of results.entries()) {
        const ratio = (p50 / Math.max(fewest[index]?.p50 ?? p50, 1)).toFixed(2);
        console.log(`  ${query.padEnd(38)} p50 ${String(p50).padStart(6)} ms   p95 ${String(p95).padStart(6)} ms   ${ratio} × the fewest`);
      }
    }
  }
} finally {
  await rm(shared, { recursive: true, force: true });
}
