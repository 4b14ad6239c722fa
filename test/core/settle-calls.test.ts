import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Claim } from "../../src/core/call-claims.ts";
import { settleCalls } from "../../src/core/settle-calls.ts";
import { noTokens } from "../../src/core/tokens.ts";
import type { ReportedCall } from "../../src/core/trace-intake.ts";
import type { UsageEvent } from "../../src/core/usage-event.ts";
import { plainUsage } from "../setup/plain-usage.ts";

/** A span as a test writes it: a model call where it says what it used, or that it does not. */
interface Given {
  readonly span: string;
  readonly parent?: string;
  /** Tokens of a model call; "bare": a call without usage; absent: no call. */
  readonly used?: number | "bare";
  readonly answer?: string;
  readonly at?: string;
}

const callOf = ({ span, used, answer = "", at = "2026-11-20T10:30:00Z" }: Given): ReportedCall => ({
  span,
  response: answer,
  metered: used !== "bare",
  event: {
    ...plainUsage,
    id: span,
    orgId: "org_1",
    source: "otlp",
    at: new Date(at),
    tokens: { ...noTokens, input: typeof used === "number" ? used : 0 },
  },
});

/** A store that requests come to one after the other, its events keyed as the real one keys them: by hour and id, first write wins. */
function intake() {
  const claims = new Map<string, Claim>();
  const stored = new Map<string, UsageEvent>();
  return {
    send(...spans: readonly Given[]): void {
      const settled = settleCalls(
        {
          calls: spans.filter(({ used }) => used !== undefined).map(callOf),
          parents: new Map(spans.map(({ span, parent = "" }) => [span, parent])),
          refused: [],
        },
        claims,
      );
      for (const claim of settled.claims) claims.set(claim.key, claim);
      for (const event of settled.events) {
        const key = `${event.at.toISOString().slice(0, 13)} ${event.id}`;
        if (!stored.has(key)) stored.set(key, event);
      }
    },
    /** The input tokens of what is stored, in order of size; a call without usage is a 0. */
    counted: (): readonly number[] => [...stored.values()].map(({ tokens }) => tokens.input).sort((a, b) => a - b),
  };
}

const agent: Given = { span: "agent", parent: "request" };
const framework: Given = { span: "framework", parent: "agent", used: 100 };
const sdk: Given = { span: "sdk", parent: "framework", used: 100 };

describe("a call that a framework and an SDK both report, without any id of the provider's", () => {
  it("counts once in one request", () => {
    const store = intake();
    store.send(framework, sdk, agent);
    expect(store.counted()).toEqual([100]);
  });

  it("counts once where the inner span comes in an earlier request", () => {
    const store = intake();
    store.send(sdk);
    store.send(framework, agent);
    expect(store.counted()).toEqual([100]);
  });

  it("counts once where the outer span comes in an earlier request", () => {
    const store = intake();
    store.send(framework, agent);
    store.send(sdk);
    expect(store.counted()).toEqual([100]);
  });

  it("counts once where spans lie between the two, and come with the inner one or after it", () => {
    const http: Given = { span: "http", parent: "framework" };
    const server: Given = { span: "server", parent: "http" };
    const inner: Given = { ...sdk, parent: "server" };
    for (const requests of [
      [[inner, server, http], [framework]],
      [[framework], [inner, server, http]],
      [[inner], [server], [http], [framework, agent]],
      [[inner], [server, http], [framework, agent]],
    ]) {
      const store = intake();
      for (const request of requests) store.send(...request);
      expect(store.counted()).toEqual([100]);
    }
  });

  it("counts every attempt of the SDK below the framework's one span", () => {
    const store = intake();
    store.send({ ...sdk, span: "first attempt", used: 70 }, { ...sdk, span: "second attempt" });
    store.send(framework);
    expect(store.counted()).toEqual([70, 100]);
  });
});

