import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { PolicyRule } from "../../src/core/policy.ts";
import type { Strategy } from "../../src/core/strategy.ts";
import { memberAt } from "../../src/gateway/json-value.ts";
import {
  ask,
  chunkOf,
  completion,
  json,
  listen,
  orgId,
  policyOf,
  question,
  type Rig,
  readJson,
  rule,
  secret,
  sse,
  startRig,
  usageChunk,
} from "./rig.ts";

const old = { provider: "openai", model: "gpt-4o" };
const mini = { provider: "openai", model: "gpt-4o-mini" };

type Behaviour = (res: ServerResponse, body: Record<string, unknown>, req: IncomingMessage) => void | Promise<void>;

const answers: Behaviour = (res, body) => json(res, 200, completion(body["model"]));
const fails =
  (status: number): Behaviour =>
  (res) =>
    json(res, status, { error: { message: "no", type: "server_error", param: null, code: null } });
const says =
  (content: string, finish = "stop"): Behaviour =>
  (res, body) => {
    const whole = completion(body["model"]);
    json(res, 200, { ...whole, choices: [{ ...whole.choices[0], message: { role: "assistant", content }, finish_reason: finish }] });
  };

const wholeOrStream: Behaviour = (res, body) => {
  if (body["stream"] !== true) return json(res, 200, completion(body["model"]));
  res.writeHead(200, { "content-type": "text/event-stream" });
  res.end([sse(chunkOf(body["model"], "Hi", "stop")), sse(usageChunk(body["model"])), sse("[DONE]")].join(""));
  return undefined;
};

/** A provider whose models behave as said, a gateway before it with one rule, and the models that were asked. */
const startWith = async (strategy: Strategy, behaviours: Readonly<Record<string, Behaviour>> = {}, change: Partial<PolicyRule> = {}) => {
  const asked: string[] = [];
  const upstream = await listen(async (req, res) => {
    const body = await readJson(req);
    const model = String(body["model"]);
    asked.push(model);
    await (behaviours[model] ?? answers)(res, body, req);
  });
  const policy = policyOf(2, [{ ...rule, ...change, workload: "default", strategy }]);
  const limits = { breakerFailures: 3, breakerMs: 60_000 };
  return { rig: await startRig({ upstreamUrl: upstream.url, policy, limits }), asked };
};

const servedBy = async (rig: Rig, headers: Record<string, string> = {}, body: unknown = question): Promise<string> => {
  const answer: unknown = await (await ask(rig.url, body, headers)).json();
  return String(memberAt(answer, "model"));
};

/** The parts of the rows, the model of each and how it ended, in the order of their ids. */
const partsOf = async (rig: Rig, count: number) =>
  [...(await rig.rowsWhen(count))]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ part = "answer", model, status }) => `${part} ${model} ${status}`);

