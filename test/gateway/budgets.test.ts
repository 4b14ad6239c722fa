import { setTimeout as sleep } from "node:timers/promises";
import OpenAI, { APIError } from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { budgetWindowAt, type KeyLimits, readKeyBudget } from "../../src/core/key-limits.ts";
import { fromUsd, toUsd } from "../../src/core/money.ts";
import { recordUsage } from "../../src/flows/ingest-usage.ts";
import { readKeySpend } from "../../src/flows/key-spend.ts";
import type { SpendSource } from "../../src/gateway/spend-watch.ts";
import { createTestClickHouse, type TestClickHouse } from "../setup/test-clickhouse.ts";
import { ask, completion, errorIn, json, listen, type Rig, type RigOptions, readJson, secret, startRig } from "./rig.ts";

let clickHouse: TestClickHouse;
beforeAll(async () => {
  clickHouse = await createTestClickHouse();
});
afterAll(async () => {
  await clickHouse.drop();
});

const prices = createPriceBook();

/** gpt-4o costs 2.50 and 10 USD per million: 10 tokens in and 20 out cost 0.000225. */
const costEach = fromUsd("0.000225");
/** What one may cost at most: a token for every two bytes, and 20 out. */
const reservedEach = fromUsd("0.0004");
const usage = { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 };
const question = { model: "gpt-4o", max_tokens: 20, messages: [{ role: "user", content: "Hello, are you there?" }] };

const answering = (body: (model: unknown) => unknown = (model) => completion(model, usage), delayMs = 5) =>
  listen(async (req, res) => {
    const { model } = await readJson(req);
    setTimeout(() => json(res, 200, body(model)), delayMs);
  });

/** Each test has an org's ledger of its own: a label of its own would do, but the rig's key has one label. */
interface Ledger {
  readonly spend: SpendSource;
  readonly record: Rig["record"];
  total(): Promise<bigint>;
}

let ledgers = 0;
const ledger = (gateways = 1): Ledger => {
  ledgers += 1;
  const own = `org_ledger-${ledgers}` as const;
  const read = readKeySpend(clickHouse.usage);
  const spentByKey: SpendSource["spentByKey"] = (_org, period) => read(own, period);
  return {
    spend: { spentByKey, bookOf: () => Promise.resolve(prices), gateways: () => Promise.resolve(gateways) },
    record: (events) =>
      recordUsage(
        { usage: clickHouse.usage, prices },
        events.map((event) => ({ ...event, orgId: own })),
      ),
    async total() {
      const spent = await read(own, budgetWindowAt("month", new Date()));
      return spent.get("test key")?.cost ?? 0n;
    },
  };
};

const startOn = async (books: Ledger, options: RigOptions): Promise<Rig> => {
  const rig = await startRig({ ...options, spend: books.spend, limits: { spendRefreshMs: 250, ...options.limits } });
  rig.record = books.record;
  return rig;
};

const month = (usd: string): KeyLimits => ({ budget: readKeyBudget(`${usd}/month`) });
const remaining = (response: Response): bigint => fromUsd(response.headers.get("x-apex-budget-remaining") ?? "");

/** What is left by a gateway's own count; the request is too large for any budget here. */
const left = async (rig: Rig): Promise<bigint> => remaining(await ask(rig.url, { ...question, max_tokens: 1_000_000_000 }));

/** Waits until a gateway's count is the ledger's, once all it knew was stored and read. */
const agreesWith = async (rig: Rig, figure: bigint): Promise<void> => {
  await rig.gateway.flush();
  await expect.poll(() => left(rig), { timeout: 10_000, interval: 50 }).toBe(figure);
};

