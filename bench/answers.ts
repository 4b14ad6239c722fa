import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createSupervisor } from "../agents/supervisor.ts";
import { createPriceBook } from "../src/catalog/price-book.ts";
import { type Id, newId } from "../src/core/ids.ts";
import type { Analyst } from "../src/core/run.ts";
import { connectClickHouse } from "../src/stores/clickhouse/connect.ts";
import { fillUsage } from "./fill-usage.ts";
import { linesPeriod, writeUsageLines } from "./usage-lines.ts";

const { values } = parseArgs({
  args: process.argv.slice(3),
  options: { count: { type: "string", default: "10000000" }, rounds: { type: "string", default: "20" }, json: { type: "boolean" } },
});
const [count, rounds] = [Number(values.count), Number(values.rounds)];
const orgId: Id<"org"> = "org_bench";

/** The questions that Apex must answer, on names that the lines hold. */
const questions: readonly string[] = [
  "Reduce cost and keep quality: feature-7 can take 500 ms, feature-3 must stay at 200 ms.",
  "Tools are too slow: three times lower latency without more money.",
  "Usage grows 50 % next month: what happens to cost and rate limits?",
  "Optimise feature-7.",
  "Would gpt-5-mini or claude-haiku-4-5 suit our set-up?",
  "Audit our caching (prompt cache, duplicates, hit rates, waste).",
  "Cut cost 20 %, halve latency, and expect 30 % more usage, all at once.",
  "Which agents' tools should move to a new model, which version, at what verbosity or reasoning effort?",
  "Was yesterday's upgrade worth it? Roll back where quality did not improve.",
  "gpt-5 is too dear for feature-7: move to gpt-5-mini? Check the quality first.",
  "Why did the bill jump?",
  "What did we spend by workload last week?",
  "What will the month end at?",
  "Who spends most?",
  "What is unpriced?",
  "What did you save us?",
];

/** Asks once and gives the milliseconds to the report; an answer that is not a whole one is an error. */
async function asked(analyst: Analyst, question: string): Promise<number> {
  const asker = { platform: "console" as const, workspace: "w", userId: "u", name: "u" };
  const thread = { platform: "console" as const, workspace: "w", channel: "c", thread: "" };
  const asOf = linesPeriod.to;
  const run = { id: newId("run"), orgId, threadId: newId("thread"), thread, question, asker, earlier: [], createdAt: asOf, asOf };
  const begun = performance.now();
  for await (const event of analyst.analyse({ ...run, status: "queued" }, [], new AbortController().signal)) {
    if (event.type === "step.failed" || event.type === "run.failed") throw new Error(`${question}: ${event.reason}`);
  }
  return performance.now() - begun;
}

const at = (sorted: readonly number[], share: number): number => Math.round(sorted[Math.ceil(share * sorted.length) - 1] ?? 0);

const folder = await mkdtemp(join(tmpdir(), "apex-bench-"));
try {
  const file = join(folder, "usage.jsonl");
  await writeUsageLines(file, count, "time");
  const stores = await connectClickHouse({ target: { kind: "embedded", path: join(folder, "clickhouse") }, database: "bench" });
  await fillUsage(stores, orgId, file);
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const policies = { active: async () => ({ version: 0, policy: undefined, since: undefined }) };
  const analyst = createSupervisor({ usage: stores.usage, prices: createPriceBook(), policies, log: quiet, now: () => linesPeriod.to });
  const all: number[] = [];
  const results: { question: string; p50: number; p95: number }[] = [];
  for (const question of questions) {
    await asked(analyst, question);
    const times: number[] = [];
    for (let round = 0; round < rounds; round += 1) times.push(await asked(analyst, question));
    all.push(...times);
    const sorted = times.sort((a, b) => a - b);
    results.push({ question, p50: at(sorted, 0.5), p95: at(sorted, 0.95) });
  }
  const sorted = all.sort((a, b) => a - b);
  const whole = { count, p50: at(sorted, 0.5), p95: at(sorted, 0.95) };
  if (values.json === true) console.log(JSON.stringify({ ...whole, results }));
  else {
    for (const { question, p50, p95 } of results)
      console.log(`p50 ${String(p50).padStart(6)} ms   p95 ${String(p95).padStart(6)} ms   ${question}`);
    console.log(`all: p50 ${whole.p50} ms, p95 ${whole.p95} ms over ${count} events, ${rounds} rounds of ${questions.length} questions`);
  }
  await stores.close();
} finally {
  await rm(folder, { recursive: true, force: true });
}
