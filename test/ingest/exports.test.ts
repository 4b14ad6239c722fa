import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { priceEvent } from "../../src/catalog/price-event.ts";
import type { ImportMapping } from "../../src/core/import.ts";
import { noTokens } from "../../src/core/tokens.ts";
import type { UsageEvent } from "../../src/core/usage-event.ts";
import { fileSources, proposeMapping } from "../../src/ingest/index.ts";
import { eventsOf, readAll, refusalsOf } from "../contract/file-source.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "apex-exports-"));
});
afterAll(() => rm(folder, { recursive: true }));

const asOf = new Date("2026-11-23T12:00:00Z");

/** Proposes a mapping for a file, and reads it with that mapping as it is. */
async function imported(name: string, text: string, change: Partial<ImportMapping> = {}) {
  const path = join(folder, name);
  await writeFile(path, text);
  const proposed = await proposeMapping(path);
  if (proposed === undefined) throw new Error("nothing was proposed");
  const mapping = { ...proposed, ...change };
  const rows = await readAll(fileSources[mapping.format], path, { orgId: "org_exports", mapping, asOf });
  return { mapping, events: eventsOf(rows), refused: refusalsOf(rows) };
}

const openai =
  "start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,user_id,api_key_id,model,batch,service_tier,input_tokens,output_tokens,input_cached_tokens,input_uncached_tokens,input_text_tokens,output_text_tokens,input_cached_text_tokens,input_audio_tokens,input_cached_audio_tokens,output_audio_tokens,input_image_tokens,input_cached_image_tokens,output_image_tokens";
const openaiTime = "1793577600,1793664000,2026-11-02T00:00:00+00:00,2026-11-03T00:00:00+00:00";
const anthropic =
  "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,web_search_count,inference_geo,speed";

interface Expected {
  readonly file: string;
  readonly text: string;
  readonly event: Partial<UsageEvent>;
}

describe("a proposed mapping for an export", () => {
  it.each<[string, Expected]>([
    [
      "of OpenAI's usage page",
      {
        file: "completions_usage.csv",
        text: `${openai}\n${openaiTime},proj_1,10.0,user-1,key_1,gpt-4o-2024-08-06,FALSE,default,59260.0,10649.0,5770.0,53490.0,53440.0,10646.0,5760.0,50.0,10.0,3.0,0.0,0.0,0.0\n`,
        event: {
          at: new Date("2026-11-02T00:00:00Z"),
          provider: "openai",
          model: "gpt-4o-2024-08-06",
          tier: "standard",
          requests: 10,
          team: "proj_1",
          user: "user-1",
          apiKey: "key_1",
          tokens: { ...noTokens, input: 53_440, cache_read: 5_760, audio_input: 50, audio_cache_read: 10, output: 10_646, audio_output: 3 },
        },
      },
    ],
    [
      "of OpenAI's usage page, whose batch is half the price whatever its tier says",
      {
        file: "batch.csv",
        text: `${openai}\n${openaiTime},proj_1,1,user-1,key_1,gpt-5,TRUE,default,100,10,0,100,100,10,0,0,0,0,0,0,0\n`,
        event: { tier: "batch", tokens: { ...noTokens, input: 100, output: 10 } },
      },
    ],
    [
      "of Anthropic's console, whose rows count no requests and more tokens than one could have",
      {
        file: "claude.csv",
        text: `${anthropic}\n2026-11-02,claude-sonnet-4-5,ci-key,Default,batch,> 200k,900000000,20,30,40,50,7,us,\n`,
        event: {
          at: new Date("2026-11-02T00:00:00Z"),
          provider: "anthropic",
          tier: "batch",
          requests: 1,
          bandTokens: 200_001,
          region: "us",
          units: { web_search: 7 },
          team: "Default",
          apiKey: "ci-key",
          tokens: { ...noTokens, input: 900_000_000, cache_write_5m: 20, cache_write_1h: 30, cache_read: 40, output: 50 },
        },
      },
    ],
    [
      "of OpenRouter's activity: it costs what OpenRouter took",
      {
        file: "openrouter_activity.csv",
        text: "generation_id,created_at,cost_total,cost_web_search,cost_cache,cost_file_processing,byok_usage_inference,tokens_prompt,tokens_completion,tokens_reasoning,tokens_cached,model_permaslug,provider_name,variant,cancelled,streamed,user,finish_reason_raw,finish_reason_normalized,generation_time_ms,time_to_first_token_ms,api_key_disabled,api_key_name,app_name\ngen-1,2026-11-02 03:46:57.713,1.23e-05,0,0,0,0,1000,137,37,400,anthropic/claude-sonnet-4.5,Anthropic,standard,false,true,ann,stop,stop,2940,310,false,ci,Search\n",
        event: {
          id: "gen-1",
          at: new Date("2026-11-02T03:46:57.713Z"),
          provider: "openrouter",
          model: "anthropic/claude-sonnet-4.5",
          charged: "0.000012300000",
          workload: "Search",
          user: "ann",
          apiKey: "ci",
          latencyMs: 2_940,
          firstByteMs: 310,
          tokens: { ...noTokens, input: 600, cache_read: 400, output: 100, reasoning: 37 },
        },
      },
    ],
    [
      "of Vercel's AI Gateway",
      {
        file: "vercel.jsonl",
        text: '{"day":"2026-11-02","model":"openai/gpt-5","total_cost":0.25,"market_cost":0.25,"input_tokens":1000,"output_tokens":100,"cached_input_tokens":600,"cache_creation_input_tokens":0,"reasoning_tokens":40,"request_count":7}\n',
        event: {
          provider: "vercel",
          model: "openai/gpt-5",
          requests: 7,
          charged: "0.250000000000",
          tokens: { ...noTokens, input: 400, cache_read: 600, output: 60, reasoning: 40 },
        },
      },
    ],
    [
      "by day, with regions and searches",
      {
        file: "by-day.csv",
        text: "day,provider,model,region,input_tokens,output_tokens,web_search_requests,requests\n2026-11-02,aws,amazon.nova-pro-v1:0,eu-west-1,10,5,0,3\n",
        event: { at: new Date("2026-11-02T00:00:00Z"), provider: "aws", region: "eu-west-1", requests: 3 },
      },
    ],
  ])("%s", async (_, { file, text, event }) => {
    const { events, refused, mapping } = await imported(file, text);
    expect(refused).toEqual([]);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject(event);
    expect(mapping.fields["tokens.input"]).toBeDefined();
  });

  it("passes over the rows of days without use that OpenAI writes", async () => {
    const used = `${openaiTime},proj_1,1,user-1,key_1,gpt-5,FALSE,default,100,10,0,100,100,10,0,0,0,0,0,0,0`;
    const { events, refused } = await imported("empty-days.csv", `${openai}\n${openaiTime}${",".repeat(20)}\n${used}\n`);
    expect([events.length, refused]).toEqual([1, []]);
  });

  it("without context windows says what it takes them for, and prices rows that sum up a day in that band", async () => {
    const header =
      "usage_date_utc,model_version,api_key,workspace,usage_type,usage_input_tokens_no_cache,usage_input_tokens_cache_read,usage_output_tokens";
    const { mapping, events } = await imported("no-window.csv", `${header}\n2026-11-02,claude-sonnet-4-5,k,w,standard,1000000,0,0\n`);
    expect(mapping.assumption).toMatch(/at most 200,000 input tokens/);
    expect(events[0]).toMatchObject({ bandTokens: 200_000 });
    expect(events.map((event) => priceEvent(createPriceBook(), event).cost)).toEqual([3_000_000_000_000n]);
  });
});

