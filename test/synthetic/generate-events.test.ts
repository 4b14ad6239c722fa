import { describe, expect, it } from "vitest";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { priceEvent } from "../../src/catalog/price-event.ts";
import { datasetIdOf, GenerationSpec, Preset, syntheticFilters } from "../../src/core/generation.ts";
import { inputTokens, outputTokens } from "../../src/core/tokens.ts";
import { UsageEvent } from "../../src/core/usage-event.ts";
import { chiSquare } from "../../src/stats/goodness-of-fit.ts";
import { checkFit } from "../../src/synthetic/check-fit.ts";
import { generateEvents } from "../../src/synthetic/generate-events.ts";
import { presets } from "../../src/synthetic/presets.ts";
import { kindsOfTokens, plainSpec, plainWorkload } from "../setup/generation-spec.ts";

const all = (spec: GenerationSpec): UsageEvent[] => [...generateEvents(spec, "org_1")];
const count = <T>(items: readonly T[], of: (item: T) => boolean): number => items.filter(of).length;
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function correlation(a: readonly number[], b: readonly number[]): number {
  const [ma, mb] = [mean(a), mean(b)];
  const sum = (of: (n: number) => number): number => a.reduce((total, _, n) => total + of(n), 0);
  const [da, db] = [(n: number) => (a[n] ?? 0) - ma, (n: number) => (b[n] ?? 0) - mb];
  return sum((n) => da(n) * db(n)) / Math.sqrt(sum((n) => da(n) ** 2) * sum((n) => db(n) ** 2));
}

describe("records", () => {
  it("are the same for the same specification, however they are taken, and others for another seed", () => {
    const spec = plainSpec({ workloads: [plainWorkload({ duplicateRate: 0.2, turns: 3, prefix: { sharedBlocks: 2, blockTokens: 64 } })] });
    const whole = all(spec);
    const chunked: UsageEvent[] = [];
    const again = generateEvents(spec, "org_1");
    for (let next = again.next(); next.done !== true; next = again.next()) chunked.push(next.value);
    expect(chunked).toEqual(whole);
    expect(all({ ...spec, seed: 8 }).map(({ tokens }) => tokens)).not.toEqual(whole.map(({ tokens }) => tokens));
    expect(new Set(whole.map(({ id }) => id)).size).toBe(spec.records);
    expect(whole.every(({ id }) => id.startsWith(`${datasetIdOf(spec)}-`))).toBe(true);
  });

  it("come in order of time, inside the period, as many as were asked for", () => {
    const spec = plainSpec({ records: 3_001, growth: 0.3 });
    const times = all(spec).map(({ at }) => at.getTime());
    expect(times).toHaveLength(3_001);
    expect(times.every((at, n) => n === 0 || at >= (times[n - 1] ?? 0))).toBe(true);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(Date.parse(spec.period.from));
    expect(Math.max(...times)).toBeLessThan(Date.parse(spec.period.to));
  });

  it("keep a workload's requests as they are when another workload is added", () => {
    const alone = all(plainSpec({ records: 200 }));
    const both = all(plainSpec({ records: 2_000, workloads: [plainWorkload(), plainWorkload({ name: "search", team: "shop" })] }));
    const chat = both.filter(({ workload }) => workload === "chat").slice(0, 200);
    expect(chat.map(({ tokens, user }) => [tokens, user])).toEqual(alone.slice(0, chat.length).map(({ tokens, user }) => [tokens, user]));
  });
});