describe("a split", () => {
  it("by weight keeps a conversation where it is, and shares out the conversations", async () => {
    const { rig } = await startWith({
      mode: "weighted",
      choices: [
        { weight: 3, to: old },
        { weight: 1, to: mini },
      ],
      sticky: "conversation",
    });
    const of = (n: number) => servedBy(rig, { "x-apex-conversation": `c${n}` });
    const first = await Promise.all(Array.from({ length: 200 }, (_, n) => of(n)));
    expect(await Promise.all(Array.from({ length: 200 }, (_, n) => of(n)))).toEqual(first);
    const moved = first.filter((model) => model === mini.model).length;
    // 50 expected; four standard deviations are 25.
    expect(moved).toBeGreaterThan(25);
    expect(moved).toBeLessThan(75);
  });

  it("as a canary writes the arm and the unit, and leaves who names none on the old model", async () => {
    const { rig } = await startWith({ mode: "canary", control: old, treatment: mini, share: 0.5, sticky: "user" });
    for (let n = 0; n < 20; n++) await servedBy(rig, { "x-apex-user": `u${n}` });
    expect(await servedBy(rig)).toBe(old.model);
    const rows = await rig.rowsWhen(21);
    for (const row of rows.filter(({ user }) => user !== "")) {
      expect(row.unit).toMatch(/^[0-9a-f]{64}$/);
      expect(row.model).toBe(row.arm === "treatment" ? mini.model : old.model);
    }
    expect(new Set(rows.map(({ arm }) => arm))).toEqual(new Set(["treatment", "control", null]));
  });

  it("by condition looks at tags, task, size, JSON, tools and stream; the first case that fits decides", async () => {
    const toMini = { mode: "single", target: mini } as const;
    const { rig } = await startWith({
      mode: "conditional",
      cases: [
        { when: { tags: { tier: "free" }, stream: false }, use: toMini },
        { when: { tasks: ["classify"] }, use: toMini },
        { when: { inputTokensAtLeast: 1_000 }, use: toMini },
        { when: { json: true, tools: false }, use: toMini },
      ],
      otherwise: { mode: "single", target: old },
    });
    expect(await servedBy(rig)).toBe(old.model);
    expect(await servedBy(rig, { "x-apex-tags": "team=a, tier=free" })).toBe(mini.model);
    expect(await servedBy(rig, { "x-apex-tags": "tier=paid,nonsense" })).toBe(old.model);
    expect(await servedBy(rig, { "x-apex-task": "classify" })).toBe(mini.model);
    expect(await servedBy(rig, {}, { ...question, messages: [{ role: "user", content: "x".repeat(5_000) }] })).toBe(mini.model);
    const format = { response_format: { type: "json_object" } };
    expect(await servedBy(rig, {}, { ...question, ...format })).toBe(mini.model);
    expect(await servedBy(rig, {}, { ...question, ...format, tools: [{ type: "function", function: { name: "f" } }] })).toBe(old.model);
  });
});

describe("a fallback", () => {
  const inOrder = { mode: "fallback", targets: [old, mini] } as const satisfies Strategy;

  it("goes to the next target when the first one fails, and counts the attempt apart", async () => {
    const { rig, asked } = await startWith({ ...inOrder, targets: [old, mini] }, { [old.model]: fails(500) });
    expect(await servedBy(rig)).toBe(mini.model);
    expect(asked).toEqual([old.model, mini.model]);
    expect(await partsOf(rig, 2)).toEqual([`answer ${mini.model} ok`, `attempt ${old.model} error`]);
    expect(rig.rows.every((row) => row.unmetered === undefined)).toBe(true);
  });

  it("goes on where the first one is too slow: what that may be billed is not counted as free", async () => {
    const { rig } = await startWith({ ...inOrder, targets: [old, mini], timeoutMs: 150 }, { [old.model]: () => sleep(1_000) });
    expect(await servedBy(rig)).toBe(mini.model);
    const rows = await rig.rowsWhen(2);
    expect(rows.find(({ part }) => part === "attempt")).toMatchObject({ model: old.model, status: "timeout", unmetered: true });
    expect(rows.find(({ part }) => part === undefined)?.latencyMs).toBeGreaterThan(149);
  });

  it("goes on where an answer is garbage, or a stream breaks before its first byte", async () => {
    const garbage: Behaviour = (res, body) => {
      if (body["stream"] !== true) return void res.end("<html>");
      res.writeHead(200, { "content-type": "text/event-stream" });
      res.flushHeaders();
      setTimeout(() => res.destroy(), 20);
      return undefined;
    };
    const { rig } = await startWith({ ...inOrder, targets: [old, mini] }, { [old.model]: garbage, [mini.model]: wholeOrStream });
    expect(await servedBy(rig)).toBe(mini.model);
    const streamed = await ask(rig.url, { ...question, stream: true });
    expect(streamed.status).toBe(200);
    expect(await streamed.text()).toContain('"content":"Hi"');
    expect((await rig.rowsWhen(4)).filter(({ part }) => part === "attempt").every(({ unmetered }) => unmetered)).toBe(true);
  });

  it("does not ask another what the first one refuses for good; and tells the last one's refusal", async () => {
    const bad = await startWith({ ...inOrder, targets: [old, mini] }, { [old.model]: fails(400) });
    expect((await ask(bad.rig.url, question)).status).toBe(400);
    expect(bad.asked).toEqual([old.model]);
    const down = await startWith({ ...inOrder, targets: [old, mini] }, { [old.model]: fails(500), [mini.model]: fails(500) });
    expect((await ask(down.rig.url, question)).status).toBe(500);
    expect(await partsOf(down.rig, 2)).toEqual([`answer ${mini.model} error`, `attempt ${old.model} error`]);
  });

  it("passes a target over that keeps failing", async () => {
    const { rig, asked } = await startWith({ ...inOrder, targets: [old, mini] }, { [old.model]: fails(503) });
    for (let n = 0; n < 6; n++) expect(await servedBy(rig)).toBe(mini.model);
    expect(asked.filter((model) => model === old.model)).toHaveLength(3);
  });
});

