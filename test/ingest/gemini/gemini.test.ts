import { describe, expect, it } from "vitest";
import { createPriceBook } from "../../../src/catalog/price-book.ts";
import { priceEvent } from "../../../src/catalog/price-event.ts";
import { BilledCharge } from "../../../src/core/billing.ts";
import { toUsd } from "../../../src/core/money.ts";
import type { SourceContext } from "../../../src/core/remote-source.ts";
import { noTokens } from "../../../src/core/tokens.ts";
import { UsageEvent } from "../../../src/core/usage-event.ts";
import { createApiClient } from "../../../src/ingest/api-client.ts";
import { exportRowCharges } from "../../../src/ingest/gemini/charges.ts";
import { createGeminiSource } from "../../../src/ingest/gemini/index.ts";
import { geminiEvent, geminiTokens } from "../../../src/ingest/gemini/usage.ts";
import { UsageMetadata } from "../../../src/ingest/gemini/wire.ts";
import { pullCase, type RemoteSourceCase, remoteSourceContract } from "../../contract/remote-source.ts";
import { startFakeApi } from "../../setup/fake-api.ts";
import { googleStandIn, type Line, now, pem, revokedAccount, serviceAccount, table } from "./stand-in.ts";

const output = "Generate content output token count Gemini 2.5 Flash short output text";
const lines: readonly Line[] = [
  { amount: "12.345678901234" },
  { sku: output, amount: "3.2" },
  { line: "credit", credit: "Committed spend discount", amount: "-1.5" },
  { cost_type: "tax", sku: "Tax", project: "", amount: "0.19" },
  { cost_type: "rounding_error", sku: "Rounding error", project: "", amount: "-0.004" },
  { day: "2026-11-02", sku: "Gemini 2.5 Pro Provisioned Throughput 1 month", amount: "100" },
  { day: "2026-11-02", invoice_month: "202612", cost_type: "adjustment", amount: "-2.25" },
  { day: "2026-11-02", currency: "EUR", rate: "0.8", amount: "8" },
  { day: "2026-11-02", currency: "CHF", rate: null, amount: "8" },
  { day: "2026-11-02", cost_type: "surcharge", amount: "1" },
];

const given = (url: string, key = serviceAccount) => ({ serviceAccount: key, table, tokenUrl: `${url}/token`, baseUrl: url });
const testCase: RemoteSourceCase = {
  create: createGeminiSource,
  settings: (url) => given(url),
  secrets: [serviceAccount],
  wrong: (url) => given(url, revokedAccount),
  missingScope: /roles\/bigquery\.dataViewer .* roles\/bigquery\.jobUser/,
  answer: googleStandIn(lines),
  period: { from: new Date("2026-11-01T00:00:00Z"), to: now },
  events: 0,
  charges: 8,
  refused: 2,
  changed: { path: /queries\/job_1$/, alter: (body) => body.replaceAll('"amount"', '"cost_amount"'), names: /column "amount"/ },
};
remoteSourceContract("gemini", testCase);

const contextOf = (url: string, more: Readonly<Record<string, string>> = {}): SourceContext => ({
  orgId: "org_one",
  connection: "src_one",
  settings: { services: "Gemini API,Vertex AI", ...given(url), ...more },
  now: () => now,
});
const drain = async (source: ReturnType<typeof createGeminiSource>, context: SourceContext) => {
  for await (const pulled of source.pull(context, testCase.period, new AbortController().signal)) expect(pulled.type).not.toBe("usage");
};

