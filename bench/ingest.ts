import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { openDatabase } from "../src/stores/clickhouse/database.ts";
import { writeUsageLines } from "./usage-lines.ts";

/** How many events; each is imported into a data folder of its own. */
const { values } = parseArgs({
  args: process.argv.slice(3),
  options: {
    counts: { type: "string", default: "1000000,10000000" },
    order: { type: "string", default: "time" },
    json: { type: "boolean" },
  },
});
const order = values.order === "shuffled" ? "shuffled" : "time";
const counts = values.counts.split(",").map(Number);

interface Imported {
  readonly count: number;
  readonly seconds: number;
  /** Seconds of a command that opens and closes the same engines and does nothing else. */
  readonly engines: number;
  readonly peakMb: number;
}

/** Runs the command line; the peak resident memory of its process is watched all the time. */
async function apex(
  dataDir: string,
  args: readonly string[],
): Promise<{ readonly seconds: number; readonly peakMb: number; readonly out: string }> {
  const begun = performance.now();
  const child = spawn(process.execPath, ["apex.mjs", ...args], {
    env: { ...process.env, APEX_DATA_DIR: dataDir },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const out = text(child.stdout);
  let peakMb = 0;
  const watch = setInterval(() => {
    void readFile(`/proc/${child.pid}/status`, "utf8")
      .then((status) => {
        peakMb = Math.max(peakMb, Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024));
      })
      .catch(() => undefined);
  }, 100);
  const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  clearInterval(watch);
  if (code !== 0) throw new Error(`apex ${args.join(" ")} ended with ${String(code)}`);
  return { seconds: (performance.now() - begun) / 1_000, peakMb, out: await out };
}

async function run(count: number): Promise<Imported> {
  const dataDir = await mkdtemp(join(tmpdir(), "apex-bench-"));
  try {
    const file = join(dataDir, "usage.jsonl");
    await writeUsageLines(file, count, order);
    await apex(dataDir, ["source", "list"]);
    const engines = (await apex(dataDir, ["source", "list"])).seconds;
    const { seconds, peakMb, out } = await apex(dataDir, ["import", file]);
    if (!out.includes(`${count} rows imported, 0 refused, 0 without a price`)) throw new Error(out);
    return { count, seconds, engines, peakMb };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** The floor: ClickHouse reads the same lines into a table of their own columns, by itself, neither checked nor priced nor summed up. */
async function floorOf(count: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "apex-bench-"));
  try {
    const file = join(folder, "usage.jsonl");
    await writeUsageLines(file, count, order);
    const database = await openDatabase({ kind: "embedded", path: join(folder, "clickhouse") }, "floor");
    const run = (sql: string): Promise<void> => database.command({ sql, params: {} }, "insert the lines by itself");
    await run("CREATE DATABASE floor");
    await run(`CREATE TABLE floor.lines (id String, timestamp DateTime64(3, 'UTC'), provider LowCardinality(String), model LowCardinality(String),
      feature LowCardinality(String), team LowCardinality(String), user String, api_key String, input_tokens UInt64, cached_tokens UInt64,
      output_tokens UInt64, reasoning_tokens UInt64, status LowCardinality(String), latency_ms Float64, prompt_hash String)
      ENGINE = ReplacingMergeTree PARTITION BY toYYYYMM(timestamp) ORDER BY (toStartOfHour(timestamp), id)`);
    const begun = performance.now();
    await run(`INSERT INTO floor.lines SELECT * FROM file('${file}', JSONEachRow, 'id String, timestamp DateTime64(3), provider String, model String,
      feature String, team String, user String, api_key String, input_tokens UInt64, cached_tokens UInt64, output_tokens UInt64,
      reasoning_tokens UInt64, status String, latency_ms Float64, prompt_hash String') SETTINGS date_time_input_format = 'best_effort'`);
    const seconds = (performance.now() - begun) / 1_000;
    await database.close();
    return seconds;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const results: Imported[] = [];
for (const count of counts) {
  const result = await run(count);
  results.push(result);
  const net = result.seconds - result.engines;
  if (values.json !== true) {
    console.log(
      `${count} events in order ${order}: ${result.seconds.toFixed(1)} s with the start of the engines (${result.engines.toFixed(1)} s); ${Math.round(count / result.seconds)} events/s, ${Math.round(count / net)} without the start; peak memory ${result.peakMb} MB`,
    );
  }
}
const floorSeconds = await floorOf(counts[0] ?? 1_000_000);
const [first, last] = [results[0], results.at(-1)];
const ratio =
  first === undefined || last === undefined
    ? 1
    : (last.seconds - last.engines) / last.count / ((first.seconds - first.engines) / first.count);
const overFloor = first === undefined ? 1 : (first.seconds - first.engines) / floorSeconds;
if (values.json === true) console.log(JSON.stringify({ order, results, timePerEventRatio: ratio, floorSeconds, overFloor }));
else {
  console.log(`time per event, most against fewest: ${ratio.toFixed(2)}`);
  console.log(
    `floor: ClickHouse alone takes the ${first?.count} lines in ${floorSeconds.toFixed(1)} s; we take ${overFloor.toFixed(1)} times that`,
  );
}
