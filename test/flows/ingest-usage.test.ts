import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import type { Id } from "../../src/core/ids.ts";
import type { ImportMapping, ImportSummary } from "../../src/core/import.ts";
import type { UsageWriter } from "../../src/core/usage-store.ts";
import { importFile } from "../../src/flows/ingest-usage.ts";
import { fileSources } from "../../src/ingest/index.ts";
import { type Child, startChild } from "../setup/child.ts";
import { createTestClickHouse, type TestClickHouse } from "../setup/test-clickhouse.ts";
import { createTestDatabase, type TestDatabase, testSecretKey } from "../setup/test-database.ts";

const now = new Date("2026-11-23T12:00:00Z");
/** Built with the rest by `npm run build`. */
const importProcess = "../../dist/test/setup/import-process.js";
const period = { from: new Date("2026-11-01T00:00:00Z"), to: new Date("2026-12-01T00:00:00Z") };
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const prices = createPriceBook();
const mapping: ImportMapping = {
  format: "csv",
  fields: {
    at: { column: "time" },
    provider: { value: "openai" },
    model: { column: "model" },
    "tokens.input": { column: "input" },
    "tokens.output": { column: "output" },
  },
  time: { unit: "iso", origin: "file" },
  inputIncludesCached: false,
  outputIncludesReasoning: false,
  tier: "standard",
  assumption: "",
};

let database: TestDatabase;
let clickhouse: TestClickHouse;
let folder: string;
beforeAll(async () => {
  [database, clickhouse, folder] = await Promise.all([
    createTestDatabase(),
    createTestClickHouse(),
    mkdtemp(join(tmpdir(), "apex-import-")),
  ]);
});
afterAll(async () => {
  await Promise.all([database.drop(), clickhouse.drop(), rm(folder, { recursive: true })]);
});

/** An org and a folder of its own for a test. */
async function place(name: string): Promise<{ orgId: Id<"org">; path: string; rejectDir: string }> {
  const own = join(folder, name);
  await mkdir(own);
  return { orgId: await database.stores.ensureOrg(name), path: join(own, "usage.csv"), rejectDir: join(own, "rejects") };
}

/** 12,000 requests over four hours, every one priced at 1,000 × $1.25 + 100 × $10 per million; two bad lines among them. */
const big = (): string => {
  const lines = Array.from({ length: 12_000 }, (_, index) => {
    const at = new Date(Date.UTC(2026, 10, 22, 8) + index * 1_200).toISOString();
    return `${at},gpt-5,1000,100`;
  });
  lines.splice(7_000, 0, "soon,gpt-5,1,1", `${lines[0]},too,many`);
  return `time,model,input,output\n${lines.join("\n")}\n`;
};
const bigCost = 12_000n * (1_000n * 1_250_000n + 100n * 10_000_000n);

const run = (
  where: { readonly orgId: Id<"org">; readonly path: string; readonly rejectDir?: string },
  change: { readonly usage?: UsageWriter; readonly signal?: AbortSignal; readonly mapping?: ImportMapping; readonly now?: Date } = {},
): Promise<ImportSummary> =>
  importFile(
    { sources: fileSources, usage: change.usage ?? clickhouse.usage, imports: database.stores.imports, prices, log },
    { ...where, mapping: change.mapping ?? mapping, now: change.now ?? now },
    change.signal ?? new AbortController().signal,
  );
const total = async (orgId: Id<"org">) => {
  const { rows } = await clickhouse.usage.spend({ orgId, period, filters: {}, by: [], grain: "total" });
  return { requests: rows[0]?.requests, cost: rows[0]?.cost };
};