describe("a distribution that was asked for", () => {
  it.each(kindsOfTokens)("is honoured: $kind", (distribution) => {
    const workloads = [plainWorkload({ inputTokens: distribution, outputTokens: distribution, latencyMs: distribution })];
    const spec = plainSpec({
      records: 8_000,
      workloads: [{ ...(workloads[0] ?? plainWorkload()), correlations: { inputOutput: 0.6, outputLatency: -0.4 } }],
    });
    const events = all(spec);
    for (const { count: compared, p } of checkFit(spec, events)) {
      expect(compared).toBe(8_000);
      expect(p).toBeGreaterThan(0.01);
    }
    // The same records against every other kind: the test must tell them apart.
    for (const other of kindsOfTokens.filter(({ kind }) => kind !== distribution.kind)) {
      const wrong = plainSpec({ ...spec, workloads: [plainWorkload({ inputTokens: other, outputTokens: other, latencyMs: other })] });
      for (const { p } of checkFit(wrong, events)) expect(p).toBeLessThan(1e-6);
    }
  });

  it("is told from the same kind with a mean that is a twentieth off", () => {
    const spec = plainSpec({
      records: 20_000,
      workloads: [plainWorkload({ inputTokens: { kind: "normal", mean: 700, sd: 150, min: 1, max: 1e6 } })],
    });
    const off = plainSpec({
      ...spec,
      workloads: [plainWorkload({ inputTokens: { kind: "normal", mean: 735, sd: 150, min: 1, max: 1e6 } })],
    });
    expect(checkFit(spec, all(spec))[0]?.p).toBeGreaterThan(0.01);
    expect(checkFit(off, all(spec))[0]?.p).toBeLessThan(1e-9);
  });

  it("is honoured in every workload of every preset", () => {
    for (const preset of Preset.options) {
      const spec = GenerationSpec.parse({ ...plainSpec({ records: 6_000 }), ...presets[preset], preset });
      for (const fit of checkFit(spec, all(spec))) expect(fit.p, `${preset} ${fit.workload} ${fit.quantity}`).toBeGreaterThan(0.001);
    }
  });
});

describe("what goes together", () => {
  const normal = { kind: "normal", mean: 2_000, sd: 200, min: 1, max: 1e6 } as const;
  it.each([-0.7, 0, 0.5, 0.9])("has the correlation that was asked for: %d", (asked) => {
    const correlations = { inputOutput: asked, outputLatency: asked };
    const events = all(
      plainSpec({
        records: 10_000,
        workloads: [plainWorkload({ inputTokens: normal, outputTokens: normal, latencyMs: normal, correlations })],
      }),
    );
    const output = events.map(({ tokens }) => outputTokens(tokens));
    const found = [
      correlation(
        events.map(({ tokens }) => inputTokens(tokens)),
        output,
      ),
      correlation(
        events.map(({ latencyMs }) => latencyMs ?? 0),
        output,
      ),
    ];
    // Of 10,000 pairs the standard error is below 0.01.
    for (const one of found) expect(Math.abs(one - asked)).toBeLessThan(0.03);
  });

  it("has the shares of cached and reasoning tokens that were asked for", () => {
    const workload = plainWorkload({
      inputTokens: normal,
      outputTokens: normal,
      cache: { hitRate: 0.4, hitShare: 0.5 },
      reasoningShare: 0.25,
    });
    const events = all(plainSpec({ records: 10_000, workloads: [workload] }));
    expect(mean(events.map(({ tokens }) => tokens.cache_read / inputTokens(tokens)))).toBeCloseTo(0.2, 1);
    expect(count(events, ({ tokens }) => tokens.cache_read > 0) / 10_000).toBeCloseTo(0.4, 1);
    expect(mean(events.map(({ tokens }) => tokens.reasoning / outputTokens(tokens)))).toBeCloseTo(0.25, 2);
  });
});

describe("mixes and seasons", () => {
  const weights = [5, 3, 2];
  const three = ["a", "b", "c"].map((name, n) => plainWorkload({ name, weight: weights[n] ?? 1 }));

  it("split the traffic by the weights of workloads and models", () => {
    const models = ["gpt-5", "gpt-5-mini", "gpt-4o"].map((model, n) => ({ provider: "openai", model, weight: weights[n] ?? 1 }));
    const events = all(plainSpec({ records: 10_000, workloads: three.map((one) => ({ ...one, models })) }));
    const names = ["a", "b", "c"].map((name) => count(events, ({ workload }) => workload === name));
    const used = models.map(({ model }) => count(events, (event) => event.model === model));
    expect(chiSquare(names, [5_000, 3_000, 2_000]).p).toBeGreaterThan(0.01);
    expect(chiSquare(used, [5_000, 3_000, 2_000]).p).toBeGreaterThan(0.01);
    // The same counts are no even split.
    expect(chiSquare(names, [3_334, 3_333, 3_333]).p).toBeLessThan(1e-9);
  });

  it("follow the hours of the day and the days of the week", () => {
    const hours = Array.from({ length: 24 }, (_, hour) => (hour >= 9 && hour < 17 ? 4 : 1));
    const weekdays = [2, 2, 2, 2, 2, 1, 0.5];
    // Four whole weeks.
    const events = all(plainSpec({ records: 20_000, hours, weekdays }));
    const shares = (all: readonly number[]): number[] => all.map((one) => (20_000 * one) / all.reduce((sum, weight) => sum + weight, 0));
    const byHour = hours.map((_, hour) => count(events, ({ at }) => at.getUTCHours() === hour));
    const byDay = weekdays.map((_, day) => count(events, ({ at }) => (at.getUTCDay() + 6) % 7 === day));
    expect(chiSquare(byHour, shares(hours)).p).toBeGreaterThan(0.01);
    expect(chiSquare(byDay, shares(weekdays)).p).toBeGreaterThan(0.01);
    expect(chiSquare(byHour, shares(hours.map(() => 1))).p).toBeLessThan(1e-9);
    expect(chiSquare(byDay, shares([1, 1, 1, 1, 1, 1, 1])).p).toBeLessThan(1e-9);
  });

  it("grow as fast as was asked: by a half in thirty days", () => {
    const period = { from: "2026-08-01T00:00:00.000Z", to: "2026-09-30T00:00:00.000Z" };
    const events = all(plainSpec({ records: 20_000, growth: 0.5, period }));
    const half = Date.parse("2026-08-31T00:00:00.000Z");
    const second = count(events, ({ at }) => at.getTime() >= half);
    expect(chiSquare([20_000 - second, second], [8_000, 12_000]).p).toBeGreaterThan(0.01);
  });
});

