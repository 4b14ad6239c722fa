import { describe, expect, it } from "vitest";
import { noTokens } from "../../../src/core/tokens.ts";
import { createApiClient } from "../../../src/ingest/api-client.ts";
import { createOpenRouterSource } from "../../../src/ingest/openrouter/index.ts";
import { pullCase, type RemoteSourceCase, remoteSourceContract } from "../../contract/remote-source.ts";
import { startFakeApi } from "../../setup/fake-api.ts";
import { answerAsOpenRouter, openRouterCallKey, openRouterKey } from "../../setup/openrouter-api.ts";

const period = { from: new Date("2026-11-01T00:00:00Z"), to: new Date("2026-11-18T10:30:00Z") };

/** The example row of OpenRouter's reference, without money from own keys. */
const row = (change: object = {}) => ({
  date: "2026-11-16",
  model: "openai/gpt-4.1",
  model_permaslug: "openai/gpt-4.1-2025-04-14",
  endpoint_id: "550e8400-e29b-41d4-a716-446655440000",
  provider_name: "OpenAI",
  usage: 0.015,
  byok_usage_inference: 0,
  requests: 5,
  prompt_tokens: 50,
  completion_tokens: 125,
  reasoning_tokens: 25,
  ...change,
});
const ownKeys = row({ date: "2026-11-17", usage: 0, byok_usage_inference: 0.012 });
const rows = [row(), ownKeys, row({ date: "2026-11-15 00:00:00", usage: 1e-7 }), row({ date: "2026-10-31" })];

const caseOf = (activity: readonly object[], byok = "here"): RemoteSourceCase => ({
  create: createOpenRouterSource,
  settings: (url) => ({ apiKey: openRouterKey, byok, baseUrl: `${url}/api/v1` }),
  secrets: [openRouterKey],
  wrong: (url) => ({ apiKey: `${openRouterCallKey}-9911`, byok, baseUrl: `${url}/api/v1` }),
  missingScope: /management key.*provisioning key.*cannot read activity/,
  answer: answerAsOpenRouter({ activity, owner: "user_ann" }),
  period,
  events: 4,
  charges: 2,
  changed: {
    path: /activity$/,
    alter: (body) => body.replaceAll('"byok_usage_inference"', '"byok_cost"'),
    names: /activity.*byok_usage_inference/,
  },
});

remoteSourceContract("openrouter", caseOf(rows));

describe("OpenRouter's activity", () => {
  it("costs what OpenRouter took, to the digit, with reasoning apart from what can be read", async () => {
    const { events, charges } = await pullCase(caseOf([row({ usage: 0.1 + 0.2 })]));
    expect(events).toMatchObject([
      {
        at: new Date("2026-11-16T00:00:00Z"),
        provider: "openrouter",
        model: "openai/gpt-4.1",
        team: "ws_1",
        requests: 5,
        tokens: { ...noTokens, input: 50, output: 100, reasoning: 25 },
        charged: "0.300000000000",
      },
    ]);
    expect(charges).toMatchObject([
      {
        day: "2026-11-16",
        provider: "openrouter",
        account: "ws_1",
        model: "openai/gpt-4.1",
        lineItem: "openai/gpt-4.1-2025-04-14 at OpenAI",
        kind: "usage",
        amount: "0.300000000000",
      },
    ]);
  });

  it("shows what own keys cost elsewhere as a cost of its own, on no bill of OpenRouter's", async () => {
    const { events, charges } = await pullCase(caseOf([ownKeys]));
    expect(events).toMatchObject([
      { provider: "openrouter", charged: "0.000000000000", requests: 5, tokens: { input: 50 } },
      { provider: "openrouter-byok", model: "openai/gpt-4.1", charged: "0.012000000000", requests: 1, bandTokens: 0, tokens: noTokens },
    ]);
    expect(charges).toEqual([]);
  });

  it("leaves what own keys cost to the upstream provider's own source where that is connected", async () => {
    const { events } = await pullCase(caseOf([ownKeys], "upstream"));
    expect(events).toMatchObject([{ provider: "openrouter", charged: "0.000000000000" }]);
    await expect(pullCase(caseOf([ownKeys], "both"))).rejects.toThrow(/byok must be "here" or "upstream"/);
  });

  it("refuses rows that cannot be, and a second row of the same day, model and endpoint", async () => {
    const { events, refused } = await pullCase(
      caseOf([
        row({ reasoning_tokens: 126 }),
        row({ date: "2026-11-10", requests: 0 }),
        row({ date: "2026-11-11" }),
        row({ date: "2026-11-11" }),
      ]),
    );
    expect(events).toHaveLength(1);
    expect(refused.map(({ reason }) => reason)).toEqual([
      "it has 126 reasoning tokens in 125 completion tokens",
      "it has tokens or costs and no request",
      "another row of the same time has the same groups",
    ]);
  });

  it("says whose account it is, and which own-key costs it counts", async () => {
    const check = async (activity: readonly object[], apiKey: string, owner: string | null) => {
      const api = await startFakeApi(answerAsOpenRouter({ activity, owner }));
      try {
        const settings = { apiKey, byok: "here", baseUrl: `${api.url}/api/v1` };
        const context = { orgId: "org_x", connection: "src_0f1e2d3c-x", settings, now: () => period.to } as const;
        return await createOpenRouterSource(createApiClient()).test(context, new AbortController().signal);
      } finally {
        await api.close();
      }
    };
    const found = await check([ownKeys], openRouterKey, "user_ann");
    expect(found.account).toBe("the OpenRouter account of user_ann");
    expect(found.notes.at(-1)).toMatch(/counts twice/);
    const plain = await check([row()], openRouterKey, null);
    expect(plain.account).toBe("the OpenRouter account of this key");
    expect(plain.notes.join(" ")).not.toMatch(/counts twice/);
    const calling = check([], `${openRouterCallKey}-1`, null);
    await expect(calling).rejects.toMatchObject({ code: "forbidden" });
    await expect(calling).rejects.toThrow(/calls models/);
    await expect(check([], "sk-or-v1-revoked", null)).rejects.toMatchObject({ code: "unauthenticated" });
  });
});