describe("importing a file", () => {
  it("stores the good rows, and the bad ones with line and reason in a reject file", async () => {
    const where = await place("good-and-bad");
    await writeFile(
      where.path,
      "time,model,input,output\n2026-11-22T10:00:00Z,gpt-5,1000,100\nsoon,gpt-5,1,1\n2026-11-22T11:00:00Z,gpt-99,5,5\n",
    );
    const summary = await run(where);
    expect(summary).toMatchObject({ alreadyDone: false, accepted: 2, refused: 1, unpriced: 1, path: where.path });
    expect(summary.firstRefusals).toEqual([{ line: 3, reason: 'at: "soon" is not a time like 2026-11-23T06:00:00Z' }]);
    expect(summary.rejectFile).toBe(join(where.rejectDir, "usage.csv.rejected.jsonl"));
    expect(JSON.parse(await readFile(summary.rejectFile ?? "", "utf8"))).toEqual({ ...summary.firstRefusals[0], raw: "soon,gpt-5,1,1" });
    expect(await total(where.orgId)).toEqual({ requests: 2, cost: 2_250_000_000n });
  });

  it("writes the reject file beside the import where no folder is named, and none where nothing was refused", async () => {
    const { orgId, path } = await place("beside");
    await writeFile(path, "time,model,input,output\n2026-11-22T10:00:00Z,gpt-5,1,1\n");
    expect(await run({ orgId, path })).toMatchObject({ refused: 0, rejectFile: undefined });
    await writeFile(path, "time,model,input,output\n,gpt-5,1,1\n");
    expect(await run({ orgId, path })).toMatchObject({ accepted: 0, refused: 1, rejectFile: `${path}.rejected.jsonl` });
  });

  it("changes nothing the second time, nor under another name", async () => {
    const where = await place("twice");
    await writeFile(where.path, big());
    const first = await run(where);
    const once = await total(where.orgId);
    expect(once).toEqual({ requests: 12_000, cost: bigCost });
    const copy = { ...where, path: `${where.path}.copy` };
    await writeFile(copy.path, big());
    for (const again of [await run(where), await run(copy)]) {
      expect(again).toMatchObject({ alreadyDone: true, accepted: 12_000, refused: 2, importId: first.importId });
    }
    expect(await total(where.orgId)).toEqual(once);
  });

  it("takes only what is new of a file that has grown", async () => {
    const where = await place("grown");
    const text = "time,model,input,output\n2026-11-22T10:00:00Z,gpt-5,1000,100\n";
    await writeFile(where.path, text);
    await run(where);
    await writeFile(where.path, `${text}2026-11-22T10:30:00Z,gpt-5,1000,100\n`);
    expect(await run(where)).toMatchObject({ alreadyDone: false, accepted: 2 });
    expect(await total(where.orgId)).toEqual({ requests: 2, cost: 4_500_000_000n });
  });

  it("keeps the clock of the first time for times that are moved to now", async () => {
    const where = await place("clock");
    await writeFile(where.path, "time,model,input,output\n2020-01-01T00:00:00Z,gpt-5,1,1\n");
    const moved = { ...mapping, time: { unit: "iso", origin: "end_now" } } as const;
    const down = () => Promise.reject(new Error("the store is down"));
    const broken: UsageWriter = { ...clickhouse.usage, begin: () => ({ ...clickhouse.usage.begin(), add: down }) };
    await expect(run(where, { mapping: moved, usage: broken })).rejects.toThrow(/down/);
    await run(where, { mapping: moved, now: new Date("2026-11-25T00:00:00Z") });
    expect((await clickhouse.usage.coverage(where.orgId)).last).toEqual(new Date(now.getTime() - 1));
  });

  it("loses and doubles nothing when it is stopped in the middle and run again", async () => {
    const where = await place("aborted");
    await writeFile(where.path, big());
    const stop = new AbortController();
    const usage: UsageWriter = {
      ...clickhouse.usage,
      begin() {
        const bulk = clickhouse.usage.begin();
        return {
          ...bulk,
          async add(events) {
            stop.abort();
            await bulk.add(events);
          },
        };
      },
    };
    await expect(run(where, { usage, signal: stop.signal })).rejects.toThrow(/abort/i);
    await clickhouse.usage.catchUp();
    expect((await total(where.orgId)).requests).toBe(10_000);
    expect(await run(where)).toMatchObject({ alreadyDone: false, accepted: 12_000, refused: 2 });
    expect(await total(where.orgId)).toEqual({ requests: 12_000, cost: bigCost });
    expect(await clickhouse.usage.repairRollups()).toBe(0);
  });
});

