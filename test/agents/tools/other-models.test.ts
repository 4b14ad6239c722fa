import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tools } from "../../../agents/tools/index.ts";
import { newerBy } from "../../../agents/tools/model-lineage.ts";
import { fromUsd, toUsd } from "../../../src/core/money.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";
import { at, days, orgWith, usage } from "../org-usage.ts";
import { said } from "./said.ts";

const million = 1_000_000;
const scope = days(22, 23);
const monthly = (cents: bigint) => toUsd(cents * 30n * 10_000_000_000n);
/** Usage that spans the whole day, so that amounts per month are thirty times those of the day. */
const wholeDay = [usage({ workload: "edge", at: at(22, "00:00:00") }), usage({ workload: "edge", at: at(22, "23:59:59.999") })];
const claude = { provider: "anthropic" };

describe("the same work on other models", () => {
  let clickhouse: TestClickHouse;
  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
  });
  afterAll(async () => {
    await clickhouse.drop();
  });

  it("tells which of two names is the newer of one line, and takes no month and day for a version", () => {
    expect(newerBy("claude-opus-4-1-20250805", "claude-opus-5-5")).toBeGreaterThan(0);
    expect(newerBy("claude-3-5-sonnet-20241022", "claude-sonnet-4-5")).toBeGreaterThan(0);
    expect(newerBy("gpt-4o-2024-05-13", "gpt-4o-2024-11-20")).toBeGreaterThan(0);
    expect(newerBy("gpt-5.4-mini", "gpt-5-mini")).toBeLessThan(0);
    for (const other of ["gpt-5-mini", "gpt-image-2", "gpt-4-0613", "gpt-6-sol"]) expect(newerBy("gpt-5", other)).toBe(0);
  });

  it("newer_snapshot counts that a newer version may write more, and that its tokenizer may cut more", async () => {
    const context = await orgWith(clickhouse, [
      ...wholeDay,
      usage({ ...claude, workload: "agent", model: "claude-opus-5", tokens: { input: million, output: million } }), // 5 + 25; on 5.5: 4 + 20
    ]);
    const result = said(await tools.newer_snapshot.run({ scope, proposes: true, holdoutPermille: 100 }, context));
    expect(result.sentences[1]).toMatch(/agent on claude-opus-5: \$24\.00 on claude-opus-5-5 instead of \$30\.00/);
    const [found] = result.opportunities;
    // The naive saving is a fifth. With 30 % more of both it costs 31.20: a loss. Nine tenths are moved.
    expect(found).toMatchObject({
      toModel: "claude-opus-5-5",
      routable: true,
      low: monthly(-108n),
      mid: monthly(504n),
      high: monthly(720n),
    });
    const beside = said(await tools.newer_snapshot.run({ scope, proposes: false, holdoutPermille: 100 }, context));
    expect(beside.opportunities).toEqual([]);
  });

  it("newer_snapshot finds none where the newer version is dearer or the same", async () => {
    const context = await orgWith(clickhouse, [
      ...wholeDay,
      usage({ workload: "chat", tokens: { input: million } }), // gpt-5.1 costs what gpt-5 does, gpt-5.4 more
      usage({ ...claude, workload: "agent", model: "claude-opus-5-5", tokens: { input: million } }),
    ]);
    const result = said(await tools.newer_snapshot.run({ scope, proposes: true, holdoutPermille: 100 }, context));
    expect(result).toMatchObject({ opportunities: [], tables: [{ rows: [] }] });
  });

  it("retiring_models says what is spent on retired models and that their successor may be dearer", async () => {
    const context = await orgWith(clickhouse, [
      ...wholeDay,
      usage({ provider: "google", model: "gemini-2.5-flash-preview", workload: "tags", requests: 100, tokens: { input: 10 * million } }), // 1.50
      usage({ workload: "chat", tokens: { input: 2 * million } }), // 2.50
    ]);
    const result = said(await tools.retiring_models.run({ scope }, context));
    expect(result.sentences[0]).toMatch(
      /^\$1\.50 went to models that are being retired .* 37\.5 % of the spend: gemini-2\.5-flash-preview/,
    );
    expect(result.sentences[1]).toMatch(/gemini-3\.8-flash, which is dearer: .* \$7\.50 there instead of \$1\.50/);
    expect(result.missing[0]).toMatch(/^End dates of models/);
  });

  it("provider_arbitrage compares exactly the same model, where all kinds of tokens in use are priced", async () => {
    const oss = { provider: "groq", model: "openai/gpt-oss-120b" };
    const context = await orgWith(clickhouse, [
      ...wholeDay,
      usage({ ...oss, workload: "tags", tokens: { input: 20 * million } }), // 3.00; at openrouter 0.78
      usage({ ...oss, workload: "chat", tokens: { input: million, cache_read: 20 * million } }), // others price no cache
      usage({ provider: "groq", model: "llama-3.3-70b-versatile", workload: "mail", tokens: { input: million } }), // the same weights under another name: not known to be
    ]);
    const result = said(await tools.provider_arbitrage.run({ scope }, context));
    expect(result.tables[0]?.rows).toEqual([["tags", "openai/gpt-oss-120b", "groq", "$3.00", expect.any(String), expect.any(String)]]);
    expect(fromUsd(result.opportunities[0]?.high ?? "0")).toBeGreaterThanOrEqual(222n * 30n * 10_000_000_000n);
  });

  it("embedding_dedupe takes a text on another model for no repeat", async () => {
    const text = { promptHash: "t1", workload: "index", tokens: { input: 10 * million } };
    const context = await orgWith(clickhouse, [
      ...wholeDay,
      usage({ ...text, at: at(22, "01:00:00"), model: "text-embedding-3-large" }),
      usage({ ...text, at: at(22, "02:00:00"), model: "text-embedding-3-large" }), // 1.30 again
      usage({ ...text, at: at(22, "03:00:00"), model: "text-embedding-3-small" }), // another model must embed it anew
      usage({ ...text, at: at(22, "03:00:00"), workload: "chat" }),
      usage({ ...text, at: at(22, "04:00:00"), workload: "chat" }), // a repeated prompt of gpt-5 is no embedding
    ]);
    const result = said(await tools.embedding_dedupe.run({ scope }, context));
    expect(result.tables[0]?.rows).toEqual([["index", "text-embedding-3-large", "2", "1", "$1.30"]]);
    expect(result.opportunities[0]?.high).toBe(monthly(130n));
    const none = said(await tools.embedding_dedupe.run({ scope }, await orgWith(clickhouse, wholeDay)));
    expect(none.missing).toEqual([expect.stringMatching(/^Embeddings: none/)]);
  });

  it("embedding_downgrade counts that all vectors are made anew, and proposes nothing where that is not earned back", async () => {
    const context = await orgWith(clickhouse, [
      ...wholeDay,
      usage({ workload: "index", model: "text-embedding-3-large", requests: 10_000, tokens: { input: 10 * million } }), // 1.30 a day: 39 a month; small: 0.20, 6
    ]);
    const fits = said(await tools.embedding_downgrade.run({ scope, corpusTokens: 1_200 * million }, context)); // 24.00 once
    expect(fits.opportunities[0]).toMatchObject({ low: toUsd(9_000_000_000_000n), mid: toUsd(31_000_000_000_000n) });
    const large = said(await tools.embedding_downgrade.run({ scope, corpusTokens: 100_000 * million }, context)); // 2,000.00 once
    expect(large.opportunities).toEqual([]);
    expect(large.sentences[1]).toMatch(/\$2,000\.00 once: that is not earned back/);
    const unsaid = said(await tools.embedding_downgrade.run({ scope, corpusTokens: null }, context));
    expect(unsaid.missing[0]).toMatch(/^Size of the vector index/);
  });

  it("fine_tune_candidate takes the price of fine-tuned inference, and asks for what training costs", async () => {
    const context = await orgWith(clickhouse, [
      ...wholeDay,
      usage({ workload: "forms", model: "gpt-4o", tokens: { input: 10 * million, cache_read: 10 * million, output: million } }), // 25 + 12.50 + 10
    ]);
    const asked = { scope, trainingUsd: null, hostingUsd: null };
    const open = said(await tools.fine_tune_candidate.run(asked, context));
    // 0.30 and 1.20 per million, uncached: 7.20 a day, not the base model's 0.15 and 0.60 with its cache.
    expect(open.sentences[0]).toMatch(/forms on gpt-4o costs \$1,425\.00 .* fine-tuned ft:gpt-4o-mini-2024-07-18 would cost \$216\.00/);
    expect(open).toMatchObject({ opportunities: [], missing: [expect.stringMatching(/^Training and hosting/)] });
    const priced = said(await tools.fine_tune_candidate.run({ ...asked, trainingUsd: "1200", hostingUsd: "9" }, context));
    expect(priced.opportunities[0]).toMatchObject({ low: toUsd(0n), mid: toUsd(1_100_000_000_000_000n) });
    const dear = said(await tools.fine_tune_candidate.run({ ...asked, trainingUsd: "120000" }, context));
    expect(dear).toMatchObject({
      opportunities: [],
      sentences: [expect.any(String), expect.stringMatching(/would cost \$8,791\.00 more/)],
    });
  });
});