describe("a shadow", () => {
  it("gets a copy whose answer nobody sees and whose cost is counted, whatever becomes of it", async () => {
    const { rig, asked } = await startWith({ mode: "shadow", target: old, shadow: mini, share: 1 }, { [mini.model]: fails(500) });
    expect(await servedBy(rig)).toBe(old.model);
    expect(await partsOf(rig, 2)).toEqual([`answer ${old.model} ok`, `shadow ${mini.model} error`]);
    expect(new Set(asked)).toEqual(new Set([old.model, mini.model]));
  });

  it("is waited for when the gateway closes, so that its use is counted", async () => {
    const slow: Behaviour = async (res, body) => {
      await sleep(300);
      json(res, 200, completion(body["model"]));
    };
    const { rig } = await startWith({ mode: "shadow", target: old, shadow: mini, share: 1 }, { [mini.model]: slow });
    await servedBy(rig);
    await rig.gateway.close();
    expect(rig.rows.find(({ part }) => part === "shadow")).toMatchObject({ status: "ok", tokens: { output: 20 } });
  });
});

describe("a cascade", () => {
  const cascade = { mode: "cascade", cheap: mini, strong: old, checks: ["finished", "format", "not_refused"] } as const satisfies Strategy;
  const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
  const asJson = { ...question, response_format: { type: "json_schema", json_schema: { name: "n", schema } } };

  it("gives the cheap answer where it passes its checks, and pays for it alone", async () => {
    const { rig, asked } = await startWith({ ...cascade, checks: [...cascade.checks] }, { [mini.model]: says('{"n": 1}') });
    expect(await servedBy(rig, {}, asJson)).toBe(mini.model);
    expect(asked).toEqual([mini.model]);
    expect(await rig.rowsWhen(1)).toMatchObject([{ model: mini.model, finish: "stop", formatOk: true }]);
  });

  it.each([
    ["is cut off", says("Well", "length"), question],
    ["refuses", says("I'm sorry, but I can't help with that."), question],
    ["is no JSON", says("n is 1"), asJson],
    ["is not the JSON of the schema", says('{"n": "one"}'), asJson],
    ["is an error", fails(400), question],
  ])("asks the strong model where the cheap one %s, and pays for both", async (_why, behaviour, body) => {
    const { rig } = await startWith({ ...cascade, checks: [...cascade.checks] }, { [mini.model]: behaviour });
    expect(await servedBy(rig, {}, body)).toBe(old.model);
    const parts = await partsOf(rig, 2);
    expect(parts.map((part) => part.split(" ").slice(0, 2).join(" "))).toEqual([`answer ${old.model}`, `attempt ${mini.model}`]);
  });

  it("streams what it held back, or the strong model's own stream", async () => {
    const streams =
      (text: string): Behaviour =>
      (res, body) => {
        res.writeHead(200, { "content-type": "text/event-stream" });
        const chunks = [chunkOf(body["model"], text), chunkOf(body["model"], ".", "stop"), usageChunk(body["model"])];
        res.end([...chunks.map(sse), sse("[DONE]")].join(""));
      };
    const behaviours = { [mini.model]: streams("I cannot say"), [old.model]: streams("Yes") };
    const { rig } = await startWith({ ...cascade, checks: [...cascade.checks] }, behaviours);
    expect(await (await ask(rig.url, { ...question, stream: true })).text()).toContain('"Yes"');
    const good = await startWith({ ...cascade, checks: [...cascade.checks] }, { ...behaviours, [mini.model]: streams("Sure") });
    const text = await (await ask(good.rig.url, { ...question, stream: true })).text();
    expect(text).toContain('"Sure"');
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
  });
});

