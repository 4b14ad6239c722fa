import { describe, expect, it } from "vitest";
import { z } from "zod";
import { openBudget } from "../../agents/models/budget.ts";
import { drain, type ModelClient, type ModelRequest } from "../../agents/models/client.ts";
import { ModelError } from "../../agents/models/errors.ts";
import type { ClientSettings } from "../../agents/models/metered-client.ts";
import { modelPrices } from "../../agents/models/price.ts";
import { retrying } from "../../agents/models/retries.ts";
import { completeAs } from "../../agents/models/structured.ts";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { fromUsd } from "../../src/core/money.ts";
import { noTokens } from "../../src/core/tokens.ts";
import type { Reply } from "../setup/scripted-model.ts";

const at = new Date("2026-11-23T12:00:00Z");
const prices = modelPrices(createPriceBook(), at);

/** A client whose model replies in this order, the last reply again and again, and how often it was asked. */
export interface TaughtClient {
  readonly client: ModelClient;
  asked(): number;
}

/** Starts a client on a model that was taught what to reply. */
export type Teach = (replies: readonly Reply[], settings: ClientSettings) => Promise<TaughtClient>;

const request = (change: Partial<ModelRequest> = {}): ModelRequest => ({
  system: "You answer briefly.",
  messages: [{ role: "user", text: "hello" }],
  maxOutputTokens: 200,
  signal: new AbortController().signal,
  ...change,
});

const Answer = z.strictObject({ mood: z.enum(["fine", "bad"]) });
const retries = { attempts: 3, baseMs: 1, maxWaitMs: 100 };

const errorOf = async (work: Promise<unknown>): Promise<ModelError> => {
  const error = await work.then(
    () => undefined,
    (raised: unknown) => raised,
  );
  if (error instanceof ModelError) return error;
  throw new Error(`no ModelError: ${String(error)}`);
};