describe("the fields that few files have", () => {
  const header = "time,model,in,out,place,searches,batch,window,cost";
  const fields: ImportMapping["fields"] = {
    at: { column: "time" },
    provider: { value: "openai" },
    model: { column: "model" },
    "tokens.input": { column: "in" },
    "tokens.output": { column: "out" },
    region: { column: "place" },
    "units.web_search": { column: "searches" },
    "units.image": { value: 2 },
    batch: { column: "batch" },
    bandTokens: { column: "window" },
    charged: { column: "cost" },
  };
  const mapping: ImportMapping = {
    format: "csv",
    fields,
    time: { unit: "iso", origin: "file" },
    inputIncludesCached: false,
    outputIncludesReasoning: false,
    tier: "flex",
    assumption: "",
  };
  const read = async (cells: string) => {
    const path = join(folder, "extras.csv");
    await writeFile(path, `${header}\n2026-11-02T00:00:00Z,gpt-5,10,5,${cells}\n`);
    const rows = await readAll(fileSources.csv, path, { orgId: "org_exports", mapping, asOf });
    return { events: eventsOf(rows), refused: refusalsOf(rows) };
  };

  it("are read, and left out where they say nothing", async () => {
    expect((await read("eu,3,yes,0-200k,1.5")).events).toMatchObject([
      { region: "eu", units: { web_search: 3, image: 2 }, tier: "batch", bandTokens: 200_000, charged: "1.500000000000" },
    ]);
    const [plain] = (await read(",0,false,,")).events;
    expect(plain).toMatchObject({ units: { image: 2 }, tier: "flex" });
    for (const field of ["region", "bandTokens", "charged"]) expect(plain).not.toHaveProperty(field);
  });

  it.each([
    ["eu,-3,no,,", /^units.web_search: "-3" is negative/],
    ["eu,1.5,no,,", /^units.web_search: "1.5" is not a whole number/],
    ["eu,1,maybe,,", /^batch: "maybe" is neither true nor false/],
    ["eu,1,no,wide,", /^bandTokens: "wide" is not a whole number/],
    ["eu,1,no,,-1", /^charged: "-1" is negative/],
    ["eu,1,no,,free", /^charged: "free" is not an amount/],
  ])("are refused where they are wrong: %s", async (cells, reason) => {
    expect((await read(cells)).refused).toEqual([[2, expect.stringMatching(reason)]]);
  });
});
