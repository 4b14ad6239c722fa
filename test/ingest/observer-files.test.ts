import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ImportMapping } from "../../src/core/import.ts";
import { noTokens } from "../../src/core/tokens.ts";
import { fileSources, proposeMapping } from "../../src/ingest/index.ts";
import { eventsOf, readAll, refusalsOf } from "../contract/file-source.ts";
import { requestRow } from "./helicone/stand-in.ts";
import { observation } from "./langfuse/stand-in.ts";
import { logRow } from "./litellm/stand-in.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "apex-observers-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Proposes a mapping for rows exported as JSON Lines, and reads them with it as it is. */
async function imported(rows: readonly object[]) {
  const path = join(folder, "export.jsonl");
  await writeFile(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const mapping: ImportMapping | undefined = await proposeMapping(path);
  if (mapping === undefined) throw new Error("nothing was proposed");
  const read = await readAll(fileSources.jsonl, path, { orgId: "org_files", mapping, asOf: new Date("2026-11-23T12:00:00Z") });
  return { mapping, events: eventsOf(read), refused: refusalsOf(read) };
}

describe("LiteLLM's spend log as a file", () => {
  const anthropic = logRow({
    request_id: "chatcmpl-2",
    custom_llm_provider: "vertex_ai",
    model: "vertex_ai/claude-sonnet-4-5",
    prompt_tokens: 18_495,
    completion_tokens: 445,
    total_tokens: 18_940,
    metadata: {
      user_api_key_team_alias: "web",
      user_api_key_alias: "ci-key",
      usage_object: {
        prompt_tokens: 18_495,
        completion_tokens: 445,
        total_tokens: 18_940,
        cache_read_input_tokens: 16_399,
        cache_creation_input_tokens: 2_089,
        completion_tokens_details: { reasoning_tokens: 45 },
      },
    },
  });

  it("counts cached tokens inside the prompt, though the column has Anthropic's name", async () => {
    const { mapping, events, refused } = await imported([anthropic]);
    expect(refused).toEqual([]);
    expect(mapping).toMatchObject({ inputIncludesCached: true, outputIncludesReasoning: true });
    expect(events).toMatchObject([
      {
        id: "chatcmpl-2",
        at: new Date("2026-11-02T10:00:00Z"),
        provider: "google",
        model: "claude-sonnet-4-5",
        requestedModel: "fast",
        tokens: { ...noTokens, input: 7, cache_read: 16_399, cache_write_5m: 2_089, output: 400, reasoning: 45 },
        team: "web",
        apiKey: "ci-key",
        conversation: "session-4",
        latencyMs: 2_500,
        status: "ok",
      },
    ]);
  });

  it("gives no spend for answers from the proxy's own cache", async () => {
    const { events, refused } = await imported([anthropic, logRow({ cache_hit: "True" })]);
    expect(events).toHaveLength(1);
    expect(refused).toEqual([[2, expect.stringMatching(/own cache: no provider was called/)]]);
  });

  it("says that it cannot look into metadata that is a text", async () => {
    const { mapping } = await imported([logRow({ metadata: '{"usage_object": {}}' })]);
    expect(mapping.assumption).toMatch(/"metadata" is JSON in a text/);
  });
});

describe("Langfuse's observations as a file", () => {
  it("count cached and reasoning tokens beside where Langfuse took them out", async () => {
    const usageDetails = { input: 86, input_cached_tokens: 1_920, output: 34, output_reasoning_tokens: 448, total: 2_488 };
    const { mapping, events, refused } = await imported([observation({ usageDetails })]);
    expect(refused).toEqual([]);
    expect(mapping).toMatchObject({ inputIncludesCached: false, outputIncludesReasoning: false });
    expect(mapping.assumption).toMatch(/assumed to be of the provider openai.*adds up all counts itself/);
    expect(events).toMatchObject([
      {
        id: "obs-1",
        at: new Date("2026-11-02T10:00:00Z"),
        model: "gpt-4o-mini",
        tokens: { ...noTokens, input: 86, cache_read: 1_920, output: 34, reasoning: 448 },
        workload: "summaries",
        user: "customer-9",
        conversation: "session-4",
      },
    ]);
  });

  it("count them inside where the total says so, whatever the keys are called", async () => {
    const usage_details = { input: 17_903, input_cached_tokens: 17_817, output: 200, total: 18_103 };
    const row = { id: "obs-1", start_time: "2026-11-02 10:00:00.000", provided_model_name: "gpt-4o-mini", usage_details };
    const { mapping, events } = await imported([row]);
    expect(mapping.inputIncludesCached).toBe(true);
    expect(events[0]?.tokens).toEqual({ ...noTokens, input: 86, cache_read: 17_817, output: 200 });
  });
});

describe("Helicone's export as a file", () => {
  it("counts cached tokens beside, and is not held to a total that leaves them out", async () => {
    const row = requestRow({ prompt_tokens: 86, prompt_cache_read_tokens: 1_920, completion_tokens: 300, total_tokens: 386 });
    const { mapping, events, refused } = await imported([row]);
    expect(refused).toEqual([]);
    expect(mapping).toMatchObject({ inputIncludesCached: false });
    expect(events).toMatchObject([
      {
        provider: "openai",
        model: "gpt-4o-mini-2024-07-18",
        tokens: { ...noTokens, input: 86, cache_read: 1_920, output: 300 },
        user: "customer-9",
        conversation: "session-4",
        workload: "summaries",
        latencyMs: 2_500,
      },
    ]);
  });
});

describe("Anthropic's own usage as a file", () => {
  const row = (cache_creation: object) => ({
    timestamp: "2026-11-02T10:00:00Z",
    model: "claude-sonnet-4-5-20250929",
    usage: { input_tokens: 7, cache_creation_input_tokens: 500, output_tokens: 45, ...cache_creation },
  });

  it("counts cache writes for an hour once, not in the sum of all writes too", async () => {
    const split = { cache_creation: { ephemeral_5m_input_tokens: 300, ephemeral_1h_input_tokens: 200 } };
    const { events } = await imported([row(split)]);
    expect(events[0]?.tokens).toEqual({ ...noTokens, input: 7, cache_write_5m: 300, cache_write_1h: 200, output: 45 });
  });

  it("counts cache writes beside the input, also where nothing was read", async () => {
    const { mapping, events } = await imported([row({})]);
    expect(mapping.inputIncludesCached).toBe(false);
    expect(events[0]?.tokens).toEqual({ ...noTokens, input: 7, cache_write_5m: 500, output: 45 });
  });
});
