import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ImportedRow, ImportMapping } from "../../src/core/import.ts";
import { noTokens } from "../../src/core/tokens.ts";
import { UsageEvent } from "../../src/core/usage-event.ts";
import { timeCell } from "../../src/ingest/cells.ts";
import { fileSources, proposeMapping } from "../../src/ingest/index.ts";
import { rowMapper } from "../../src/ingest/map-row.ts";
import { mappableFields } from "../../src/ingest/mapped-fields.ts";
import { eventsOf, readAll, refusalsOf } from "../contract/file-source.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "apex-rows-"));
});
afterAll(() => rm(folder, { recursive: true }));

const asOf = new Date("2026-11-23T12:00:00Z");
const columns = "id,time,model,in,cached,out,thinking,total,status,ms,tier,n,user";
const mapping: ImportMapping = {
  format: "csv",
  fields: {
    id: { column: "id" },
    at: { column: "time" },
    provider: { value: "openai" },
    model: { column: "model" },
    user: { column: "user" },
    status: { column: "status" },
    latencyMs: { column: "ms" },
    tier: { column: "tier" },
    requests: { column: "n" },
    "tokens.input": { column: "in" },
    "tokens.cache_read": { column: "cached" },
    "tokens.output": { column: "out" },
    "tokens.reasoning": { column: "thinking" },
    "tokens.total": { column: "total" },
  },
  time: { unit: "iso", origin: "file" },
  inputIncludesCached: true,
  outputIncludesReasoning: true,
  tier: "standard",
  assumption: "",
};

const readText = async (text: string | Buffer, change: Partial<ImportMapping> = {}): Promise<readonly ImportedRow[]> => {
  const path = join(folder, "rows.csv");
  await writeFile(path, text);
  return readAll(fileSources.csv, path, { orgId: "org_rows", mapping: { ...mapping, ...change }, asOf });
};
const row = (change: Readonly<Record<string, string>> = {}): string => {
  const cells: Readonly<Record<string, string>> = {
    id: "r1",
    time: "2026-11-22T10:00:00Z",
    model: "gpt-5",
    in: "100",
    out: "10",
    ...change,
  };
  return columns
    .split(",")
    .map((column) => cells[column] ?? "")
    .join(",");
};
const read = (...lines: readonly string[]) => readText([columns, ...lines, ""].join("\n"));

/** Cells that look right, nearly right and wrong. */
const cell = fc.oneof(
  fc.string({ maxLength: 300, unit: "binary" }),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constantFrom(
    null,
    undefined,
    "",
    " ",
    "1e3",
    "-1",
    1e300,
    "2026-02-30T00:00:00Z",
    "2026-02-28T24:00:00Z",
    "batch",
    "200",
    "gpt-5",
    [],
    {},
  ),
  fc.date({ min: new Date("2010-01-01"), max: new Date("2030-01-01"), noInvalidDate: true }).map((at) => at.toISOString()),
);
const allFields = mappableFields.filter((field) => field !== "tokens.total");

describe("any record", () => {
  it("becomes an event that its schema takes, or is refused with a reason", () => {
    const map = rowMapper({
      orgId: "org_rows",
      source: "jsonl",
      mapping: { ...mapping, fields: Object.fromEntries(allFields.map((field) => [field, { column: field }])) },
      shiftMs: 0,
      asOf,
      salt: "",
    });
    const good = fc.record({
      at: fc.constant("2026-11-22T10:00:00.123Z"),
      provider: fc.constant("openai"),
      model: fc.constant("gpt-5"),
      "tokens.input": fc.nat(),
    });
    let events = 0;
    fc.assert(
      fc.property(good, fc.dictionary(fc.constantFrom(...allFields), cell, { maxKeys: 3 }), (usual, odd) => {
        const values: Readonly<Record<string, unknown>> = { ...usual, ...odd };
        const result = map({ line: 1, raw: "raw", value: (column) => values[column] });
        if ("refused" in result) return result.refused !== "";
        if (!("event" in result)) return false;
        events += 1;
        return UsageEvent.safeParse(result.event).success;
      }),
      { numRuns: 2_000 },
    );
    expect(events).toBeGreaterThan(100);
  });

  it.each([
    ["2026-02-28T23:59:59.999Z", Date.UTC(2026, 1, 28, 23, 59, 59, 999)],
    ["2026-02-28 23:59:59Z", Date.UTC(2026, 1, 28, 23, 59, 59)],
    ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
    ["2026-11-22T10:00:00.5Z", Date.UTC(2026, 10, 22, 10, 0, 0, 500)],
    ["2026-11-22T10:00:00+02:00", Date.UTC(2026, 10, 22, 8)],
  ])("reads the time %s", (text, ms) => {
    expect(timeCell(text, "iso")).toEqual({ value: ms });
  });

  it.each(["2026-02-29T00:00:00Z", "2026-11-31T00:00:00.000Z", "2026-11-22T24:00:00Z", "2026-11-22T10:60:00Z", "2026-13-01T00:00:00Z"])(
    "refuses the time %s",
    (text) => {
      expect(timeCell(text, "iso")).toHaveProperty("wrong");
    },
  );
});