describe("a call whose provider named its answer", () => {
  it("counts once when two traces report it", () => {
    const store = intake();
    store.send({ ...sdk, answer: "chatcmpl-1" });
    store.send({ span: "other", used: 100, answer: "chatcmpl-1" });
    expect(store.counted()).toEqual([100]);
  });

  it("counts once when the reports began in different hours, also across the end of a month", () => {
    const before: Given = { span: "outer", used: 100, answer: "chatcmpl-1", at: "2026-10-31T23:59:59.900Z" };
    const after: Given = { span: "inner", parent: "outer", used: 100, answer: "chatcmpl-1", at: "2026-11-01T00:00:00.100Z" };
    for (const order of [
      [before, after],
      [after, before],
    ]) {
      const store = intake();
      for (const span of [...order, ...order]) store.send(span);
      expect(store.counted()).toEqual([100]);
    }
  });

  it("links what only one of the two reports named", () => {
    for (const requests of [
      [[framework], [{ ...sdk, answer: "msg_1" }], [{ span: "elsewhere", used: 100, answer: "msg_1" }]],
      [[sdk], [{ ...framework, answer: "msg_1" }], [{ span: "elsewhere", used: 100, answer: "msg_1" }]],
    ]) {
      const store = intake();
      for (const request of requests) store.send(...request);
      expect(store.counted()).toEqual([100]);
    }
  });

  it("counts two calls with different names, though one span hangs below the other", () => {
    const outer: Given = { span: "outer", used: 100, answer: "msg_1" };
    const inner: Given = { span: "inner", parent: "outer", used: 30, answer: "msg_2" };
    for (const requests of [[[outer, inner]], [[outer], [inner]], [[inner], [outer]]]) {
      const store = intake();
      for (const request of requests) store.send(...request);
      expect(store.counted()).toEqual([30, 100]);
    }
  });
});

describe("a call without usage", () => {
  const bare: Given = { ...sdk, used: "bare" };

  it("counts as one, however often it is sent", () => {
    const store = intake();
    store.send(bare);
    store.send(bare, agent);
    expect(store.counted()).toEqual([0]);
  });

  it("gives way to the one with usage that it lies in, or that lies in it", () => {
    const outerKnows = intake();
    outerKnows.send(bare, framework);
    expect(outerKnows.counted()).toEqual([100]);
    const innerKnows = intake();
    innerKnows.send({ ...framework, used: "bare" }, sdk);
    expect(innerKnows.counted()).toEqual([100]);
    const earlier = intake();
    earlier.send(sdk);
    earlier.send({ ...framework, used: "bare" });
    expect(earlier.counted()).toEqual([100]);
  });

  it("never hides the usage that another report tells later", () => {
    const store = intake();
    store.send({ ...bare, answer: "msg_1" });
    store.send({ ...framework, answer: "msg_1" });
    expect(store.counted()).toContain(100);
  });

  it("counts once where both of the two instrumentations know nothing", () => {
    for (const requests of [
      [[bare, { ...framework, used: "bare" as const }]],
      [[bare], [{ ...framework, used: "bare" as const }]],
      [[{ ...framework, used: "bare" as const }], [bare]],
    ]) {
      const store = intake();
      for (const request of requests) store.send(...request);
      expect(store.counted()).toEqual([0]);
    }
  });
});

it("survives spans that are their own parents, or each other's", () => {
  const store = intake();
  store.send({ span: "a", parent: "b", used: 1 }, { span: "b", parent: "a" }, { span: "c", parent: "c", used: 2 });
  expect(store.counted()).toEqual([1, 2]);
});

it("counts the same in any order, in any batches, and however often each batch is sent", () => {
  const hour = fc.constantFrom("2026-11-20T10:59:59.999Z", "2026-11-20T11:00:00.001Z");
  // A trace with calls that each have an SDK's span and perhaps a framework's around it; the ends of an hour lie between them.
  const call = fc.record({
    wrapped: fc.boolean(),
    named: fc.boolean(),
    innerAt: hour,
    outerAt: hour,
    used: fc.integer({ min: 1, max: 9 }),
  });
  const trace = fc.array(call, { minLength: 1, maxLength: 4 }).map((made) => ({
    spans: made.flatMap(({ wrapped, named, innerAt, outerAt, used }, i): Given[] => [
      { span: `sdk${i}`, parent: wrapped ? `outer${i}` : "root", used, at: innerAt, ...(named ? { answer: `answer${i}` } : {}) },
      ...(wrapped ? [{ span: `outer${i}`, parent: "root", used, at: outerAt, ...(named ? { answer: `answer${i}` } : {}) }] : []),
    ]),
    expected: made.map(({ used }) => used).sort((a, b) => a - b),
  }));
  fc.assert(
    fc.property(
      trace.chain(({ spans, expected }) =>
        fc.record({
          expected: fc.constant(expected),
          order: fc.shuffledSubarray([...spans, ...spans, { span: "root" }], { minLength: spans.length * 2 + 1 }),
          cuts: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 20, maxLength: 20 }),
        }),
      ),
      ({ expected, order, cuts }) => {
        const store = intake();
        let from = 0;
        for (const cut of cuts) {
          const batch = order.slice(from, from + cut);
          if (batch.length > 0) store.send(...batch);
          from += cut;
        }
        expect(store.counted()).toEqual(expected);
      },
    ),
    { numRuns: 500 },
  );
});
