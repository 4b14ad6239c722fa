import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { Client } from "pg";
import { z } from "zod";
import { startEmbeddedPostgres } from "../src/stores/embedded/postgres.ts";
import { type Answered, storm } from "./storm-load.ts";
import { writeUsageLines } from "./usage-lines.ts";

const { values } = parseArgs({
  args: process.argv.slice(3),
  options: {
    "per-second": { type: "string", default: "200" },
    seconds: { type: "string", default: "30" },
    usage: { type: "string", default: "0" },
    "drain-minutes": { type: "string", default: "20" },
  },
});
const load = { perSecond: Number(values["per-second"]), seconds: Number(values.seconds), signingSecret: "bench-signing-secret" };
const quiet = { info: () => undefined, warn: console.warn, error: console.error };

/** Waits until a process has printed what it is waited for; gives the part in brackets. */
const startUntil = (child: ChildProcess, ready: RegExp): Promise<string> =>
  new Promise((resolve, reject) => {
    let out = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      out += chunk.toString();
      const found = ready.exec(out)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once("exit", () => reject(new Error(`It ended before it was ready: ${out}`)));
  });

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

/** The floor: a server in a process of its own that answers 200 and does nothing else. */
const bare = `require("node:http").createServer((q, s) => q.resume().on("end", () => s.end()))
  .listen(0, "127.0.0.1", function () { console.log("at " + this.address().port + "."); })`;

async function floor(): Promise<Measured> {
  const child = spawn(process.execPath, ["-e", bare], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const port = await startUntil(child, /at (\d+)\./);
    return await stormAgainst(child, `http://127.0.0.1:${port}`);
  } finally {
    await end(child);
  }
}

const quantile = (times: readonly number[], share: number): string => {
  const sorted = [...times].sort((a, b) => a - b);
  return `${(sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? 0).toFixed(1)} ms`;
};

/** Processor time that a process has used, in seconds; 0 where the system does not say. Unlike time on the clock it does not grow with what else the machine does. */
async function processorOf({ pid }: ChildProcess): Promise<number> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, "utf8").catch(() => "");
  const [user = 0, system = 0] = stat.split(") ")[1]?.split(" ").slice(11, 13).map(Number) ?? [];
  return (user + system) / 100;
}

/** What came of a storm, and the processor time per delivery in milliseconds. */
type Measured = Answered & { readonly cost: string };

/** The storm against a process: what came of it, and the processor time per delivery in milliseconds. */
async function stormAgainst(child: ChildProcess, url: string): Promise<Measured> {
  const before = await processorOf(child);
  const answered = await storm({ ...load, url });
  return { ...answered, cost: ((((await processorOf(child)) - before) * 1_000) / answered.deliveries).toFixed(1) };
}

function tell(what: string, { times, events, deliveries, refused, cost }: Measured): void {
  console.log(
    `${what}: ${deliveries} deliveries of ${events.length} events; p50 ${quantile(times, 0.5)}, p99 ${quantile(times, 0.99)}, slowest ${quantile(times, 1)}; ${cost} ms of processor time each`,
  );
  if (Object.keys(refused).length > 0) console.log(`  not acknowledged: ${JSON.stringify(refused)}`);
}

const Counts = z.tuple([
  z.object({ events: z.coerce.number(), runs: z.coerce.number(), open: z.coerce.number(), unshown: z.coerce.number() }),
]);

/** What the store knows: events with a run, runs, those that have not ended, and those of which less is shown than has happened. */
async function stored(db: Client, events: readonly string[]): Promise<z.infer<typeof Counts>[0]> {
  const { rows } = await db.query(
    `SELECT (SELECT count(*) FROM inbound_events e JOIN runs r ON r.id = e.run_id WHERE e.event_id = ANY($1)) AS events,
       count(*) AS runs, count(*) FILTER (WHERE r.status IN ('queued', 'running')) AS open,
       count(*) FILTER (WHERE r.last_seq > coalesce(d.shown_seq, 0)) AS unshown
     FROM runs r LEFT JOIN deliveries d ON d.run_id = r.id`,
    [events],
  );
  return Counts.parse(rows)[0];
}