describe("the exact cache", () => {
  const single = { mode: "single", target: old } as const satisfies Strategy;

  it("gives the same answer to the same request, whole or streamed, at no cost, until it runs out", async () => {
    const { rig, asked } = await startWith(single, { [old.model]: wholeOrStream }, { cacheSeconds: 1 });
    const first = await ask(rig.url, question);
    const again = await ask(rig.url, { ...question, user: "someone else" });
    expect(first.headers.get("x-apex-cache")).toBeNull();
    expect(again.headers.get("x-apex-cache")).toBe("hit");
    expect(await again.json()).toEqual(await first.json());
    const rows = await rig.rowsWhen(2);
    expect(rows.find(({ part }) => part === "cached")).toMatchObject({ status: "ok", tokens: { input: 0, output: 0 } });
    const streamed = [await ask(rig.url, { ...question, stream: true }), await ask(rig.url, { ...question, stream: true })];
    expect(streamed.map(({ headers }) => headers.get("x-apex-cache"))).toEqual([null, "hit"]);
    const [live, kept] = await Promise.all(streamed.map((answer) => answer.text()));
    expect(kept).toBe(live);
    expect(kept).toContain("[DONE]");
    expect(asked).toHaveLength(2);
    await sleep(1_050);
    expect((await ask(rig.url, question)).headers.get("x-apex-cache")).toBeNull();
  });

  it("gives nothing to another question, workload or org, nor what failed, nor where no rule asks for it", async () => {
    let failing = true;
    const behaviour: Behaviour = (res, body, req) => (failing ? fails(400)(res, body, req) : answers(res, body, req));
    const { rig, asked } = await startWith(single, { [old.model]: behaviour }, { cacheSeconds: 60 });
    await ask(rig.url, question);
    failing = false;
    expect((await ask(rig.url, question)).headers.get("x-apex-cache")).toBeNull();
    expect((await ask(rig.url, question)).headers.get("x-apex-cache")).toBe("hit");
    expect((await ask(rig.url, { ...question, temperature: 1 })).headers.get("x-apex-cache")).toBeNull();
    expect((await ask(rig.url, question, { "x-apex-workload": "search" })).headers.get("x-apex-cache")).toBeNull();
    const settings = await rig.snapshot();
    const other = { ...settings, keys: settings.keys.map((key) => ({ ...key, orgId: "org_other" as const })) };
    const policies = new Map([
      ...settings.policies,
      ["org_other" as const, policyOf(2, [{ ...rule, workload: "default", strategy: single, cacheSeconds: 60 }])],
    ]);
    const upstreams = new Map([...settings.upstreams, ["org_other" as const, settings.upstreams.get(orgId) ?? []]]);
    const hash = createHash("sha256").update(secret).digest("hex");
    expect(settings.keys[0]?.hash).toBe(hash);
    rig.snapshot = () => Promise.resolve({ ...other, policies, upstreams });
    await rig.gateway.refresh();
    expect((await ask(rig.url, question)).headers.get("x-apex-cache")).toBeNull();
    expect((await ask(rig.url, question)).headers.get("x-apex-cache")).toBe("hit");
    expect(asked).toHaveLength(5);
  });
});
