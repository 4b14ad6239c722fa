import { describe, expect, it } from "vitest";
import { createPriceBook } from "../../../src/catalog/price-book.ts";
import { priceEvent } from "../../../src/catalog/price-event.ts";
import { BilledCharge } from "../../../src/core/billing.ts";
import type { SourceContext } from "../../../src/core/remote-source.ts";
import { noTokens } from "../../../src/core/tokens.ts";
import { createApiClient } from "../../../src/ingest/api-client.ts";
import { exportCharge } from "../../../src/ingest/azure/charges.ts";
import { createAzureSource } from "../../../src/ingest/azure/index.ts";
import { pullCase, type RemoteSourceCase, remoteSourceContract } from "../../contract/remote-source.ts";
import { type ApiRequest, startFakeApi } from "../../setup/fake-api.ts";
import {
  type AzureFacts,
  accountId,
  azureStandIn,
  clientId,
  clientSecret,
  deployment,
  now,
  subscriptionId,
  tenantId,
  traffic,
} from "./stand-in.ts";

const facts: AzureFacts = {
  accounts: [
    {
      name: "acme-openai",
      kind: "OpenAI",
      deployments: [
        deployment("chat-prod", "gpt-4o", "2024-11-20", "GlobalStandard"),
        deployment("search", "text-embedding-3-small", "1", "Standard"),
        deployment("reserved", "o1", "2024-12-17", "ProvisionedManaged"),
        deployment("nightly", "o1", "2024-12-17", "GlobalBatch"),
      ],
      samples: [
        ...traffic("chat-prod", "gpt-4o", "2024-08-06", "2026-11-01T23:00:00Z", { prompt: 9_000, generated: 800, ok: 10, throttled: 3 }),
        ...traffic("chat-prod", "gpt-4o", "2024-11-20", "2026-11-02T00:00:00Z", { prompt: 500, generated: 40, ok: 1 }),
        ...traffic("search", "text-embedding-3-small", "1", "2026-11-02T00:00:00Z", { prompt: 1_000_000, ok: 20 }),
        ...traffic("reserved", "o1", "2024-12-17", "2026-11-02T01:00:00Z", { prompt: 100, generated: 10, ok: 1 }),
        ...traffic("nightly", "o1", "2024-12-17", "2026-11-02T02:00:00Z", { prompt: 100, generated: 10 }),
        ...traffic("deleted", "", "", "2026-11-02T03:00:00Z", { prompt: 7, generated: 1, ok: 1 }),
        ...traffic("mapped", "", "", "2026-11-02T03:00:00Z", { prompt: 7, generated: 1, ok: 1 }),
        ...traffic("halves", "o1", "2024-12-17", "2026-11-02T04:00:00Z", { prompt: 7.5, generated: 1, ok: 1 }),
      ],
    },
    { name: "acme-speech", kind: "SpeechServices", deployments: [], samples: [] },
    { name: "acme-foundry", kind: "AIServices", deployments: [], samples: [] },
  ],
  costs: [
    [1.23456789012345, 1.23456789012345, 20261101, accountId("acme-openai").toLowerCase(), "gpt 4o 0806 Inp glbl Tokens", "USD"],
    [0.1, 0.1, 20261101, accountId("acme-openai").toLowerCase(), "gpt 4o 0806 cached Inp glbl Tokens", "USD"],
    [24, 24, 20261101, accountId("acme-openai").toLowerCase(), "Provisioned Managed Global Unit", "USD"],
    [8.8, 9.5, 20261102, accountId("acme-foundry").toLowerCase(), "Claude Sonnet Outp Tokens", "EUR"],
    [-2, -2, 20261102, accountId("acme-openai").toLowerCase(), "gpt 4o 0806 Inp glbl Tokens", "USD"],
  ],
};

