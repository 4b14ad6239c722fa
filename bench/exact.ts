import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import { createPriceBook } from "../src/catalog/price-book.ts";
import { priceEvent } from "../src/catalog/price-event.ts";
import { toUsd } from "../src/core/money.ts";
import { fileSources } from "../src/ingest/index.ts";
import { writeUsageLines } from "./usage-lines.ts";

/** Sends the same events twice, in order and shuffled, by two imports at once in one service; kills it in the middle, and sends them again. */
const { values } = parseArgs({
  args: process.argv.slice(3),
  options: { count: { type: "string", default: "1000000" }, "kill-after": { type: "string", default: "15" } },
});
const count = Number(values.count);

const folder = await mkdtemp(join(tmpdir(), "apex-bench-"));
const env = { ...process.env, APEX_DATA_DIR: join(folder, "data"), PORT: "0", LOG_LEVEL: "error" };
const apex = (args: readonly string[]) => spawn(process.execPath, ["apex.mjs", ...args], { env, stdio: ["ignore", "pipe", "ignore"] });
const ended = (child: ChildProcess): Promise<number | null> => new Promise((resolve) => child.once("exit", resolve));

async function service(): Promise<ChildProcess> {
  const child = apex(["up"]);
  await new Promise<void>((resolve) => {
    child.stdout.on("data", (part: Buffer) => {
      if (part.toString().includes("Apex is ready")) resolve();
    });
  });
  return child;
}

/** What the events add up to, reckoned here one by one. */
async function expected(file: string): Promise<{ readonly requests: number; readonly cost: string }> {
  const mapping = await fileSources.jsonl.propose(file);
  if (mapping === undefined) throw new Error("no mapping fits the lines");
  const prices = createPriceBook();
  const options = { orgId: "org_sum", mapping, asOf: new Date("2026-11-24T00:00:00Z") } as const;
  let [requests, cost] = [0, 0n];
  for await (const row of fileSources.jsonl.read(file, options, new AbortController().signal)) {
    if (!("event" in row)) throw new Error("a line was refused");
    requests += row.event.requests;
    cost += priceEvent(prices, row.event).cost ?? 0n;
  }
  return { requests, cost: toUsd(cost) };
}

const Spend = z.object({ total: z.object({ usd: z.string(), requests: z.number() }) });

try {
  const files = [join(folder, "in-time.jsonl"), join(folder, "shuffled.jsonl")] as const;
  await writeUsageLines(files[0], count, "time");
  await writeUsageLines(files[1], count, "shuffled");
  const sum = await expected(files[0]);

  const first = await service();
  const imports = files.map((file) => apex(["import", file]));
  await sleep(Number(values["kill-after"]) * 1_000);
  first.kill("SIGKILL");
  const codes = await Promise.all(imports.map(ended));
  console.log(`killed the service after ${values["kill-after"]} s; the two imports in it ended with ${codes.join(" and ")}`);

  const second = await service();
  const again = files.map((file) => text(apex(["import", file]).stdout));
  console.log((await Promise.all(again)).join("").trim());
  const stated = Spend.parse(JSON.parse(await text(apex(["spend", "--from", "2026-08-24", "--to", "2026-11-22", "--json"]).stdout)));
  second.kill("SIGTERM");
  await ended(second);
  console.log(`summed here one by one: ${sum.requests} requests, ${sum.cost} USD`);
  console.log(`by apex spend:          ${stated.total.requests} requests, ${stated.total.usd} USD`);
  const equal = stated.total.requests === sum.requests && stated.total.usd === sum.cost;
  console.log(equal ? "equal to the pico-dollar" : "NOT EQUAL");
  if (!equal) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
