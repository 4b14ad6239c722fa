import { describe, expect, it } from "vitest";
import { z } from "zod";
import { chooseModels, rankOf } from "../../../agents/models/choose.ts";
import { createBreakers } from "../../../src/core/breaker.ts";
import { costOfSpend, noModelSpend } from "../../../src/core/model-spend.ts";
import { fromUsd } from "../../../src/core/money.ts";
import { noTokens } from "../../../src/core/tokens.ts";
import type { Reply } from "../../setup/scripted-model.ts";
import { prices, saying, scriptedModels, small, strong } from "./rig.ts";

const Answer = z.strictObject({ mood: z.enum(["fine", "bad"]) });
const request = () => ({
  system: "You answer briefly.",
  messages: [{ role: "user" as const, text: "hello" }],
  maxOutputTokens: 200,
  signal: new AbortController().signal,
});
const fine = saying({ mood: "fine" });
const always =
  (reply: Reply): (() => Reply) =>
  () =>
    reply;

describe("the choice of a model", () => {
  const nano = { provider: "openai", model: "gpt-5-nano", rank: "small" } as const;
  const unknown = { provider: "openai", model: "acme-9000", rank: "strong" } as const;

  it("is the cheapest that meets the need; the others stand in", () => {
    expect(chooseModels([strong, small, nano], "small", prices).order).toEqual([nano, small, strong]);
    expect(chooseModels([nano, small, strong], "strong", prices).order).toEqual([strong, nano, small]);
  });

  it("leaves out a model without a price, and says so", () => {
    const { order, notes } = chooseModels([unknown, small], "small", prices);
    expect(order).toEqual([small]);
    expect(notes).toEqual(["acme-9000 is not used: the price book has no price for it."]);
  });

  it("tells small models by their names", () => {
    expect(["gpt-5-mini", "gpt-5-nano", "claude-haiku-4-5", "gemini-2.5-flash", "gemini-2.5-flash-lite"].map(rankOf)).toEqual(
      Array(5).fill("small"),
    );
    expect(["gpt-5", "claude-opus-4-8", "gemini-2.5-pro", "claude-sonnet-4-5"].map(rankOf)).toEqual(Array(4).fill("strong"));
  });
});

describe("asking models", () => {
  it("gives the answer, and what it cost to the pico-dollar", async () => {
    const { models } = scriptedModels(fine);
    expect(await models.ask("triage", request(), Answer)).toEqual({ mood: "fine" });
    const spend = models.take();
    const cost = prices.costOf(small, { ...noTokens, input: 100, output: 20 });
    expect(costOfSpend(spend)).toBe(cost);
    expect(spend).toMatchObject({
      uses: [{ model: "gpt-5-mini", calls: 1, failed: 0, inputTokens: 100, outputTokens: 20 }],
      fallbacks: [],
    });
    expect(models.take()).toEqual(noModelSpend);
  });

  it("turns to the next model where one fails, and says that it stood in", async () => {
    const script = { "gpt-5-mini": always({ kind: "fail", status: 503 }), "claude-sonnet-4-5": fine };
    const { models, asked } = scriptedModels(script, { models: [small, strong] });
    expect(await models.ask("triage", request(), Answer)).toEqual({ mood: "fine" });
    expect(asked.map(({ model }) => model)).toEqual(["gpt-5-mini", "gpt-5-mini", "gpt-5-mini", "claude-sonnet-4-5"]);
    expect(models.take().fallbacks).toEqual(["gpt-5-mini could not be reached, or broke off. claude-sonnet-4-5 answered instead."]);
  });

  it.each<[string, Reply, string]>([
    ["is rate limited", { kind: "fail", status: 429, retryAfterMs: 60_000 }, "gpt-5-mini is limiting requests."],
    ["breaks off", { kind: "cut", text: '{"mood"' }, "gpt-5-mini could not be reached, or broke off."],
    ["answers with broken JSON", { kind: "say", text: '{"mood":' }, "gpt-5-mini gave an answer of the wrong form."],
    ["writes on for ever", { kind: "endless" }, "gpt-5-mini would not stop writing."],
    ["refuses", { kind: "refuse" }, "gpt-5-mini refused to answer."],
    ["is too slow", { kind: "slow", ms: 5_000 }, "gpt-5-mini took too long."],
    ["does not know our key", { kind: "fail", status: 401 }, "gpt-5-mini did not accept the request."],
  ])("gives nothing where the only model %s, and says why", async (_, reply, sentence) => {
    const { models } = scriptedModels(always(reply));
    expect(await models.ask("triage", request(), Answer)).toBeUndefined();
    expect(models.take().fallbacks).toEqual([`${sentence} Rules and templates answered instead.`]);
  });

  it("counts a failed call, whose cost nobody knows, against the budget with all that it may have cost", async () => {
    const most = prices.costOf(small, { ...noTokens, input: 1_200, output: 200 }) ?? 0n;
    const { models, asked } = scriptedModels(always({ kind: "cut", text: "{" }), { budget: { maxCost: most, maxCalls: 20 } });
    expect(await models.ask("triage", request(), Answer)).toBeUndefined();
    expect(asked.length).toBe(1);
    const spend = models.take();
    expect(spend.uses).toMatchObject([{ calls: 1, failed: 1, uncosted: 1 }]);
    expect(spend.fallbacks[0]).toContain("the budget for models of this answer");
  });

  it("leaves a model alone after several failures, across answers", async () => {
    const breakers = createBreakers({ breakerFailures: 2, breakerMs: 60_000, breakerMaxMs: 60_000 }, () => 0);
    const failing = () => scriptedModels(always({ kind: "fail", status: 500 }), { breakers });
    await failing().models.ask("triage", request(), Answer);
    await failing().models.ask("triage", request(), Answer);
    const third = failing();
    await third.models.ask("triage", request(), Answer);
    expect(third.asked).toEqual([]);
    expect(third.models.take().fallbacks[0]).toContain("left alone for a while");
  });

  it("gives up in time, however many models there are", async () => {
    const { models, asked } = scriptedModels(always({ kind: "slow", ms: 5_000 }), { models: [small, strong], askTimeoutMs: 100 });
    const started = performance.now();
    expect(await models.ask("triage", request(), Answer)).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(asked.length).toBe(1);
  });

  it("stops with the run", async () => {
    const stop = new AbortController();
    const { models } = scriptedModels(always({ kind: "slow", ms: 5_000 }));
    setTimeout(() => stop.abort(), 20);
    await expect(models.ask("triage", { ...request(), signal: stop.signal }, Answer)).rejects.toMatchObject({ kind: "aborted" });
  });

  it("stops at the number of calls that one answer may make", async () => {
    const { models, asked } = scriptedModels(fine, { budget: { maxCost: fromUsd("1"), maxCalls: 1 } });
    expect(await models.ask("triage", request(), Answer)).toEqual({ mood: "fine" });
    expect(await models.ask("triage", request(), Answer)).toBeUndefined();
    expect(asked.length).toBe(1);
  });
});