describe("an import whose process is killed", () => {
  const children: Child[] = [];
  afterEach(() => Promise.all(children.map((child) => child.kill())));

  it.each([
    ["between two batches", { stopAfter: 1 }],
    ["between the events of a batch and their sums", { stopAfter: 1, betweenEventsAndSums: true }],
    ["after its last batch, before it is noted as done", { stopAfter: 2 }],
  ])(
    "%s loses and doubles nothing when it is run again",
    async (name, stopping) => {
      const where = await place(name.replaceAll(/\W/g, "-"));
      await writeFile(where.path, big());
      const order = {
        ...where,
        databaseUrl: database.url,
        secretKey: testSecretKey.toString("hex"),
        chdbPath: join(where.rejectDir, "..", "chdb"),
        mapping,
        now: now.toISOString(),
      };
      const first = startChild(importProcess, [JSON.stringify({ ...order, ...stopping })]);
      children.push(first);
      expect(await first.line()).toBe("stopped");
      await first.kill();
      const second = startChild(importProcess, [JSON.stringify(order)]);
      children.push(second);
      expect(JSON.parse(await second.line())).toEqual({
        accepted: 12_000,
        refused: 2,
        alreadyDone: false,
        cost: String(bigCost),
        requests: 12_000,
        stored: 12_000,
        mended: 0,
      });
    },
    60_000,
  );
});

describe("a file that cannot be imported", () => {
  it.each<[string, string | Buffer | undefined, RegExp]>([
    ["missing", undefined, /^There is no file .*usage\.csv/],
    ["empty", "", /is empty/],
    ["without rows", "time,model,input,output\n", /holds no usage/],
    ["compressed twice", gzipSync(gzipSync("time,model")), /gzip archive in a gzip archive: unpack it/],
    ["compressed and cut off at once", gzipSync("time,model").subarray(0, 12), /damaged|cut off/],
    ["compressed, of something that is no text", gzipSync(Buffer.alloc(600, 3)), /is not text/],
    ["Parquet, which no usage comes in", Buffer.from("PAR1....PAR1"), /is a Parquet file: only bills/],
    ["a workbook", Buffer.from([0x50, 0x4b, 3, 4, 0, 0]), /save it as CSV/],
    ["binary", Buffer.from(Array.from({ length: 600 }, (_, index) => index % 7)), /is not text/],
    ["UTF-16", Buffer.from("\uFEFFtime,model\n", "utf16le"), /save it as UTF-8/],
    ["of another shape", "a,b\n1,2\n", /has no column "time"/],
  ])("because it is %s is refused with a sentence", async (name, content, reason) => {
    const where = await place(`bad-${name.replaceAll(/\W/g, "-")}`);
    if (content !== undefined) await writeFile(where.path, content);
    const refused = run(where);
    await expect(refused).rejects.toMatchObject({ name: "AppError", code: "bad_input" });
    await expect(refused).rejects.toThrow(reason);
    expect(await total(where.orgId)).toEqual({ requests: 0, cost: 0n });
  });

  it("because it is a folder is refused with a sentence", async () => {
    const where = await place("bad-folder");
    await expect(run({ ...where, path: folder })).rejects.toThrow(/is not a file/);
  });

  it("because its refused rows cannot be written says so", async () => {
    const where = await place("bad-rejects");
    await writeFile(where.path, "time,model,input,output\nsoon,gpt-5,1,1\n");
    await writeFile(where.rejectDir, "a file, where a folder is needed");
    await chmod(where.rejectDir, 0o400);
    await expect(run(where)).rejects.toThrow(/Make its folder writable/);
  });
});
