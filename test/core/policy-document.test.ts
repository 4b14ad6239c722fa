import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { policySchema, readPolicyDocument } from "../../src/core/policy-document.ts";

const target = (model: string) => ({ provider: "openai", model });
const single = (workload: string) => ({ workload, requestedModel: "gpt-5", strategy: { mode: "single", target: target("gpt-5-mini") } });
const policy = (rules: readonly object[]) => ({
  id: "pol_1",
  orgId: "org_1",
  version: 3,
  rules: rules.map((rule, n) => ({ id: `r${n}`, approvalId: "apr_1", ...rule })),
  createdAt: "2026-11-30T12:00:00.000Z",
});
const weighted = {
  workload: "mail",
  requestedModel: "gpt-5",
  strategy: {
    mode: "weighted",
    choices: [
      { weight: 1, to: target("a") },
      { weight: 3, to: { mode: "fallback", targets: [target("b"), target("c")] } },
    ],
  },
};
const read = (document: unknown) => readPolicyDocument(JSON.stringify(document), "policy.json");
const why = (document: unknown): string => {
  try {
    read(document);
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
  return "nothing is wrong";
};

describe("a policy as a document", () => {
  it("is read whole, or as a draft whose ids are left out, with every strategy that the gateway knows", () => {
    expect(read(policy([single("chat"), weighted])).map(({ id }) => id)).toEqual(["r0", "r1"]);
    expect(read({ rules: [single("chat"), weighted] }).map(({ id, approvalId }) => [id, approvalId])).toEqual([
      ["rule-0", "apr_draft"],
      ["rule-1", "apr_draft"],
    ]);
  });

  it.each<[string, unknown, RegExp]>([
    ["a strategy that there is not", { rules: [{ ...single("chat"), strategy: { mode: "magic" } }] }, /^rules\[0\]\.strategy/m],
    [
      "a share out of range",
      {
        rules: [
          { ...single("chat"), strategy: { mode: "canary", control: target("a"), treatment: target("b"), share: 1.5, sticky: "user" } },
        ],
      },
      /^rules\[0\]\.strategy\.share: .*1/m,
    ],
    ["a word too many", { rules: [{ ...single("chat"), colour: "blue" }] }, /^rules\[0\]: .*"colour"/m],
    [
      "a missing model",
      { rules: [{ workload: "chat", requestedModel: "gpt-5", strategy: { mode: "single", target: { provider: "openai" } } }] },
      /^rules\[0\]\.strategy\.target\.model: /m,
    ],
    [
      "two rules for one workload and model",
      { rules: [single("chat"), single("chat")] },
      /^rules\[1\]: rules\[0\] is for the same workload "chat" and model "gpt-5"/m,
    ],
    [
      "one target of a fallback alone",
      { rules: [{ ...single("chat"), strategy: { mode: "fallback", targets: [target("a")] } }] },
      /^rules\[0\]\.strategy\.targets/m,
    ],
    ["a list", [], /^The document: /m],
  ])("with %s is refused, and it is said where", (_name, document, sentence) => {
    expect(why(document)).toMatch(/^policy\.json is no routing policy\./);
    expect(why(document)).toMatch(sentence);
  });

  it("that is not JSON is refused as that", () => {
    expect(() => readPolicyDocument("{ rules: ", "policy.json")).toThrow(/^policy\.json is not JSON: /);
  });

  it("has a JSON schema that a validator of others' making reads, and that says the same", () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const validate = ajv.compile(JSON.parse(JSON.stringify(policySchema())));
    expect(validate(policy([single("chat"), weighted]))).toBe(true);
    for (const wrong of [
      policy([{ ...single("chat"), strategy: { mode: "magic" } }]),
      { rules: [] },
      policy([{ ...single("chat"), colour: "blue" }]),
    ]) {
      expect(validate(wrong)).toBe(false);
    }
  });
});