/** What every client promises, whoever speaks behind it. */
export function modelClientSuite(name: string, teach: Teach): void {
  const start = (replies: readonly Reply[], timeoutMs = 5_000) => teach(replies, { prices, now: () => at, timeoutMs });

  describe(`the client of ${name}`, () => {
    it("gives the text, what it used in disjoint buckets, and what that cost by the price book", async () => {
      const { client } = await start([{ kind: "say", text: "Hello there, friend.", usage: { input: 1_000, output: 100 } }]);
      const { text, finish, toolCalls, call } = await client.complete(request());
      expect({ text, finish, toolCalls }).toEqual({ text: "Hello there, friend.", finish: "stop", toolCalls: [] });
      const tokens = { ...noTokens, input: 1_000, output: 100 };
      expect(call).toMatchObject({ ...client.name, outcome: "ok", tokens, cost: prices.costOf(client.name, tokens) });
      expect(call.cost).toBeGreaterThan(0n);
    });

    it("streams the text piece by piece, and ends with the whole answer", async () => {
      const { client } = await start([{ kind: "say", text: "One piece after the other, until all of it is said." }]);
      const pieces: string[] = [];
      const stream = client.stream(request());
      let next = await stream.next();
      for (; next.done !== true; next = await stream.next()) pieces.push(next.value);
      expect(pieces.length).toBeGreaterThan(1);
      expect(next.value.text).toBe("One piece after the other, until all of it is said.");
      expect(pieces.join("")).toBe(next.value.text);
    });

    it("hands on the tools that the model asks for, and takes their results", async () => {
      const { client } = await start([
        { kind: "say", toolCalls: [{ id: "call_1", name: "weather", input: { city: "Bern" } }] },
        { kind: "say", text: "It rains in Bern." },
      ]);
      const tools = [
        { name: "weather", description: "Tells the weather.", input: { type: "object", properties: { city: { type: "string" } } } },
      ];
      const first = await client.complete(request({ tools }));
      expect(first).toMatchObject({ finish: "tool", toolCalls: [{ name: "weather", input: { city: "Bern" } }] });
      const [call] = first.toolCalls;
      if (call === undefined) throw new Error("no call");
      const told = await client.complete(
        request({
          tools,
          messages: [
            { role: "user", text: "hello" },
            { role: "assistant", text: "", toolCalls: [call] },
            { role: "tool", callId: call.id, name: "weather", result: "rain" },
          ],
        }),
      );
      expect(told.text).toBe("It rains in Bern.");
    });

    it("gives answers of a form, and repairs one that has it not", async () => {
      const { client, asked } = await start([
        { kind: "say", text: "I feel fine, thank you" },
        { kind: "say", text: '{"mood":"fine"}' },
      ]);
      expect(await completeAs(client, request(), Answer)).toEqual({ mood: "fine" });
      expect(asked()).toBe(2);
    });

    it.each(['{"mood":"fine"', '{"mood":"angry"}', '{"mood":"fine","extra":1}', "[]"])("gives up on %s after one repair", async (text) => {
      const { client, asked } = await start([{ kind: "say", text }]);
      expect(await errorOf(completeAs(client, request(), Answer))).toMatchObject({ kind: "malformed" });
      expect(asked()).toBe(2);
    });

    it("says that an answer was cut at its length", async () => {
      const { client } = await start([{ kind: "say", text: "Once upon a", finish: "length" }]);
      expect(await client.complete(request())).toMatchObject({ text: "Once upon a", finish: "length" });
    });

    it("stops a model that writes on for ever", async () => {
      const { client } = await start([{ kind: "endless" }]);
      const error = await errorOf(client.complete(request({ maxOutputTokens: 50 })));
      expect(error).toMatchObject({ kind: "too_long", retry: false });
      expect(error.call).toMatchObject({ outcome: "too_long", cost: null });
    });

    it("tries again after a rate limit, as long as it was asked to wait, and no more than three times", async () => {
      const { client, asked } = await start([
        { kind: "fail", status: 429 },
        { kind: "say", text: "Now." },
      ]);
      expect((await retrying(client, { ...retries, maxWaitMs: 2_000 }, () => 0.5).complete(request())).text).toBe("Now.");
      expect(asked()).toBe(2);
      const limited = await start([{ kind: "fail", status: 503 }]);
      expect(await errorOf(retrying(limited.client, retries, () => 0.5).complete(request()))).toMatchObject({ kind: "provider_down" });
      expect(limited.asked()).toBe(3);
    });

    it("does not try again what would fail again", async () => {
      const { client, asked } = await start([{ kind: "fail", status: 400 }]);
      expect(await errorOf(retrying(client, retries, () => 0.5).complete(request()))).toMatchObject({ kind: "rejected", retry: false });
      expect(asked()).toBe(1);
    });

    it("takes a stream that breaks off for a failure, and not for the answer", async () => {
      const text = "Half of what was to be said, and then the line went dead before the end.";
      const { client } = await start([{ kind: "cut", text }]);
      const error = await errorOf(client.complete(request()));
      expect(error).toMatchObject({ kind: "provider_down", retry: true });
      expect(error.call).toMatchObject({ cost: null });
      const again = await start([
        { kind: "cut", text },
        { kind: "say", text: "Whole." },
      ]);
      expect((await retrying(again.client, retries, () => 0.5).complete(request())).text).toBe("Whole.");
      expect(again.asked()).toBe(2);
    });

    it("says that a model refused", async () => {
      const { client } = await start([{ kind: "refuse" }]);
      expect(await errorOf(client.complete(request()))).toMatchObject({ kind: "refused", retry: false });
    });

    it("gives up on a slow answer at its time-out, and at once at a signal", async () => {
      const slow = await start([{ kind: "slow", ms: 3_000 }], 100);
      expect(await errorOf(slow.client.complete(request()))).toMatchObject({ kind: "timeout" });
      const { client } = await start([{ kind: "slow", ms: 3_000 }]);
      const stop = new AbortController();
      setTimeout(() => stop.abort(), 30);
      expect(await errorOf(client.complete(request({ signal: stop.signal })))).toMatchObject({ kind: "aborted" });
      expect(await errorOf(client.complete(request({ signal: AbortSignal.abort() })))).toMatchObject({ kind: "aborted" });
    });

    it("is held to a budget: a call that could exceed it is not made", async () => {
      const { client, asked } = await start([{ kind: "say", text: "Cheap.", usage: { input: 10, output: 5 } }]);
      const poor = openBudget({ maxCost: 1n, maxCalls: 10 }, prices, () => undefined);
      expect(await errorOf(poor.hold(client).complete(request()))).toMatchObject({ kind: "over_budget" });
      expect(asked()).toBe(0);
      const outcomes: string[] = [];
      const rich = openBudget({ maxCost: fromUsd("1"), maxCalls: 2 }, prices, ({ outcome }) => void outcomes.push(outcome));
      await rich.hold(client).complete(request());
      await drain(rich.hold(client).stream(request()));
      expect(await errorOf(rich.hold(client).complete(request()))).toMatchObject({ kind: "over_budget" });
      expect(outcomes).toEqual(["ok", "ok"]);
      expect(asked()).toBe(2);
    });
  });
}
