import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { targetsOf } from "../../src/core/strategy.ts";
import type { UsageEvent } from "../../src/core/usage-event.ts";
import { type OrgRouting, type RouteRequest, route, ruleKey } from "../../src/gateway/route.ts";
import { ask, completion, json, listen, plan, policyOf, readJson, rule, startRig } from "./rig.ts";

const org: OrgRouting = {
  policyVersion: 4,
  rules: new Map([[ruleKey("coding", "gpt-4o"), rule]]),
  providers: new Set(["openai", "mistral"]),
};
const request: RouteRequest = {
  workload: "coding",
  model: "gpt-4o",
  conversation: "c1",
  user: "ann",
  id: "req_1",
  task: "",
  tags: new Map(),
  bodyBytes: 400,
  json: false,
  tools: false,
  stream: false,
};
const providerOf = (model: string): string | undefined => (model.startsWith("gpt-") ? "openai" : undefined);

describe("route", () => {
  it("always sends the same conversation the same way, by the rule of its workload and model", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (conversation) => {
        const decision = route(org, { ...request, conversation }, providerOf);
        expect(route(org, { ...request, conversation, user: "someone else" }, providerOf)).toEqual(decision);
        expect(decision && targetsOf(decision.side)[0].model).toBe(decision?.arm === "control" ? "gpt-4o" : "gpt-4o-mini");
        expect(decision).toMatchObject({ policyVersion: 4, policyRule: "rule-1" });
      }),
    );
  });

  it("never randomises a request that names no unit: it stays on the old model, outside the measurement", () => {
    expect(route(org, { ...request, conversation: "" }, providerOf)).toEqual({
      side: { provider: "openai", model: "gpt-4o" },
      policyVersion: 4,
      policyRule: "rule-1",
      arm: null,
      unit: "",
    });
  });

  it("randomises by user where the plan says so", () => {
    const strategy = {
      mode: "holdout" as const,
      control: { provider: "openai", model: "gpt-4o" },
      treatment: { provider: "openai", model: "gpt-4o-mini" },
      plan: { ...plan, unit: "user" as const },
    };
    const byUser: OrgRouting = { ...org, rules: new Map([[ruleKey("coding", "gpt-4o"), { ...rule, strategy }]]) };
    const decision = route(byUser, request, providerOf);
    expect(decision).toEqual(route(byUser, { ...request, conversation: "another" }, providerOf));
    expect(route(byUser, { ...request, user: "" }, providerOf)?.unit).toBe("");
  });

  it("leaves other workloads and models alone, at the provider that serves them", () => {
    const alone = { policyRule: "", arm: null, unit: "" };
    expect(route(org, { ...request, workload: "search" }, providerOf)).toMatchObject({
      ...alone,
      side: { provider: "openai", model: "gpt-4o" },
    });
    expect(route(org, { ...request, model: "llama" }, providerOf)).toBeUndefined();
    expect(route({ ...org, providers: new Set(["groq"]) }, { ...request, model: "llama" }, providerOf)?.side).toEqual({
      provider: "groq",
      model: "llama",
    });
  });
});

const groupByConversation = (rows: readonly UsageEvent[]): Map<string, UsageEvent[]> => {
  const groups = new Map<string, UsageEvent[]>();
  for (const row of rows) groups.set(row.conversation, [...(groups.get(row.conversation) ?? []), row]);
  return groups;
};

describe("routing in the gateway", () => {
  it("serves each conversation by one model, and writes its arm, unit, version and rule into the row", async () => {
    const upstream = await listen(async (req, res) => json(res, 200, completion((await readJson(req))["model"])));
    const rig = await startRig({ upstreamUrl: upstream.url, policy: policyOf(7, [rule]) });
    const headers = (n: number) => ({ "x-apex-workload": "coding", "x-apex-conversation": `conversation ${n % 20}` });
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) => ask(rig.url, { model: "gpt-4o", messages: [{ role: "user", content: "Hello?" }] }, headers(n))),
    );
    expect(new Set(answers.map((answer) => answer.headers.get("x-apex-policy-version")))).toEqual(new Set(["7"]));
    const rows = await rig.rowsWhen(100);
    const byConversation = groupByConversation(rows);
    expect(byConversation.size).toBe(20);
    for (const group of byConversation.values()) {
      expect(new Set(group.map((row) => `${row.arm} ${row.model} ${row.unit} ${row.policyVersion} ${row.policyRule}`)).size).toBe(1);
    }
    expect(new Set(rows.map((row) => row.arm))).toEqual(new Set(["treatment", "control"]));
    expect(new Set(rows.map((row) => row.requestedModel))).toEqual(new Set(["gpt-4o"]));
    expect(new Set(rows.map((row) => row.promptHash)).size).toBe(1);
    expect(new Set(rows.map((row) => row.id)).size).toBe(100);
  });
});
