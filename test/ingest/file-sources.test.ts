import type { ImportMapping } from "../../src/core/import.ts";
import { fileSources } from "../../src/ingest/index.ts";
import { billFileContract, type FileSourceCase, fileSourceContract } from "../contract/file-source.ts";
import { type FocusRecord, focusCsv, focusMapping, focusParquet } from "../setup/focus-file.ts";

const named = { provider: { value: "openai" }, model: { value: "gpt-5" } };
const mapping = (change: Partial<ImportMapping> & Pick<ImportMapping, "format" | "fields" | "time">): ImportMapping => ({
  inputIncludesCached: false,
  outputIncludesReasoning: false,
  tier: "standard",
  assumption: "",
  ...change,
});

const logged = (requestId: string, timestamp: string, input: string): string =>
  `{"schemaType": "ModelInvocationLog", "timestamp": "${timestamp}", "accountId": "1", "region": "us-east-1", "requestId": "${requestId}", "modelId": "amazon.nova-lite-v1:0", "input": ${input}, "output": {"outputTokenCount": 10}}`;
const answered = (at: string, prompt: number): string =>
  `{"createTime": "${at}", "modelVersion": "gemini-2.5-flash", "usageMetadata": {"promptTokenCount": ${prompt}, "candidatesTokenCount": 10}}`;

const usage: Readonly<Record<Exclude<ImportMapping["format"], "focus" | "gemini-billing" | "azure-cost">, FileSourceCase>> = {
  csv: {
    source: fileSources.csv,
    fileName: "usage.csv",
    header: "timestamp,model,input_tokens,output_tokens\n",
    lines: [
      "2026-11-22T10:00:00Z,gpt-5,100,10",
      "2026-11-22 11:00:00.5,gpt-5,200,20",
      "yesterday,gpt-5,1,1",
      "2026-11-22T12:00:00Z,gpt-5,300,30",
    ],
    badReason: /^at: "yesterday" is not a time/,
    mapping: mapping({
      format: "csv",
      fields: {
        ...named,
        at: { column: "timestamp" },
        model: { column: "model" },
        "tokens.input": { column: "input_tokens" },
        "tokens.output": { column: "output_tokens" },
      },
      time: { unit: "iso", origin: "file" },
    }),
  },
  "bedrock-log": {
    source: fileSources["bedrock-log"],
    fileName: "20261122T100500123Z_0a1b.json",
    header: "",
    lines: [
      logged("r-1", "2026-11-22T10:00:00Z", '{"inputTokenCount": 100}'),
      logged("r-2", "2026-11-22T11:00:00Z", '{"inputTokenCount": 200}'),
      logged("r-3", "2026-11-22T11:00:01Z", '{"inputTokenCount": "many"}'),
      logged("r-4", "2026-11-22T12:00:00Z", '{"inputTokenCount": 300}'),
    ],
    badReason: /^input\.inputTokenCount/,
    mapping: mapping({ format: "bedrock-log", fields: {}, time: { unit: "iso", origin: "file" } }),
  },
  "gemini-responses": {
    source: fileSources["gemini-responses"],
    fileName: "responses.jsonl",
    header: "",
    lines: [
      answered("2026-11-22T10:00:00Z", 100),
      answered("2026-11-22T11:00:00Z", 200),
      answered("2026-11-22T11:00:01Z", -1),
      answered("2026-11-22T12:00:00Z", 300),
    ],
    badReason: /^usageMetadata\.promptTokenCount/,
    mapping: mapping({ format: "gemini-responses", fields: { at: { column: "createTime" } }, time: { unit: "iso", origin: "file" } }),
  },
  jsonl: {
    source: fileSources.jsonl,
    fileName: "usage.jsonl",
    header: "",
    lines: [
      '{"created_at": 1795341600, "model": "gpt-5", "usage": {"prompt_tokens": 100, "completion_tokens": 10}}',
      '{"created_at": 1795341601.25, "model": "gpt-5", "usage": {"prompt_tokens": 200, "completion_tokens": 20}}',
      '{"created_at": 1795341602, "model": "gpt-5", "usage": {"prompt_tokens": 300',
      '{"created_at": 1795341603, "model": "gpt-5", "usage": {"prompt_tokens": 400, "completion_tokens": 40}}',
    ],
    badReason: /not whole JSON/,
    mapping: mapping({
      format: "jsonl",
      fields: {
        ...named,
        at: { column: "created_at" },
        model: { column: "model" },
        "tokens.input": { column: "usage.prompt_tokens" },
        "tokens.output": { column: "usage.completion_tokens" },
      },
      time: { unit: "seconds", origin: "file" },
    }),
  },
  "azure-trace": {
    source: fileSources["azure-trace"],
    fileName: "code.csv",
    header: "TIMESTAMP,ContextTokens,GeneratedTokens\n",
    lines: [
      "2023-11-16 18:17:03.9799600,4808,10",
      "2023-11-16 18:17:04.0319600,3180,8",
      "2023-11-16 18:17:05,-1,8",
      "2023-11-16 19:14:19.9280160,549,173",
    ],
    badReason: /tokens.input: "-1" is negative/,
    mapping: mapping({ format: "azure-trace", fields: named, time: { unit: "iso", origin: "file" } }),
  },
  servegen: {
    source: fileSources.servegen,
    fileName: "client-7-trace.csv",
    header: "",
    lines: ["0,1.5,0.9,Gamma,1.0,0.2", "600,0.004,0.9,Gamma,1.0,0.2", "21600,2,0.9,Gamma,1.0,0.2", "43200,1,1,Gamma,1.0,0.2"],
    badReason: /no input lengths for the window at 21600 s/,
    mapping: mapping({ format: "servegen", fields: named, time: { unit: "seconds", origin: "end_now" } }),
    beside: {
      "client-7-dataset.json": JSON.stringify({
        0: { input_tokens: "{10: 0.5, 20: 0.5}", output_tokens: "{4: 1.0}" },
        21600: { input_tokens: "{}", output_tokens: "{}" },
        43200: { input_tokens: "{100: 1.0}", output_tokens: "{1: 0.25, 2: 0.75}" },
      }),
    },
  },
  mooncake: {
    source: fileSources.mooncake,
    fileName: "synthetic.jsonl",
    header: "",
    lines: [
      '{"timestamp": 0, "input_length": 600, "output_length": 6, "hash_ids": [0, 1]}',
      '{"timestamp": 40, "input_length": 512, "output_length": 4, "hash_ids": [0]}',
      '{"timestamp": 50, "input_length": 512, "output_length": 4, "hash_ids": [0, 9, 9]}',
      '{"timestamp": 60000, "input_length": 1, "output_length": 1, "hash_ids": [7]}',
    ],
    badReason: /3 blocks do not fit 512 input tokens/,
    mapping: mapping({ format: "mooncake", fields: named, time: { unit: "milliseconds", origin: "end_now" } }),
  },
};