const given = (url: string, more: Readonly<Record<string, string>> = {}) => ({
  tenantId,
  clientId,
  clientSecret,
  subscriptionId,
  deployments: "mapped=o3-2025-04-16",
  loginUrl: url,
  managementUrl: url,
  ...more,
});
const testCase: RemoteSourceCase = {
  create: createAzureSource,
  settings: (url) => given(url),
  secrets: [clientSecret],
  wrong: (url) => given(url, { clientSecret: "a.secret.that.ran.out" }),
  missingScope: /Monitoring Reader and Cost Management Reader/,
  answer: azureStandIn(facts),
  period: { from: new Date("2026-11-01T00:00:00Z"), to: now },
  events: 8,
  charges: 5,
  refused: 1,
  changed: { path: /CostManagement\/query$/, alter: (body) => body.replace('"CostUSD"', '"CostInDollars"'), names: /column "CostUSD"/ },
};
remoteSourceContract("azure", testCase);

const contextOf = (url: string, more: Readonly<Record<string, string>> = {}): SourceContext => ({
  orgId: "org_one",
  connection: "src_0f1e2d3c-one",
  settings: { resourceGroup: "", resourceIds: "", cachedTokens: "unknown", ...given(url, more) },
  now: () => now,
});

describe("what Azure Monitor meters", () => {
  it("gives one row per hour, deployment and outcome, with the model that served it then", async () => {
    const { events } = await pullCase(testCase);
    expect(
      events.map(({ at, requestedModel, model, requests, status, tokens }) => [
        at.toISOString().slice(5, 13),
        requestedModel,
        model,
        requests,
        status,
        tokens.input,
        tokens.output,
      ]),
    ).toEqual([
      // It was moved to a newer version at midnight: the hour before is priced as the old one.
      ["11-01T23", "chat-prod", "gpt-4o-2024-08-06", 10, "ok", 9_000, 800],
      ["11-01T23", "chat-prod", "gpt-4o-2024-08-06", 3, "error", 0, 0],
      ["11-02T00", "chat-prod", "gpt-4o-2024-11-20", 1, "ok", 500, 40],
      ["11-02T00", "search", "text-embedding-3-small", 20, "ok", 1_000_000, 0],
      ["11-02T01", "reserved", "o1-2024-12-17 (provisioned)", 1, "ok", 100, 10],
      ["11-02T02", "nightly", "o1-2024-12-17", 1, "ok", 100, 10],
      ["11-02T03", "deleted", "deleted", 1, "ok", 7, 1],
      ["11-02T03", "mapped", "o3-2025-04-16", 1, "ok", 7, 1],
    ]);
    expect(events.map(({ region, tier }) => `${region ?? ""} ${tier}`)).toEqual([
      "global standard",
      "global standard",
      "global standard",
      "swedencentral standard",
      "swedencentral standard",
      "global batch",
      "swedencentral standard",
      "swedencentral standard",
    ]);
  });

  it("prices no prompt whose cached share Azure does not tell, and says why", async () => {
    const { events } = await pullCase(testCase);
    const priced = events.map((event) => priceEvent(createPriceBook(), event));
    const byName = new Map(priced.map((event) => [`${event.requestedModel} ${event.status}`, event]));
    expect(byName.get("mapped ok")).toMatchObject({ cost: null, unmetered: true, tokens: { ...noTokens, input: 7, output: 1 } });
    // An embedding model caches nothing: 1,000,000 tokens at $0.02 a million.
    expect(byName.get("search ok")?.cost).toBe(20_000_000_000n);
    expect(byName.get("reserved ok")?.cost).toBeNull();
    expect(byName.get("deleted ok")?.cost).toBeNull();
  });

  it("prices them where an admin vouches that nothing is cached", async () => {
    const { events } = await pullCase({ ...testCase, settings: (url) => given(url, { cachedTokens: "none" }) });
    const mapped = events.find(({ requestedModel }) => requestedModel === "mapped");
    if (mapped === undefined) throw new Error("the deployment is missing");
    // o3: 7 x $2 + 1 x $8 per million.
    expect(priceEvent(createPriceBook(), mapped).cost).toBe(22_000_000n);
    const reserved = events.find(({ requestedModel }) => requestedModel === "reserved");
    expect(reserved === undefined ? "" : priceEvent(createPriceBook(), reserved).unpricedReason).toMatch(/provisioned/);
  });

  it("leaves out a count that is none, with its hour", async () => {
    const { refused } = await pullCase(testCase);
    expect(refused).toEqual([
      {
        type: "refused",
        what: "acme-openai: halves at 2026-11-02T04:00:00.000Z",
        reason: "a count of tokens or requests is not a whole number",
      },
    ]);
  });
});

