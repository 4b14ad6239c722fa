import { setTimeout as sleep } from "node:timers/promises";
import { lockDataDir } from "../../dist/src/stores/embedded/data-lock.js";
import { startEmbeddedPostgres } from "../../dist/src/stores/embedded/postgres.js";

/** Owns the data folder in the first argument: locks it and, with "postgres" as the second, starts the server on it and prints its address. */
const [, , dataDir = "", what = "lock"] = process.argv;
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
await lockDataDir(dataDir);
process.stdout.write(`${what === "postgres" ? (await startEmbeddedPostgres({ dataDir, log: quiet })).url : "locked"}\n`);
await sleep(3_600_000);