const Summary = z.object({ runs: z.array(z.string()), open: z.number(), edits: z.number() });

/** Waits until every run has ended and is shown as it ended. */
async function drained(db: Client, events: readonly string[]): Promise<z.infer<typeof Counts>[0]> {
  const until = performance.now() + Number(values["drain-minutes"]) * 60_000;
  for (;;) {
    const counts = await stored(db, events);
    if ((counts.open === 0 && counts.unshown === 0) || performance.now() > until) return counts;
    console.log(`  … ${counts.runs} runs, ${counts.open} at work, ${counts.unshown} not shown`);
    await sleep(5_000);
  }
}

const apexEnv = (dataDir: string, databaseUrl: string, apiUrl: string) => ({
  ...process.env,
  APEX_DATA_DIR: dataDir,
  DATABASE_URL: databaseUrl,
  PORT: "0",
  LOG_LEVEL: "warn",
  SLACK_API_URL: apiUrl,
  SLACK_BOT_TOKEN: "xoxb-bench",
  SLACK_SIGNING_SECRET: load.signingSecret,
});

async function measure(dataDir: string, databaseUrl: string, slack: Worker): Promise<void> {
  const { apiUrl } = z.object({ apiUrl: z.string() }).parse((await once(slack, "message"))[0]);
  const env = apexEnv(dataDir, databaseUrl, apiUrl);
  const usage = `${dataDir}.jsonl`;
  if (Number(values.usage) > 0) {
    await writeUsageLines(usage, Number(values.usage), "time");
    await once(spawn(process.execPath, ["apex.mjs", "import", usage], { env, stdio: ["ignore", "ignore", "inherit"] }), "exit");
  }
  const service = spawn(process.execPath, ["apex.mjs", "up"], { env, stdio: ["ignore", "pipe", "inherit"] });
  const db = new Client({ connectionString: databaseUrl });
  await db.connect();
  try {
    const url = await startUntil(service, /ready at (http\S+)/);
    while ((await db.query("SELECT 1 FROM installations WHERE platform = 'slack'")).rowCount === 0) await sleep(100);
    const answered = await stormAgainst(service, url);
    const ended = performance.now();
    tell("Apex", answered);
    const counts = await drained(db, answered.events);
    console.log(`drained ${((performance.now() - ended) / 1_000).toFixed(0)} s after the last event`);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's, not a window's
    slack.postMessage("summary");
    const { runs, open, edits } = Summary.parse((await once(slack, "message"))[0]);
    const perRun = new Map<string, number>();
    for (const run of runs) perRun.set(run, (perRun.get(run) ?? 0) + 1);
    const most = Math.max(...perRun.values());
    console.log(
      `events lost: ${answered.events.length - counts.events}; runs ${counts.runs}, not ended ${counts.open}, not shown ${counts.unshown}; ` +
        `messages ${runs.length}, most for one run ${most}, streams left open ${open}, edits ${edits}`,
    );
  } finally {
    await db.end();
    await end(service);
  }
}

console.log(
  `load average before: ${loadavg()
    .map((load) => load.toFixed(1))
    .join(" ")}`,
);
tell("a bare server", await floor());
const dataDir = await mkdtemp(join(tmpdir(), "apex-storm-"));
const postgres = await startEmbeddedPostgres({ dataDir: join(dataDir, "database"), log: quiet });
const slack = new Worker(new URL("./slack-stand-in-worker.js", import.meta.url));
try {
  await measure(join(dataDir, "apex"), postgres.url, slack);
} finally {
  await slack.terminate();
  await postgres.stop();
  await rm(dataDir, { recursive: true, force: true });
}