describe("what Azure billed", () => {
  it("gives each meter by day, provisioned units as commitment, and other currencies as Azure converted them", async () => {
    const { charges } = await pullCase(testCase);
    expect(charges.map(({ day, account, lineItem, kind, amount }) => [day, account, lineItem, kind, amount])).toEqual([
      ["2026-11-01", "acme-openai", "gpt 4o 0806 Inp glbl Tokens", "usage", "1.234567890123"],
      ["2026-11-01", "acme-openai", "gpt 4o 0806 cached Inp glbl Tokens", "usage", "0.100000000000"],
      ["2026-11-01", "acme-openai", "Provisioned Managed Global Unit", "commitment", "24.000000000000"],
      ["2026-11-02", "acme-foundry", "Claude Sonnet Outp Tokens", "usage", "9.500000000000"],
      ["2026-11-02", "acme-openai", "gpt 4o 0806 Inp glbl Tokens", "credit", "-2.000000000000"],
    ]);
  });

  it("reads the accounts that were named and no others", async () => {
    const { events, charges } = await pullCase({ ...testCase, settings: (url) => given(url, { resourceIds: accountId("acme-foundry") }) });
    expect([events.length, charges.map(({ account }) => account)]).toEqual([0, ["acme-foundry"]]);
  });

  it("takes an answer without rows for a period without costs", async () => {
    expect((await pullCase({ ...testCase, answer: azureStandIn({ ...facts, costs: [] }) })).charges).toEqual([]);
  });

  it("waits as long as Cost Management's own header asks", async () => {
    let asked = 0;
    const slow = await startFakeApi((request: ApiRequest) => {
      asked += request.url.pathname.endsWith("/query") ? 1 : 0;
      return request.url.pathname.endsWith("/query") && asked === 1
        ? { status: 429, headers: { "x-ms-ratelimit-microsoft.costmanagement-entity-retry-after": "1" }, body: {} }
        : azureStandIn(facts)(request);
    });
    try {
      const begun = performance.now();
      await createAzureSource(createApiClient({ firstPauseMs: 1 })).test(contextOf(slow.url), new AbortController().signal);
      expect(performance.now() - begun).toBeGreaterThan(900);
    } finally {
      await slow.close();
    }
  });

  it("sends its token to no other host, whatever a next page says", async () => {
    const elsewhere = await startFakeApi(() => ({ body: {} }));
    const api = await startFakeApi((request) => {
      const answer = azureStandIn(facts)(request);
      if (!request.url.pathname.endsWith("/accounts")) return answer;
      return { body: { value: [], nextLink: `${elsewhere.url}/stolen` } };
    });
    try {
      const test = createAzureSource(createApiClient({ firstPauseMs: 1 })).test(contextOf(api.url), new AbortController().signal);
      await expect(test).rejects.toThrow(/Nothing was sent there/);
      expect(elsewhere.requests).toEqual([]);
    } finally {
      await api.close();
      await elsewhere.close();
    }
  });
});

