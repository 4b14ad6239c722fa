import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { describe } from "vitest";
import { jobQueueContract } from "../contract/job-queue.ts";
import { createEmptyDatabase } from "../setup/test-database.ts";

describe("the queue on PostgreSQL", () => {
  jobQueueContract(async () => {
    const { url, drop } = await createEmptyDatabase();
    return { backend: { kind: "postgres", url }, dispose: drop };
  });
});

const redisUrl = process.env["REDIS_URL"] ?? "redis://127.0.0.1:6379";
const connect = (): Redis => {
  const redis = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0, connectTimeout: 2_000 });
  return redis.on("error", () => undefined);
};

/** Why Redis cannot be used here; undefined where it answers. */
async function whyNot(): Promise<string | undefined> {
  const redis = connect();
  try {
    await redis.connect();
    await redis.ping();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    redis.disconnect();
  }
}

async function removeKeys(prefix: string): Promise<void> {
  const redis = connect();
  await redis.connect();
  for (let cursor = "0", first = true; first || cursor !== "0"; first = false) {
    const [next, keys] = await redis.scan(cursor, "MATCH", `${prefix}:*`, "COUNT", 500);
    if (keys.length > 0) await redis.unlink(...keys);
    cursor = next;
  }
  redis.disconnect();
}

const reason = await whyNot();
if (reason !== undefined) {
  process.stderr.write(`Skipped: the queue on Redis, as none answers at ${redisUrl} (${reason}). Start one or set REDIS_URL to run it.\n`);
}

describe.skipIf(reason !== undefined)(`the queue on Redis${reason === undefined ? "" : ` (skipped: none answers at ${redisUrl})`}`, () => {
  jobQueueContract(async () => {
    const prefix = `apex-test-${randomUUID()}`;
    return { backend: { kind: "redis", url: redisUrl, prefix }, dispose: () => removeKeys(prefix) };
  });
});