describe("a row", () => {
  it("becomes an event with disjoint buckets", async () => {
    const rows = await read(
      row({ cached: "80", thinking: "7", total: "110", status: "200", ms: "12.5", tier: "batch", n: "2", user: "ann" }),
    );
    expect(eventsOf(rows)).toMatchObject([
      {
        id: "r1",
        at: new Date("2026-11-22T10:00:00Z"),
        model: "gpt-5",
        requestedModel: "gpt-5",
        tokens: { ...noTokens, input: 20, cache_read: 80, output: 3, reasoning: 7 },
        status: "ok",
        latencyMs: 12.5,
        tier: "batch",
        requests: 2,
        user: "ann",
      },
    ]);
  });

  it("keeps what is counted beside the input as it is", async () => {
    const rows = await readText([columns, row({ cached: "80" })].join("\n"), { inputIncludesCached: false });
    expect(eventsOf(rows)[0]?.tokens).toMatchObject({ input: 100, cache_read: 80 });
  });

  it.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ["no time", { time: "" }, /^at: the time is missing/],
    ["a day that does not exist", { time: "2026-02-30T00:00:00Z" }, /does not exist/],
    ["a time without a date", { time: "10:00" }, /is not a time/],
    ["a time in the future", { time: "2026-11-25T00:00:00Z" }, /lies in the future/],
    ["a time before any model", { time: "1970-01-01T00:00:01Z" }, /before 2015/],
    ["a time zone that does not exist", { time: "2026-11-22T10:00:00+23:00" }, /time zone/],
    ["no model", { model: " " }, /^model: it is missing/],
    ["a negative count", { in: "-5" }, /^tokens.input: "-5" is negative/],
    ["half a token", { in: "1.5" }, /^tokens.input: "1.5" is not a whole number/],
    ["a count with separators", { out: "1 000" }, /^tokens.output: "1 000" is not a whole number/],
    ["a count with an exponent", { out: "1e3" }, /not a whole number/],
    ["a count beyond exact numbers", { in: "9007199254740993" }, /too large/],
    ["more input than any request has", { in: "100000001" }, /more input tokens than any model takes/],
    ["no count at all", { in: "", out: "" }, /every token count is missing/],
    ["more cached than input tokens", { cached: "101" }, /101 cached tokens are more than the 100 input tokens/],
    ["more reasoning than output tokens", { thinking: "11" }, /11 reasoning tokens are more than the 10 output tokens/],
    ["buckets that do not add up", { cached: "50", total: "160" }, /add up to 110, but the row says 160/],
    ["an unknown status", { status: "maybe" }, /is no status/],
    ["an unknown tier", { tier: "gold" }, /is no service tier/],
    ["a negative latency", { ms: "-1" }, /is not a duration/],
    ["no requests", { n: "0" }, /at least one request/],
    ["a label that is too long", { user: "x".repeat(300) }, /longer than 256/],
    ["a NUL byte", { user: "a\0b" }, /NUL bytes/],
    ["an id that is too long", { id: "x".repeat(200) }, /^id: /],
  ])("with %s is refused, and its neighbours go in", async (_, change, reason) => {
    const rows = await read(row(), row(change), row({ id: "r3" }));
    expect(refusalsOf(rows)).toEqual([[3, expect.stringMatching(reason)]]);
    expect(eventsOf(rows).map((event) => event.id)).toEqual(["r1", "r3"]);
  });

  it("with broken UTF-8 in a label is refused", async () => {
    const broken = Buffer.concat([Buffer.from(`${columns}\n${row({ user: "" })}`), Buffer.from([0xff, 0xfe]), Buffer.from("\n")]);
    expect(refusalsOf(await readText(broken))).toEqual([[2, expect.stringMatching(/^user: .* holds broken characters/)]]);
  });

  it("takes times in other zones, and counts written as 12.0", async () => {
    const rows = await read(row({ time: "2026-11-22T12:00:00.123456789+02:00", in: "12.0" }));
    expect(eventsOf(rows)).toMatchObject([{ at: new Date("2026-11-22T10:00:00.123Z"), tokens: { input: 12 } }]);
  });

  it("gets an id from its line and text where it has none", async () => {
    const rows = await read(row({ id: "" }), row({ id: "" }));
    expect(new Set(eventsOf(rows).map((event) => event.id)).size).toBe(2);
  });
});