describe("what Google billed", () => {
  it("gives cost and credits as lines of their own, to the pico-dollar, by day and kind", async () => {
    const { charges, refused } = await pullCase(testCase);
    expect(charges.map(({ day, kind, amount }) => `${day} ${kind} ${amount}`)).toEqual([
      "2026-11-01 usage 12.345678901234",
      "2026-11-01 usage 3.200000000000",
      "2026-11-01 credit -1.500000000000",
      "2026-11-01 tax 0.190000000000",
      "2026-11-01 adjustment -0.004000000000",
      "2026-11-02 commitment 100.000000000000",
      "2026-11-02 adjustment -2.250000000000",
      "2026-11-02 usage 10.000000000000",
    ]);
    expect(charges[2]?.lineItem).toMatch(/^Committed spend discount on Generate content input/);
    expect(charges[6]?.lineItem).toMatch(/, invoiced in 2026-12$/);
    expect(charges[0]).toMatchObject({ provider: "google", account: "acme-chat", model: "" });
    expect(refused.map(({ reason }) => reason)).toEqual([
      "it is in CHF and states no conversion rate to USD",
      'its cost type "surcharge" is not known',
    ]);
  });

  it("says that it read the bill of a period in which nothing was billed", async () => {
    const api = await startFakeApi(googleStandIn([]));
    try {
      const all: unknown[] = [];
      const source = createGeminiSource(createApiClient({ firstPauseMs: 1 }));
      for await (const pulled of source.pull(contextOf(api.url), testCase.period, new AbortController().signal)) all.push(pulled);
      expect(all).toEqual([{ type: "charges", charges: [] }]);
    } finally {
      await api.close();
    }
  });

  it("asks for the settings' services and period as parameters, and signs in once for many calls", async () => {
    const api = await startFakeApi(googleStandIn(lines));
    try {
      const source = createGeminiSource(createApiClient({ firstPauseMs: 1 }));
      await drain(source, contextOf(api.url));
      await drain(source, contextOf(api.url));
      expect(api.requests.filter(({ url }) => url.pathname === "/token")).toHaveLength(1);
      const asked = api.requests.find(({ url }) => url.pathname.endsWith("/queries"));
      expect(JSON.parse(asked?.body ?? "")).toMatchObject({
        useLegacySql: false,
        parameterMode: "NAMED",
        queryParameters: [
          { name: "from", parameterValue: { value: "2026-11-01T00:00:00.000Z" } },
          { name: "to", parameterValue: { value: "2026-11-03T12:00:00.000Z" } },
          { name: "services", parameterValue: { arrayValues: [{ value: "Gemini API" }, { value: "Vertex AI" }] } },
        ],
      });
      expect(asked?.body).toContain("`acme-billing.exports.gcp_billing_export_v1_01AB23_45CD67_89EF01`");
    } finally {
      await api.close();
    }
  });

  it.each([
    "acme-billing.exports.users",
    "acme-billing.exports.gcp_billing_export_v1_01AB23_45CD67_89EF01` WHERE 1=1 --",
    "acme`billing.exports.gcp_billing_export_v1_01AB23_45CD67_89EF01",
    "exports.gcp_billing_export_v1_01AB23_45CD67_89EF01",
  ])("puts no name into SQL that is not that of a billing export: %s", async (name) => {
    const source = createGeminiSource(createApiClient({ firstPauseMs: 1 }));
    await expect(drain(source, contextOf("http://127.0.0.1:9", { table: name }))).rejects.toThrow(/not the name of a billing export/);
  });

  it.each(["no JSON", "{}", serviceAccount.replaceAll("A", "B")])(
    "says what a key is that cannot be used, and shows none of it",
    async (key) => {
      const source = createGeminiSource(createApiClient({ firstPauseMs: 1 }));
      const error: unknown = await drain(source, contextOf("http://127.0.0.1:9", { serviceAccount: key })).catch((e: unknown) => e);
      expect(String(error)).toMatch(/serviceAccount.*roles\/bigquery\.dataViewer/);
      expect(String(error)).not.toContain(pem.slice(40, 80));
    },
  );

  it("names the billing account and what the export cannot tell", async () => {
    const api = await startFakeApi(googleStandIn(lines));
    try {
      const check = await createGeminiSource(createApiClient()).test(contextOf(api.url), new AbortController().signal);
      expect(check.account).toBe("billing account 01AB23-45CD67-89EF01 (export in acme-billing.exports)");
      expect(check.notes.join(" ")).toMatch(/no usage.*not models.*10485760 bytes/);
    } finally {
      await api.close();
    }
  });
});

const reasonOf = (read: object): string => ("refused" in read ? String(read.refused) : "not refused");

const exported = {
  billing_account_id: "01AB23-45CD67-89EF01",
  service: { id: "AEFD-7695-64FA", description: "Gemini API" },
  sku: { id: "1A2B-3C4D-5E6F", description: "Input tokens" },
  usage_start_time: "2026-11-01 23:00:00 UTC",
  project: { id: "acme-chat", name: "Chat" },
  cost: 0.1,
  currency: "USD",
  currency_conversion_rate: 1,
  usage: { amount: 1000, unit: "count" },
  credits: [
    { name: "Free tier", amount: -0.025, type: "FREE_TIER" },
    { name: "Promotion", amount: "-0.05", type: "PROMOTION" },
  ],
  invoice: { month: "202611" },
  cost_type: "regular",
};

describe("a row of the export in a file", () => {
  const context = { orgId: "org_one", origin: "imp_one" } as const;

  it("gives the cost and each credit, whose sum is what is paid", () => {
    const read = exportRowCharges(exported, { ...context, place: "1" });
    if ("refused" in read) throw new Error(read.refused);
    expect(read.charges.map(({ kind, amount, day }) => [kind, amount, day])).toEqual([
      ["usage", "0.100000000000", "2026-11-01"],
      ["credit", "-0.025000000000", "2026-11-01"],
      ["credit", "-0.050000000000", "2026-11-01"],
    ]);
    for (const charge of read.charges) expect(BilledCharge.parse(charge)).toEqual(charge);
    const again = exportRowCharges(exported, { ...context, place: "2" });
    expect("charges" in again && again.charges.some(({ id }) => read.charges.some((charge) => charge.id === id))).toBe(false);
  });

  it.each([
    [{ ...exported, cost: undefined }, /^cost:/],
    [{ ...exported, currency: "JPY", currency_conversion_rate: null }, /in JPY/],
    [{ ...exported, usage_start_time: "yesterday at noon" }, /not a time/],
  ])("refuses what it cannot read exactly", (row, reason) => {
    expect(reasonOf(exportRowCharges(row, { ...context, place: "1" }))).toMatch(reason);
  });
});

