import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tools } from "../../../agents/tools/index.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";
import { days, orgWith, usage } from "../org-usage.ts";
import { unbacked } from "../unbacked.ts";

const million = 1_000_000;
const start = new Date("2026-11-22T00:00:00Z");
const at = (minutes: number) => new Date(start.getTime() + minutes * 60_000);
const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));
const sonnet = { provider: "anthropic", model: "claude-sonnet-5" }; // per million: 2 in, 0.2 read, 2.5 and 4 written
const scope = days(22, 23);

describe("how caches are used", () => {
  let clickhouse: TestClickHouse;
  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
  });
  afterAll(async () => {
    await clickhouse.drop();
  });

  /** Requests at some minutes whose prompts share so many blocks of 1,000 tokens and end in one of their own. */
  const sharing = (minutes: readonly number[], blocks: number, change: Parameters<typeof usage>[0] = {}) =>
    minutes.map((minute, index) =>
      usage({
        ...sonnet,
        at: at(minute),
        prefixHashes: [...many(blocks, (block) => `b${block}`), `own${index}`],
        prefixBlockTokens: 1_000,
        tokens: { input: (blocks + 1) * 1_000 },
        ...change,
      }),
    );

  it("prompt_cache_enablement counts each gap, not the mean of them", async () => {
    // Ten requests a minute apart, ten hours of silence, ten more: the mean gap is over half an hour, yet 18 of 20 find the cache.
    const context = await orgWith(clickhouse, sharing([...many(10, (n) => n), ...many(10, (n) => 600 + n)], 10));
    const result = await tools.prompt_cache_enablement.run({ scope }, context);
    // 18 hits × 10,000 × $1.80 a million = $0.324; 2 writes × 10,000 × $0.50 = $0.01. For an hour: 2 writes × 10,000 × $2 = $0.04.
    expect(result.tables[0]?.rows.map((row) => [row[2], row[4], row[5], row[6]])).toEqual([
      ["five minutes", "90.0 %", "21.7 %", "$0.31"],
      ["one hour", "90.0 %", "52.6 %", "$0.28"],
    ]);
    expect(unbacked(result)).toEqual([]);
  });

  it("prompt_cache_enablement is signed, and promises nothing below the provider's minimum", async () => {
    const rare = await orgWith(clickhouse, sharing([0, 100, 200, 300], 10)); // none finds the cache
    const losing = await tools.prompt_cache_enablement.run({ scope }, rare);
    expect(losing.tables[0]?.rows[0]?.[6]).toBe("−$0.02");
    expect(losing.sentences[0]).toMatch(/^No shared beginning of prompts would pay for its cache/);
    const short = await orgWith(
      clickhouse,
      sharing(
        many(10, (n) => n),
        3,
      ),
    );
    const none = await tools.prompt_cache_enablement.run({ scope }, short);
    expect(none.tables[0]?.rows).toEqual([]);
    expect(none.sentences).toEqual([
      "What prompts of chat on claude-sonnet-5 have in common, 3,000 tokens, is shorter than the 4,096 that its provider is taken to cache at least.",
    ]);
    expect([unbacked(losing), unbacked(none)]).toEqual([[], []]);
  });

  it("prompt_cache_enablement charges the write fee of newer OpenAI models, and none of older ones", async () => {
    const newer = await orgWith(clickhouse, sharing([0, 100], 10, { provider: "openai", model: "gpt-5.6-terra" }));
    const older = await orgWith(clickhouse, sharing([0, 100], 10, { provider: "openai", model: "gpt-5" }));
    const savingIn = async (context: typeof newer) => (await tools.prompt_cache_enablement.run({ scope }, context)).tables[0]?.rows[0]?.[6];
    expect(await savingIn(newer)).toMatch(/^−\$/);
    expect(await savingIn(older)).toBe("$0.00");
  });

  it("kv_cache_optimization_audit proposes no cache for prompts that are too short for one", async () => {
    const context = await orgWith(
      clickhouse,
      sharing(
        many(10, (n) => n),
        3,
        { tokens: { input: 4_000 } },
      ),
    );
    const audit = await tools.kv_cache_optimization_audit.run({ scope }, context);
    expect(audit.opportunities).toEqual([]);
    expect(audit.notes).toEqual([
      "Prompts of chat are in the mean shorter than what their provider caches, so no cache is proposed for them.",
    ]);
  });

  /** A conversation that at each turn adds 1,000 tokens and writes what the cache no longer holds. */
  const talk = (minutes: readonly number[]) =>
    minutes.map((minute, turn) => {
      const gap = turn === 0 ? Infinity : minute - (minutes[turn - 1] ?? 0);
      const held = gap <= 5 ? turn * 100_000 : 0;
      return usage({
        ...sonnet,
        at: at(minute),
        conversation: "c1",
        tokens: { input: 10, cache_read: held, cache_write_5m: (turn + 1) * 100_000 - held },
      });
    });

  it("ttl_choice keeps five minutes where few gaps are long, whatever their mean is", async () => {
    // 20 gaps of one minute and one of twelve hours: the mean of 35 minutes would call for an hour.
    const minutes = [...many(21, (n) => n), 20 + 720];
    const result = await tools.ttl_choice.run({ scope }, await orgWith(clickhouse, talk(minutes)));
    expect(result.opportunities).toEqual([]);
    expect(result.sentences).toEqual([
      "The time for which caches are kept is right: the other would cost more in each workload (those days).",
    ]);
    expect(unbacked(result)).toEqual([]);
  });

  it("ttl_choice turns what was written again within the hour into reads", async () => {
    const result = await tools.ttl_choice.run({ scope }, await orgWith(clickhouse, talk([0, 10, 20])));
    // Written: 600,000 tokens at $2.50 a million = $1.50. For an hour: 300,000 new at $4 = $1.20, 300,000 read at $0.20 = $0.06.
    expect(result.tables[0]?.rows[0]).toEqual(["chat", "claude-sonnet-5", "one hour", "0.0 %", "100.0 %", "$0.24"]);
    expect(result.opportunities).toHaveLength(1);
    expect(unbacked(result)).toEqual([]);
    const plain = await orgWith(clickhouse, [usage({ conversation: "c", tokens: { input: 1 } })]);
    expect((await tools.ttl_choice.run({ scope }, plain)).missing[0]).toMatch(/^Cache writes:/);
  });

  it("cache_thrash does not call a write-only hour a loss, and finds caches that are never read", async () => {
    const writes = { ...sonnet, tokens: { cache_write_5m: million } };
    const context = await orgWith(clickhouse, [
      usage({ ...writes, at: at(0), workload: "good" }), // an hour of writing alone: $0.50 premium
      usage({ ...sonnet, at: at(70), workload: "good", tokens: { cache_read: million } }), // $1.80 saved an hour later
      usage({ ...writes, at: at(10), workload: "bad" }),
      usage({ ...writes, at: at(20), workload: "bad" }),
      usage({ ...writes, at: at(1_439), workload: "open" }), // may still be read
    ]);
    const result = await tools.cache_thrash.run({ scope }, context);
    expect(result.sentences).toEqual([
      "The prompt cache of bad on claude-sonnet-5 loses money: writing it cost $1.00 more than reading it saved (those days).",
    ]);
    expect(result.opportunities.map(({ workload }) => workload)).toEqual(["bad"]);
    expect(result.tables[0]?.rows.map((row) => [row[0], row[4]])).toEqual([
      ["bad", "−$1.00"],
      ["good", "$1.30"],
    ]);
    expect(unbacked(result)).toEqual([]);
  });

  it("prefix_instability takes two stable beginnings for stable, and one that is always new for unstable", async () => {
    const calls = (workload: string, head: (index: number) => string) =>
      many(20, (index) =>
        usage({ at: at(index), workload, prefixHashes: [head(index)], prefixBlockTokens: 512, tokens: { input: 1_000 } }),
      );
    const context = await orgWith(clickhouse, [
      ...calls("ab", (index) => (index % 2 === 0 ? "a" : "b")), // half of them differ from the most frequent
      ...calls("dated", (index) => `now${index}`),
    ]);
    const result = await tools.prefix_instability.run({ scope }, context);
    expect(result.sentences[0]).toBe(
      "100.0 % of the 20 prompts of dated on gpt-5 begin with a block that was never sent before (those days), so no prompt cache can hold them.",
    );
    expect(result.tables[0]?.rows.map((row) => [row[0], row[4]])).toEqual([
      ["ab", "5.3 %"],
      ["dated", "100.0 %"],
    ]);
    expect(unbacked(result)).toEqual([]);
  });

  it("kv_cache_finder tells caches in use from such as could be, by tokens", async () => {
    const context = await orgWith(clickhouse, [
      usage({ workload: "used", tokens: { input: 100_000, cache_read: 300_000 } }),
      ...many(9, (index) => usage({ at: at(index), workload: "used", tokens: { input: 100 } })), // nine of ten requests read nothing
      usage({ workload: "long", tokens: { input: 50_000 } }),
      usage({ workload: "short", tokens: { input: 500 } }),
      usage({ workload: "unknown", model: "acme-9000", tokens: { input: 50_000 } }),
    ]);
    const result = await tools.kv_cache_finder.run({ scope }, context);
    expect(Object.fromEntries((result.tables[0]?.rows ?? []).map((row) => [row[0], [row[2], row[3]]]))).toEqual({
      used: ["in use", "74.8 %"],
      long: ["could be used", "0.0 %"],
      short: ["prompts too short", "0.0 %"],
      unknown: ["no cache known", "0.0 %"],
    });
    expect(unbacked(result)).toEqual([]);
  });

  it("semantic_cache gives equal prompts as the lower bound and the break-even, and says what it cannot know", async () => {
    const context = await orgWith(clickhouse, [
      ...many(4, (index) =>
        usage({ at: at(index), promptHash: index < 2 ? "same" : `own${index}`, tokens: { input: 1_000, output: 100 } }),
      ),
    ]);
    const result = await tools.semantic_cache.run({ scope }, context);
    // A request costs $0.00225, embedding its prompt $0.00002.
    expect(result.sentences).toEqual([
      "At least 25.0 % of the hashed prompts repeat one of the day before word for word, which cost $0.002250 (those days).",
      "For chat on gpt-5 a semantic cache pays once it answers 0.9 % of the requests: embedding a prompt costs that share of a request, at $0.002250 each.",
    ]);
    expect(result.missing[0]).toMatch(/^Prompt texts or embeddings/);
    expect([result.opportunities, unbacked(result)]).toEqual([[], []]);
  });

  it("tool_schema_bloat prices the constant part at the price of a cache read where it is read from cache", async () => {
    const cached = sharing(
      many(10, (n) => n),
      9,
      { tokens: { input: 1_000, cache_read: 9_000 } },
    );
    const context = await orgWith(clickhouse, cached);
    const result = await tools.tool_schema_bloat.run({ scope }, context);
    // 90,000 tokens: $0.018 from cache; at the price of input it would be $0.18.
    expect(result.tables[0]?.rows).toEqual([["chat", "claude-sonnet-5", "9,000", "90.0 %", "$0.02"]]);
    expect(result.missing[0]).toMatch(/^Tool definitions/);
    expect([result.opportunities, unbacked(result)]).toEqual([[], []]);
  });

  it("rag_over_retrieval says who reads much and writes little, and that it cannot tell whether that is too much", async () => {
    const context = await orgWith(clickhouse, [
      usage({ workload: "rag", tokens: { input: 10_000, output: 100 } }),
      usage({ workload: "chat", tokens: { input: 1_000, output: 500 } }),
    ]);
    const result = await tools.rag_over_retrieval.run({ scope }, context);
    expect(result.tables[0]?.rows.map((row) => [row[0], row[2], row[3], row[4]])).toEqual([["rag", "10,000", "100", "not known"]]);
    expect(result.missing[0]).toMatch(/^Retrieved passages/);
    expect([result.opportunities, unbacked(result)]).toEqual([[], []]);
  });

  it("best_of_n sees equal prompts sent at once, and takes no later repeat for a sample", async () => {
    const same = { promptHash: "p", conversation: "c", tokens: { input: million } };
    const context = await orgWith(clickhouse, [
      usage({ ...same, at: start }),
      usage({ ...same, at: new Date(start.getTime() + 200) }),
      usage({ ...same, at: start }),
      usage({ ...same, at: at(5) }), // asked again, five minutes later
      usage({ ...same, at: start, conversation: "other" }), // somebody else
    ]);
    const result = await tools.best_of_n.run({ scope }, context);
    expect(result.tables[0]?.rows).toEqual([["chat", "gpt-5", "2", "$2.50"]]);
    expect(result.missing[0]).toMatch(/^Samples per request/);
    expect(unbacked(result)).toEqual([]);
  });

  it("rejected_predictions says that no source stores them", async () => {
    const context = await orgWith(clickhouse, [usage()]);
    expect((await tools.rejected_predictions.run({ scope }, context)).missing).toEqual([expect.stringMatching(/^Predicted outputs/)]);
  });
});