describe("anomalies and errors", () => {
  const day = { from: "2026-10-16T00:00:00.000Z", to: "2026-10-17T00:00:00.000Z" };
  const inDay = ({ at }: UsageEvent): boolean => at >= new Date(day.from) && at < new Date(day.to);

  it("multiply the requests of their day alone", () => {
    const events = all(plainSpec({ records: 20_000, anomalies: [{ kind: "requests", size: 5, ...day }] }));
    // 27 days of weight 1 and one of weight 5.
    expect(
      chiSquare([count(events, inDay), count(events, (one) => !inDay(one))], [20_000 * (5 / 32), 20_000 * (27 / 32)]).p,
    ).toBeGreaterThan(0.01);
  });

  it("can stop a workload, and leave the others as they are", () => {
    const workloads = [plainWorkload(), plainWorkload({ name: "search" })];
    const events = all(plainSpec({ records: 10_000, workloads, anomalies: [{ kind: "requests", size: 0, workload: "chat", ...day }] }));
    expect(count(events, (one) => inDay(one) && one.workload === "chat")).toBe(0);
    expect(count(events, (one) => inDay(one) && one.workload === "search")).toBeGreaterThan(100);
  });

  it("multiply tokens and times, and set the share of failures", () => {
    const events = all(
      plainSpec({
        records: 20_000,
        errors: { rate: 0.02, error: 1, timeout: 1, aborted: 1 },
        anomalies: [
          { kind: "tokens", size: 3, ...day },
          { kind: "latency", size: 2, ...day },
          { kind: "errors", size: 0.4, ...day },
        ],
      }),
    );
    const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
    const ok = events.filter(({ status }) => status === "ok");
    const [inside, outside] = [ok.filter(inDay), ok.filter((one) => !inDay(one))];
    const ratio = (of: (event: UsageEvent) => number): number => median(inside.map(of)) / median(outside.map(of));
    expect(ratio(({ tokens }) => inputTokens(tokens))).toBeCloseTo(3, 0);
    expect(ratio(({ latencyMs }) => latencyMs ?? 0)).toBeCloseTo(2, 0);
    const failing = events.filter(inDay);
    expect(count(failing, ({ status }) => status !== "ok") / failing.length).toBeCloseTo(0.4, 1);
  });

  it("fail as often and in such ways as was asked", () => {
    const events = all(plainSpec({ records: 20_000, errors: { rate: 0.1, error: 6, timeout: 3, aborted: 1 } }));
    const by = (["error", "timeout", "aborted", "ok"] as const).map((status) => count(events, (event) => event.status === status));
    expect(chiSquare(by, [1_200, 600, 200, 18_000]).p).toBeGreaterThan(0.01);
    expect(chiSquare(by, [600, 600, 800, 18_000]).p).toBeLessThan(1e-9);
    expect(
      events.every(({ status, tokens }) => status === "ok" || status === "aborted" || inputTokens(tokens) + outputTokens(tokens) === 0),
    ).toBe(true);
  });

  it("leave an error where they leave no traffic", () => {
    const { from, to } = plainSpec().period;
    expect(() => all(plainSpec({ anomalies: [{ kind: "requests", size: 0, from, to }] }))).toThrow("leave no traffic");
  });
});