describe("a key's budget", () => {
  it("holds when many requests come at once: not a pico-dollar more is spent, and most of it is used", async () => {
    const upstream = await answering();
    const books = ledger();
    const rig = await startOn(books, { upstreamUrl: upstream.url, keyLimits: month("0.01") });
    const statuses = (await Promise.all(Array.from({ length: 150 }, () => ask(rig.url, question)))).map(({ status }) => status);
    for (let round = 0; round < 20; round++) statuses.push((await ask(rig.url, question)).status);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    await rig.gateway.flush();
    const spent = await books.total();
    await agreesWith(rig, fromUsd("0.01") - spent);
    expect(spent).toBe(BigInt(statuses.filter((status) => status === 200).length) * costEach);
    expect(spent).toBeLessThanOrEqual(fromUsd("0.01"));
    expect(spent).toBeGreaterThan(fromUsd("0.009"));
  });

  it.each([2, 3])(
    "that %i gateways share is overshot by no more than the docs say, and all of them end at the ledger's figure",
    async (count) => {
      const upstream = await answering();
      const books = ledger(count);
      const budget = fromUsd("0.02");
      const options = { upstreamUrl: upstream.url, keyLimits: month("0.02") };
      const rigs: Rig[] = [];
      for (let n = 0; n < count; n++) rigs.push(await startOn(books, options));
      for (let round = 0; round < 10; round++) {
        await Promise.all(rigs.flatMap(({ url }) => Array.from({ length: 30 }, () => ask(url, question))));
        await sleep(60);
      }
      for (const { gateway } of rigs) await gateway.flush();
      const spent = await books.total();
      const bound = (budget * BigInt(count - 1)) / BigInt(count) + BigInt(count) * reservedEach;
      process.stdout.write(`${count} gateways: spent ${toUsd(spent)} of ${toUsd(budget)}; the overshoot is bound by ${toUsd(bound)}\n`);
      expect(spent - budget).toBeLessThanOrEqual(bound);
      expect(spent).toBeGreaterThan((budget * 9n) / 10n);
      for (const rig of rigs) await agreesWith(rig, spent < budget ? budget - spent : 0n);
    },
  );

  it("that gateways share is not overshot at all by a burst between two readings of the ledger", async () => {
    const upstream = await answering();
    const books = ledger(2);
    const options = { upstreamUrl: upstream.url, keyLimits: month("0.02"), limits: { spendRefreshMs: 60_000 } };
    const rigs = [await startOn(books, options), await startOn(books, options)];
    const answers = await Promise.all(rigs.flatMap(({ url }) => Array.from({ length: 150 }, () => ask(url, question))));
    for (const { gateway } of rigs) await gateway.flush();
    expect(await books.total()).toBeLessThanOrEqual(fromUsd("0.02"));
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(60);
  });

  it("tells OpenAI's client which budget, how much, when it begins anew and who can raise it, once and without a retry", async () => {
    const upstream = await answering();
    const books = ledger();
    const rig = await startOn(books, { upstreamUrl: upstream.url, keyLimits: month("0.0009") });
    const client = new OpenAI({ apiKey: secret, baseURL: `${rig.url}/v1` });
    const refusal = async (): Promise<APIError> => {
      for (let tries = 0; tries < 20; tries++) {
        const thrown: unknown = await client.chat.completions
          .create({ model: "gpt-4o", max_tokens: 20, messages: [{ role: "user", content: "Hello?" }] })
          .then(
            () => undefined,
            (error: unknown) => error,
          );
        if (thrown instanceof APIError) return thrown;
      }
      throw new Error("never refused");
    };
    const error = await refusal();
    expect(error).toMatchObject({ status: 429, code: "insufficient_quota", type: "insufficient_quota" });
    const next = budgetWindowAt("month", new Date()).to.toISOString().slice(0, 10);
    expect(error.message).toContain('The budget of the key "test key" is $0.0009000 a month');
    expect(error.message).toContain(
      `It begins anew at ${next} 00:00 UTC; your Apex admin can raise it: apex key --set gwk_1 --budget USD/month.`,
    );
    expect(error.headers?.get("x-should-retry")).toBe("false");
    expect(Number(error.headers?.get("retry-after"))).toBeGreaterThan(0);
    await rig.gateway.flush();
    expect(await books.total()).toBeLessThanOrEqual(fromUsd("0.0009"));
  });

  it("is told in Anthropic's format where that API is called, and counting tokens stays free", async () => {
    const message = { id: "m", type: "message", role: "assistant", model: "claude-sonnet-4-5", content: [], stop_reason: "end_turn" };
    const upstream = await listen((req, res) =>
      json(
        res,
        200,
        req.url?.endsWith("count_tokens") === true ? { input_tokens: 3 } : { ...message, usage: { input_tokens: 5, output_tokens: 5 } },
      ),
    );
    const books = ledger();
    const rig = await startOn(books, { upstreamUrl: upstream.url, providers: ["anthropic"], keyLimits: month("0.0001") });
    const send = (path: string, body: object): Promise<Response> =>
      fetch(`${rig.url}${path}`, { method: "POST", headers: { "x-api-key": secret }, body: JSON.stringify(body) });
    const request = { model: "claude-sonnet-4-5", messages: [{ role: "user", content: "Hello?" }] };
    const refused = await send("/v1/messages", { ...request, max_tokens: 1_000 });
    expect(refused.status).toBe(429);
    const error = await errorIn(refused);
    expect(error).toMatchObject({ type: "rate_limit_error" });
    expect(error.message).toContain("This request may cost up to $0.0");
    expect(await (await send("/v1/messages/count_tokens", request)).json()).toEqual({ input_tokens: 3 });
  });

  it("refuses a model without a price, because nothing could be counted", async () => {
    const upstream = await answering();
    const rig = await startOn(ledger(), { upstreamUrl: upstream.url, keyLimits: month("1") });
    const response = await ask(rig.url, { ...question, model: "in-house-70b" });
    expect(response.status).toBe(403);
    const error = await errorIn(response);
    expect(error["code"]).toBe("model_not_priced");
    expect(error.message).toContain("in-house-70b of openai has no known price");
    await rig.gateway.flush();
    expect(rig.rows).toHaveLength(0);
  });

  it("counts requests whose use is unknown, and says so, also after the ledger was read", async () => {
    const upstream = await answering((model) => ({ ...completion(model), usage: undefined }));
    const books = ledger();
    const rig = await startOn(books, { upstreamUrl: upstream.url, keyLimits: month("0.0009") });
    let refused: Response | undefined;
    for (let tries = 0; tries < 30 && refused === undefined; tries++) {
      const response = await ask(rig.url, question);
      if (response.status === 429) refused = response;
      await sleep(20);
    }
    if (refused === undefined) throw new Error("never refused");
    expect((await errorIn(refused)).message).toMatch(/with \d requests? of unknown cost, counted at what a request costs/);
    expect(await books.total()).toBe(0n);
    await agreesWith(rig, 0n);
    expect((await ask(rig.url, question)).status).toBe(429);
  });

  it("lets nothing through while its ledger was never read, goes on by itself when it is, and stands by the last reading when it is away again", async () => {
    const upstream = await answering();
    const books = ledger();
    let away = true;
    const spentByKey: SpendSource["spentByKey"] = (org, period) =>
      away ? Promise.reject(new Error("connection refused")) : books.spend.spentByKey(org, period);
    const rig = await startOn({ ...books, spend: { ...books.spend, spentByKey } }, { upstreamUrl: upstream.url, keyLimits: month("0.01") });
    const response = await ask(rig.url, question);
    expect(response.status).toBe(503);
    const error = await errorIn(response);
    expect(error["code"]).toBe("gateway_not_ready");
    expect(error.message).toContain("could not be read yet");
    expect(rig.logged.filter((line) => line.includes("could not be read"))).toHaveLength(1);
    away = false;
    expect((await ask(rig.url, question)).status).toBe(200);
    await agreesWith(rig, fromUsd("0.01") - costEach);
    away = true;
    await sleep(500);
    const statuses = (await Promise.all(Array.from({ length: 100 }, () => ask(rig.url, question)))).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    await rig.gateway.flush();
    expect(await books.total()).toBeLessThanOrEqual(fromUsd("0.01"));
  });

  it("gives back what was held for requests that failed", async () => {
    const rig = await startOn(ledger(), { upstreamUrl: "http://127.0.0.1:9", keyLimits: month("0.01") });
    const statuses = (await Promise.all(Array.from({ length: 10 }, () => ask(rig.url, question)))).map(({ status }) => status);
    expect(statuses).toEqual(Array.from({ length: 10 }, () => 502));
    await agreesWith(rig, fromUsd("0.01"));
  });

  it("without a ledger to count by is refused", async () => {
    const upstream = await answering();
    const rig = await startRig({ upstreamUrl: upstream.url, keyLimits: month("1") });
    expect((await ask(rig.url, question)).status).toBe(503);
  });
});
