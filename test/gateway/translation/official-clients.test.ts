import { describe, expect, it } from "vitest";
import { createPriceBook } from "../../../src/catalog/price-book.ts";
import { priceEvent } from "../../../src/catalog/price-event.ts";
import { noTokens } from "../../../src/core/tokens.ts";
import { startPeer } from "../peer.ts";
import { policyOf, rule, startRig } from "../rig.ts";
import { type Caller, callers } from "./callers.ts";

/** A model of each provider that a policy can lead to. */
const targets = {
  openai: "gpt-4o-mini",
  anthropic: "claude-haiku-4-5",
  google: "gemini-2.5-flash-lite",
} as const;
type Provider = keyof typeof targets;

const usage = { input_tokens: 40, output_tokens: 9, prompt_tokens: 40, completion_tokens: 9, total_tokens: 49 };
const prices = createPriceBook();

/** An independent peer that speaks the APIs of all three, behind a gateway whose policy sends the caller's model to `provider`. */
const start = async (caller: Caller, provider: Provider) => {
  const said = { usage, model: targets[provider] };
  const bern = { id: "call_w1", name: "weather", arguments: JSON.stringify({ city: "Bern" }) };
  const geneva = { id: "call_w2", name: "weather", arguments: JSON.stringify({ city: "Genève" }) };
  const peer = await startPeer((taught) => {
    taught.on({ userMessage: "weather", hasToolResult: true }, { content: "It is 21 degrees in Bern.", ...said });
    taught.on({ userMessage: "weather" }, { toolCalls: [bern], ...said });
    taught.on({ userMessage: "both towns" }, { content: "I look twice.", toolCalls: [bern, geneva], ...said });
    taught.on({ userMessage: "Hello" }, { content: "Grüezi, wie geht’s? 👋", ...said });
  });
  const to = { mode: "single" as const, target: { provider, model: targets[provider] } };
  const policy = policyOf(7, [{ ...rule, workload: "default", requestedModel: caller.model, strategy: to }]);
  const rig = await startRig({
    upstreamUrl: peer.url,
    providers: ["openai", "anthropic", "google"],
    version: provider === "google" ? "v1beta" : "v1",
    policy,
  });
  return { rig, peer };
};

const pairs = callers.flatMap((caller) =>
  (["openai", "anthropic", "google"] as const)
    .filter((provider) => provider !== caller.family)
    .flatMap((provider) =>
      [false, true].map((stream) => ({ caller, provider, stream, name: caller.name, how: stream ? "streamed" : "whole" })),
    ),
);

describe.each(pairs)("the official client $name, led to $provider, $how", ({ caller, provider, stream }) => {
  const { model } = caller;

  it("gets a text, with one row of the provider's model, tokens and price", async () => {
    const { rig, peer } = await start(caller, provider);
    const got = await caller.ask(rig.url, { model, text: "Hello?", stream });
    expect(got).toMatchObject({ text: "Grüezi, wie geht’s? 👋", calls: [], finish: caller.finishes.stop, usage: [40, 9] });
    expect(got.model).toBe(targets[provider]);
    expect(peer.getRequests()).toHaveLength(1);
    const rows = await rig.rowsWhen(1);
    const tokens = { ...noTokens, input: 40, output: 9 };
    expect(rows).toMatchObject([{ provider, requestedModel: model, model: targets[provider], status: "ok", tokens, policyVersion: 7 }]);
    const [row] = rows;
    if (row === undefined) throw new Error("no row");
    const priced = priceEvent(prices, row);
    expect(priced.cost).toBeGreaterThan(0n);
    expect(priced.cost).toBe(priceEvent(prices, { ...row, requestedModel: "", id: "by hand", tokens }).cost);
  });

  it("calls a tool and tells what it gave", async () => {
    const { rig, peer } = await start(caller, provider);
    const text = "What is the weather in Bern?";
    const asked = await caller.ask(rig.url, { model, text, stream, tool: true });
    expect(asked).toMatchObject({ calls: [{ name: "weather", args: { city: "Bern" } }], finish: caller.finishes.tool });
    const [call] = asked.calls;
    const answered = { id: call?.id ?? "", args: { city: "Bern" }, result: '{"degrees":21}' };
    const told = await caller.ask(rig.url, { model, text, stream, tool: true, answered });
    expect(told).toMatchObject({ text: "It is 21 degrees in Bern.", calls: [], finish: caller.finishes.stop });
    expect(JSON.stringify(peer.getRequests().at(-1)?.body)).toContain("degrees");
    expect(await rig.rowsWhen(2)).toMatchObject([
      { provider, finish: "tool" },
      { provider, finish: "stop" },
    ]);
  });

  it("gets a text and two calls at once, in their order", async () => {
    const { rig } = await start(caller, provider);
    const got = await caller.ask(rig.url, { model, text: "How is it in both towns?", stream, tool: true });
    expect(got.text).toBe("I look twice.");
    expect(got.calls.map(({ args }) => args)).toEqual([{ city: "Bern" }, { city: "Genève" }]);
    expect(new Set(got.calls.map(({ id }) => id)).size).toBe(2);
    expect(got.finish).toBe(caller.finishes.tool);
  });
});