describe("connecting Azure", () => {
  it("names the subscription and its accounts, and says what Azure cannot tell", async () => {
    const api = await startFakeApi(azureStandIn(facts));
    try {
      const check = await createAzureSource(createApiClient()).test(contextOf(api.url), new AbortController().signal);
      expect(check.account).toBe(`subscription Production (${subscriptionId}): acme-openai, acme-foundry`);
      expect(check.notes.join(" ")).toMatch(
        /does not say how many prompt tokens were read from the cache.*moving tokens off them saves nothing/,
      );
      const lacking = await createAzureSource(createApiClient()).test(
        contextOf(api.url, { resourceIds: accountId("gone") }),
        new AbortController().signal,
      );
      expect(lacking.notes[1]).toMatch(/accounts\/gone was not found/);
    } finally {
      await api.close();
    }
  });

  it("reads one resource group without asking for the subscription", async () => {
    const api = await startFakeApi(azureStandIn(facts));
    try {
      const check = await createAzureSource(createApiClient()).test(
        contextOf(api.url, { resourceGroup: "ai" }),
        new AbortController().signal,
      );
      expect(check.account).toBe(`resource group ai of subscription ${subscriptionId}: acme-openai, acme-foundry`);
      expect(api.requests.filter(({ url }) => url.pathname === `/subscriptions/${subscriptionId}`)).toEqual([]);
    } finally {
      await api.close();
    }
  });

  it("names the roles where the app has signed in and may not read", async () => {
    const api = await startFakeApi((request) =>
      request.url.pathname.endsWith("/token")
        ? azureStandIn(facts)(request)
        : { status: 403, body: { error: { code: "AuthorizationFailed" } } },
    );
    try {
      const test = createAzureSource(createApiClient()).test(contextOf(api.url), new AbortController().signal);
      await expect(test).rejects.toThrow(/may not read this.*Monitoring Reader and Cost Management Reader/);
    } finally {
      await api.close();
    }
  });

  it.each([
    [{ tenantId: "../../other" }, /setting tenantId/],
    [{ subscriptionId: "mine" }, /setting subscriptionId/],
    [{ resourceGroup: "a/b" }, /setting resourceGroup/],
    [{ resourceIds: "/subscriptions/other" }, /setting resourceIds/],
    [{ deployments: "chat" }, /setting deployments/],
    [{ loginUrl: "login.microsoftonline.com" }, /setting loginUrl/],
    [{ managementUrl: "ftp://management.azure.com" }, /setting managementUrl/],
    [{ cachedTokens: "half" }, /setting cachedTokens/],
  ])("refuses a setting that is none: %j", async (more, reason) => {
    const api = await startFakeApi(azureStandIn(facts));
    try {
      const test = createAzureSource(createApiClient({ firstPauseMs: 1 })).test(contextOf(api.url, more), new AbortController().signal);
      await expect(test).rejects.toThrow(reason);
    } finally {
      await api.close();
    }
  });
});

const exported = {
  date: "11/01/2026",
  ResourceId: accountId("acme-openai"),
  meterName: "gpt 4o 0806 Outp glbl Tokens",
  costInUsd: "0.1234567890125",
  billingCurrency: "EUR",
  costInBillingCurrency: "0.11",
  chargeType: "Usage",
};
const read = (more: Readonly<Record<string, string>>) =>
  exportCharge({ ...exported, ...more }, { orgId: "org_one", origin: "imp_one", place: "1" });
const reasonOf = (more: Readonly<Record<string, string>>): string => {
  const charge = read(more);
  return "refused" in charge ? charge.refused : "not refused";
};

describe("a row of a cost export in a file", () => {
  it.each([
    ["of a customer agreement", {}, { day: "2026-11-01", amount: "0.123456789013", kind: "usage", account: "acme-openai" }],
    [
      "of an enterprise agreement",
      { date: "2026-11-01T00:00:00", costInUsd: "", billingCurrency: "USD" },
      { day: "2026-11-01", amount: "0.110000000000" },
    ],
    ["of provisioned units", { meterName: "Provisioned Managed Regional Unit" }, { kind: "commitment" }],
    ["of a refund", { chargeType: "Refund", costInUsd: "-3" }, { kind: "credit", amount: "-3.000000000000" }],
  ])("reads one %s", (_name, more, expected) => {
    const charge = read(more);
    expect(charge).toMatchObject(expected);
    expect(BilledCharge.parse(charge)).toEqual(charge);
  });

  it.each([
    [{ ResourceId: "/subscriptions/x/resourceGroups/y/providers/Microsoft.Compute/virtualMachines/z" }, /no account that models run in/],
    [{ date: "2026-02-31" }, /no day/],
    [{ costInUsd: "" }, /in EUR, and costInUsd is missing/],
    [{ costInUsd: "much" }, /not an amount/],
    [{ chargeType: "Gift" }, /chargeType/],
  ])("refuses one that it cannot read exactly: %j", (more, reason) => {
    expect(reasonOf(more)).toMatch(reason);
  });
});
