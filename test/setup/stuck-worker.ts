import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { createWorker } from "../../jobs/worker.ts";

/** A worker that takes a job, says so and never ends it. The backend stands in the first argument, as JSON. */
const Backend = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("postgres"), url: z.string() }),
  z.object({ kind: z.literal("redis"), url: z.string(), prefix: z.string() }),
]);
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const take = async (): Promise<void> => {
  process.stdout.write("taken\n");
  await sleep(3_600_000);
};

const handlers = { run: take, deliver: take, decide: take, apply: take, measure: take, reconcile: take };
await createWorker(Backend.parse(JSON.parse(process.argv[2] ?? "")), handlers, quiet);
process.stdout.write("ready\n");