describe("conversations and prompts", () => {
  it("have as many turns as was asked, each with one user", () => {
    const events = all(plainSpec({ records: 20_000, workloads: [plainWorkload({ turns: 5 })] }));
    const users = new Map<string, Set<string>>();
    for (const { conversation, user } of events) users.set(conversation, (users.get(conversation) ?? new Set()).add(user));
    expect(20_000 / users.size).toBeGreaterThan(4.7);
    expect(20_000 / users.size).toBeLessThan(5.3);
    expect([...users.values()].every((one) => one.size === 1)).toBe(true);
  });

  it("come again as often as was asked, with the same length and model", () => {
    const models = ["gpt-5", "gpt-5-mini"].map((model) => ({ provider: "openai", model, weight: 1 }));
    const events = all(plainSpec({ records: 10_000, workloads: [plainWorkload({ duplicateRate: 0.15, models })] }));
    const first = new Map<string, UsageEvent>();
    for (const event of events) if (!first.has(event.promptHash)) first.set(event.promptHash, event);
    const asked = (event: UsageEvent | undefined) => event && [event.model, inputTokens(event.tokens)];
    expect(events.map(asked)).toEqual(events.map(({ promptHash }) => asked(first.get(promptHash))));
    expect((10_000 - first.size) / 10_000).toBeCloseTo(0.15, 1);
  });

  it("share their leading blocks, and then those of their conversation", () => {
    const events = all(
      plainSpec({ records: 500, workloads: [plainWorkload({ turns: 4, prefix: { sharedBlocks: 2, blockTokens: 100 } })] }),
    );
    const long = events.filter(({ prefixHashes }) => prefixHashes.length > 2);
    expect(new Set(long.map(({ prefixHashes }) => prefixHashes[0])).size).toBe(1);
    const third = new Map(long.map(({ conversation, prefixHashes }) => [conversation, prefixHashes[2]]));
    expect(new Set(third.values()).size).toBe(third.size);
    expect(events.every(({ prefixHashes, tokens }) => prefixHashes.length * 100 <= inputTokens(tokens))).toBe(true);
  });
});

describe("presets", () => {
  it("make valid usage that the price book prices wholly, named as made up", () => {
    const book = createPriceBook();
    for (const preset of Preset.options) {
      const spec = GenerationSpec.parse({ ...plainSpec({ records: 400 }), ...presets[preset], preset });
      const { team = [] } = syntheticFilters(spec);
      for (const event of all(spec)) {
        expect(UsageEvent.safeParse(event).success).toBe(true);
        expect(event.source).toBe("synthetic");
        expect(team).toContain(event.team);
        expect(priceEvent(book, event).unpricedReason).toBe("");
      }
    }
  });

  it("cost more where the model is dearer and where more tokens are used", () => {
    const book = createPriceBook();
    const cost = (change: Partial<ReturnType<typeof plainWorkload>>): bigint =>
      all(plainSpec({ records: 500, workloads: [plainWorkload(change)] })).reduce(
        (sum, event) => sum + (priceEvent(book, event).cost ?? 0n),
        0n,
      );
    const dearer = [{ provider: "openai", model: "gpt-5", weight: 1 }];
    expect(cost({ models: dearer })).toBe(5n * cost({}));
  });
});

describe("a specification", () => {
  it.each([
    [{ records: 1_000_001 }, "records"],
    [{ records: 0 }, "records"],
    [{ period: { from: "2026-10-05T00:00:00.000Z", to: "2026-10-05T00:30:00.000Z" } }, "hour or longer"],
    [{ period: { from: "2024-10-05T00:00:00.000Z", to: "2026-10-05T00:30:00.000Z" } }, "400 days"],
    [{ name: "Spring; DROP" }, "small letters"],
    [{ workloads: [plainWorkload(), plainWorkload()] }, "same name"],
    [{ anomalies: [{ kind: "errors", size: 1.5, from: "2026-10-06T00:00:00.000Z", to: "2026-10-07T00:00:00.000Z" }] }, "anomalies"],
    [
      { anomalies: [{ kind: "tokens", size: 2, workload: "nobody", from: "2026-10-06T00:00:00.000Z", to: "2026-10-07T00:00:00.000Z" }] },
      "not generated",
    ],
  ])("is refused: %o", (change, reason) => {
    const refused = GenerationSpec.safeParse({ ...plainSpec(), ...change });
    expect(JSON.stringify(refused.error)).toContain(reason);
  });
});