describe("a CSV file", () => {
  it("may quote cells, also over lines, and have a byte order mark and another delimiter", async () => {
    const quoted = row({ user: '"Smith, ""Ann""\nof Web"' });
    const rows = await readText(`\uFEFF${columns}\n${quoted}\n${row({ id: "r2" })}\n`);
    expect(refusalsOf(rows)).toEqual([]);
    expect(rows.map((each) => each.line)).toEqual([2, 4]);
    expect(eventsOf(rows)[0]?.user).toBe('Smith, "Ann"\nof Web');
    const semicolons = await readText([columns, row()].join("\n").replaceAll(",", ";"));
    expect(eventsOf(semicolons)).toHaveLength(1);
  });

  it("loses only the line whose quote is never closed", async () => {
    const rows = await read(row(), row({ id: "r2", user: '"open' }), row({ id: "r3" }), row({ id: "r4" }));
    expect(refusalsOf(rows)).toEqual([[3, "a quote is opened and never closed"]]);
    expect(eventsOf(rows).map((event) => event.id)).toEqual(["r1", "r3", "r4"]);
  });

  it("gives up on an open quote as soon as the cell is longer than any line may be", async () => {
    const long = "x".repeat(3_000_000);
    const rows = await read(row(), row({ id: "r2", user: '"open' }), long, long, long, '"', row({ id: "r3" }));
    expect(refusalsOf(rows)[0]).toEqual([3, "a quote is opened and never closed"]);
    expect(eventsOf(rows).map((event) => event.id)).toEqual(["r1", "r3"]);
  });

  it("refuses lines with stray quotes, too few cells and too many", async () => {
    const rows = await read(row({ user: '"a"b"c"' }), "r2,2026-11-22T10:00:00Z", `${row({ id: "r3" })},more`, row({ id: "r4" }));
    expect(refusalsOf(rows)).toEqual([
      [2, "its quotes do not match"],
      [3, "it has 2 cells, but the header has 13"],
      [4, "it has 14 cells, but the header has 13"],
    ]);
    expect(eventsOf(rows).map((event) => event.id)).toEqual(["r4"]);
  });

  it("must have the mapped columns, each once", async () => {
    await expect(readText("a,b\n1,2\n")).rejects.toThrow(/has no column "id"\. Its columns are: a, b/);
    await expect(readText(`${columns},model\n`)).rejects.toThrow(/two columns named "model"/);
    await expect(readText('"id,time\n')).rejects.toThrow(/header .* cannot be read/);
  });
});

describe("a proposed mapping", () => {
  const propose = async (name: string, text: string): Promise<ImportMapping | undefined> => {
    const path = join(folder, name);
    await writeFile(path, text);
    return proposeMapping(path);
  };

  it("knows common column names", async () => {
    const litellm = "request_id,startTime,model,custom_llm_provider,prompt_tokens,completion_tokens,total_tokens,user,team_id,spend\n";
    expect(await propose("litellm.csv", `${litellm}r,2026-11-22T10:00:00Z,gpt-5,openai,1,2,3,ann,web,0.1\n`)).toEqual({
      format: "csv",
      fields: {
        id: { column: "request_id" },
        at: { column: "startTime" },
        provider: { column: "custom_llm_provider" },
        model: { column: "model" },
        team: { column: "team_id" },
        user: { column: "user" },
        "tokens.input": { column: "prompt_tokens" },
        "tokens.output": { column: "completion_tokens" },
        "tokens.total": { column: "total_tokens" },
      },
      time: { unit: "iso", origin: "file" },
      inputIncludesCached: false,
      outputIncludesReasoning: false,
      tier: "standard",
      assumption: "",
    });
  });

  it("knows which provider counts cached tokens inside the input, and says what it assumes", async () => {
    const openai = {
      created_at: 1_795_341_600,
      model: "gpt-5",
      usage: { prompt_tokens: 5, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 4 } },
    };
    const proposed = await propose("openai.jsonl", `${JSON.stringify(openai)}\n`);
    expect(proposed).toMatchObject({
      format: "jsonl",
      inputIncludesCached: true,
      time: { unit: "seconds", origin: "file" },
      fields: { provider: { value: "openai" }, "tokens.cache_read": { column: "usage.prompt_tokens_details.cached_tokens" } },
    });
    expect(proposed?.assumption).toContain("inside");
    const anthropic = {
      timestamp: "2026-11-22T10:00:00Z",
      model: "claude-sonnet-5",
      input_tokens: 5,
      cache_read_input_tokens: 4,
      output_tokens: 2,
    };
    expect(await propose("anthropic.jsonl", JSON.stringify(anthropic))).toMatchObject({
      inputIncludesCached: false,
      fields: { provider: { value: "anthropic" } },
    });
  });

  it("is not made up where a file has no time, model or tokens", async () => {
    expect(await propose("a.csv", "model,input_tokens\ngpt-5,1\n")).toBeUndefined();
    expect(await propose("b.csv", "time,model\n2026-11-22T10:00:00Z,gpt-5\n")).toBeUndefined();
    expect(await propose("c.jsonl", '{"half": \n')).toBeUndefined();
    expect(await propose("d.csv", "")).toBeUndefined();
  });

  it("reads the file that it was proposed for", async () => {
    const path = join(folder, "round.csv");
    await writeFile(path, "created_at,model,input_tokens,output_tokens,cached_tokens\n2026-11-22T10:00:00Z,gpt-5,10,2,4\n");
    const proposed = await proposeMapping(path);
    if (proposed === undefined) throw new Error("nothing was proposed");
    const rows = await readAll(fileSources.csv, path, { orgId: "org_rows", mapping: proposed, asOf });
    expect(eventsOf(rows)).toMatchObject([{ provider: "openai", tokens: { input: 6, cache_read: 4, output: 2 } }]);
  });
});