for (const [name, testCase] of Object.entries(usage)) fileSourceContract(name, testCase);

const bill: readonly FocusRecord[] = [
  {},
  { ServiceName: "Virtual Machines", ServiceCategory: "Compute", ProviderName: "Microsoft" },
  { BillingCurrency: "EUR" },
  { ChargeCategory: "Credit", BilledCost: "-0.5" },
];
const later: readonly FocusRecord[] = [...bill.toReversed(), { BilledCost: "2", SubAccountId: "proj_1" }];
const billCase = {
  source: fileSources.focus,
  mapping: focusMapping,
  charges: 2,
  skipped: 1,
} as const;

billFileContract("focus (CSV)", {
  ...billCase,
  fileName: "focus.csv",
  bytes: focusCsv(bill),
  later: focusCsv(later),
  refused: [[4, /^BillingCurrency: the bill is in EUR/]],
});
billFileContract("focus (Parquet)", {
  ...billCase,
  fileName: "focus.parquet",
  bytes: focusParquet(bill),
  later: focusParquet(later),
  refused: [[3, /^BillingCurrency: the bill is in EUR/]],
});

const fixed = (format: ImportMapping["format"], assumption: string): ImportMapping => ({ ...focusMapping, format, assumption });

const google = (change: object): string =>
  `${JSON.stringify({
    billing_account_id: "01AB23-45CD67-89EF01",
    service: { description: "Gemini API" },
    sku: { id: "1A2B", description: "Input tokens" },
    usage_start_time: "2026-11-01 23:00:00 UTC",
    project: { id: "acme-chat" },
    cost: 0.1,
    currency: "USD",
    credits: [],
    invoice: { month: "202611" },
    cost_type: "regular",
    ...change,
  })}\n`;
const googleBill = [
  {},
  { service: { description: "Compute Engine" } },
  { cost: "dear" },
  { credits: [{ name: "Free tier", amount: -0.1 }] },
];

billFileContract("gemini-billing", {
  source: fileSources["gemini-billing"],
  fileName: "billing.jsonl",
  mapping: fixed(
    "gemini-billing",
    "It is Google Cloud's billing export: cost and credits of the Gemini API and Vertex AI are read, by UTC day. See docs/import.md.",
  ),
  bytes: googleBill.map(google).join(""),
  later: [...googleBill.toReversed(), { cost: 2 }].map(google).join(""),
  charges: 3,
  skipped: 1,
  refused: [[3, /^cost: /]],
});

const account = "/subscriptions/s-1/resourceGroups/ai/providers/Microsoft.CognitiveServices/accounts/acme";
const azureLine = (resource: string, cost: string): string =>
  `ba-1,s-1,11/01/2026,11/02/2026,${resource},Azure OpenAI,gpt 5 Inp Tokens,${cost},USD,Usage\n`;
const azureHeader =
  "billingAccountId,SubscriptionId,billingPeriodStartDate,date,ResourceId,meterCategory,meterName,costInUsd,billingCurrency,chargeType\n";
const azureBill = [
  azureLine(account, "1.5"),
  azureLine("/subscriptions/s-1/providers/Microsoft.Compute/virtualMachines/vm", "7"),
  azureLine(account, "dear"),
  azureLine(account, "-0.5"),
];

billFileContract("azure-cost", {
  source: fileSources["azure-cost"],
  fileName: "cost.csv",
  mapping: fixed(
    "azure-cost",
    "It is a cost export of Azure: actual cost of the accounts that models run in is read, by day. See docs/import.md.",
  ),
  bytes: azureHeader + azureBill.join(""),
  later: azureHeader + [...azureBill.toReversed(), azureLine(account, "2")].join(""),
  charges: 2,
  skipped: 1,
  refused: [[4, /^cost: it is not an amount/]],
});