const tokensOf = (usage: object) => geminiTokens(UsageMetadata.parse(usage));
const response = (usageMetadata: object, more: object = {}) => ({
  responseId: "r-1",
  modelVersion: "gemini-2.5-flash",
  createTime: "2026-11-01T10:00:00.5Z",
  candidates: [{ content: { parts: [{ text: "secret words" }] } }],
  usageMetadata,
  ...more,
});
const read = (row: unknown): UsageEvent => {
  const event = geminiEvent(row, { orgId: "org_one", place: "1" });
  if ("refused" in event) throw new Error(event.refused);
  return UsageEvent.parse(event);
};

describe("the usage of a Gemini response", () => {
  it("litellm #14849: cached tokens are part of the prompt and are not billed twice", () => {
    // Hand-computed for gemini-2.5-flash: 3,000 x $0.30 + 997,000 x $0.03 + 2,000 x $2.50 per million = $0.03581.
    const event = read(
      response({ promptTokenCount: 1_000_000, cachedContentTokenCount: 997_000, candidatesTokenCount: 2_000, totalTokenCount: 1_002_000 }),
    );
    expect(event.tokens).toEqual({ ...noTokens, input: 3_000, cache_read: 997_000, output: 2_000 });
    const { cost } = priceEvent(createPriceBook(), event);
    expect(cost === null ? "unpriced" : toUsd(cost)).toBe("0.035810000000");
  });

  it("counts thoughts beside the candidates and tool prompts as input", () => {
    expect(
      tokensOf({
        promptTokenCount: 85,
        candidatesTokenCount: 28,
        thoughtsTokenCount: 54,
        toolUsePromptTokenCount: 132,
        totalTokenCount: 299,
      }),
    ).toEqual({
      ...noTokens,
      input: 217,
      output: 28,
      reasoning: 54,
    });
  });

  it("puts each modality into its own bucket, and what the details leave out into text", () => {
    expect(
      tokensOf({
        promptTokenCount: 1_000,
        cachedContentTokenCount: 350,
        candidatesTokenCount: 1_780,
        promptTokensDetails: [
          { modality: "TEXT", tokenCount: 300 },
          { modality: "AUDIO", tokenCount: 200 },
          { modality: "VIDEO", tokenCount: 250 },
          { modality: "DOCUMENT", tokenCount: 250 },
        ],
        cacheTokensDetails: [
          { modality: "AUDIO", tokenCount: 50 },
          { modality: "VIDEO", tokenCount: 200 },
          { modality: "TEXT", tokenCount: 100 },
        ],
        candidatesTokensDetails: [{ modality: "IMAGE", tokenCount: 1_120 }],
      }),
    ).toEqual({
      ...noTokens,
      input: 200,
      cache_read: 300,
      audio_input: 150,
      audio_cache_read: 50,
      video_input: 50,
      image_input: 250,
      output: 660,
      image_output: 1_120,
    });
  });

  it.each([
    [{ promptTokenCount: 10, cachedContentTokenCount: 11 }, /read from the cache than were sent/],
    [{ promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 16 }, /add up to 15/],
    [{ promptTokenCount: 10, promptTokensDetails: [{ modality: "SMELL", tokenCount: 4 }] }, /"SMELL"/],
    [{ promptTokenCount: 3, promptTokensDetails: [{ modality: "TEXT", tokenCount: 4 }] }, /modalities add up to 4/],
  ])("refuses counts that do not add up: %j", (usage, reason) => {
    expect(reasonOf(tokensOf(usage))).toMatch(reason);
  });

  it("takes the tier that the response names, the line of a batch result, and no text", () => {
    const event = read({ key: "row-7", response: response({ promptTokenCount: 5, serviceTier: "flex" }) });
    expect([event.tier, event.model, event.at.toISOString()]).toEqual(["flex", "gemini-2.5-flash", "2026-11-01T10:00:00.500Z"]);
    expect(JSON.stringify(event)).not.toContain("secret words");
    expect(geminiEvent(response({ serviceTier: "turbo" }), { orgId: "org_one", place: "1" })).toEqual({
      refused: "serviceTier: it is not known",
    });
    expect(geminiEvent(response({}, { createTime: undefined }), { orgId: "org_one", place: "1" })).toEqual({
      refused: "createTime: the time is missing",
    });
  });

  it("prices no token that ran on provisioned throughput", () => {
    const event = read(response({ promptTokenCount: 5, trafficType: "PROVISIONED_THROUGHPUT" }));
    const priced = priceEvent(createPriceBook(), event);
    expect(priced.cost).toBeNull();
    expect(priced.unpricedReason).toMatch(/provisioned throughput/);
  });
});