describe("the traces", () => {
  const named = { provider: { value: "openai" }, model: { value: "gpt-5" } };
  const trace = { ...mapping, fields: named, inputIncludesCached: false, outputIncludesReasoning: false };

  it("of ServeGen become one row per ten minutes, with the mean lengths of its six hours", async () => {
    const path = join(folder, "client-1-trace.csv");
    await writeFile(path, "0,0,0,,0,0\n600,1.5,1,Gamma,1,1\n21600,0.001,1,Gamma,1,1\n21600,1,1,Gamma,1,1\n1209000,0,0,,0,0\n");
    await writeFile(
      join(folder, "client-1-dataset.json"),
      JSON.stringify({
        0: { input_tokens: "{10: 0.25, 20: 0.75}", output_tokens: "{3: 1.0}" },
        21600: { input_tokens: "{7: 1e-2, 9: 0.99}", output_tokens: "{1: 1}" },
      }),
    );
    const options = {
      orgId: "org_rows",
      asOf,
      mapping: { ...trace, format: "servegen", time: { unit: "seconds", origin: "end_now" } },
    } as const;
    const events = eventsOf(await readAll(fileSources.servegen, path, options));
    expect(events.map(({ requests, tokens }) => [requests, tokens.input, tokens.output])).toEqual([
      [900, 15_750, 2_700],
      [1, 9, 1],
      [600, 5_388, 600],
    ]);
    expect(events[0]?.at.getTime()).toBe(asOf.getTime() - 1 - (1_209_000 - 600) * 1_000);
  });

  it("of Mooncake carry their prefix hashes and a hash of the whole prompt", async () => {
    const path = join(folder, "mooncake.jsonl");
    const line = (length: number, ids: readonly number[]): string =>
      JSON.stringify({ timestamp: 5, input_length: length, output_length: 1, hash_ids: ids });
    await writeFile(path, [line(1_000, [4, 5]), line(1_000, [4, 5]), line(999, [4, 5]), line(1_000, [4, 6])].join("\n"));
    const options = {
      orgId: "org_rows",
      asOf,
      mapping: { ...trace, format: "mooncake", time: { unit: "milliseconds", origin: "end_now" } },
    } as const;
    const events = eventsOf(await readAll(fileSources.mooncake, path, options));
    expect(events[0]).toMatchObject({ prefixHashes: ["4", "5"], prefixBlockTokens: 512, tokens: { ...noTokens, input: 1_000, output: 1 } });
    expect(new Set(events.map((event) => event.promptHash)).size).toBe(3);
    expect(new Set(events.map((event) => event.id)).size).toBe(4);
  });

  it("of ServeGen need their dataset beside them", async () => {
    const path = join(folder, "client-2-trace.csv");
    await writeFile(path, "0,1,0,,0,0\n");
    const options = {
      orgId: "org_rows",
      asOf,
      mapping: { ...trace, format: "servegen", time: { unit: "seconds", origin: "end_now" } },
    } as const;
    await expect(readAll(fileSources.servegen, path, options)).rejects.toThrow(/needs its dataset file beside it/);
    await writeFile(join(folder, "client-2-dataset.json"), '{"0": {"input_tokens": "__import__(1)", "output_tokens": "{}"}}');
    await expect(readAll(fileSources.servegen, path, options)).rejects.toThrow(/not a distribution of lengths/);
  });
});
