import { setTimeout as sleep } from "node:timers/promises";
import { createWorker } from "../../dist/jobs/worker.js";

/** A worker of the built code that takes a job, says so and never ends it. The backend stands in the first argument, as JSON. */
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const take = async () => {
  process.stdout.write("taken\n");
  await sleep(3_600_000);
};

await createWorker(
  JSON.parse(process.argv[2] ?? ""),
  { run: take, deliver: take, decide: take, apply: take, measure: take, reconcile: take },
  quiet,
);
process.stdout.write("ready\n");
