import { describe, expect, it } from "vitest";
import type { SourceContext } from "../../../src/core/remote-source.ts";
import { noTokens } from "../../../src/core/tokens.ts";
import { UsageEvent } from "../../../src/core/usage-event.ts";
import { createApiClient } from "../../../src/ingest/api-client.ts";
import { createBedrockSource } from "../../../src/ingest/bedrock/index.ts";
import { modelOf, profilesOf } from "../../../src/ingest/bedrock/model-id.ts";
import { bedrockEvent } from "../../../src/ingest/bedrock/usage.ts";
import { pullCase, type RemoteSourceCase, remoteSourceContract } from "../../contract/remote-source.ts";
import { startFakeApi } from "../../setup/fake-api.ts";
import { gz, keyId, logLine, now, region, s3StandIn, secretKey } from "./stand-in.ts";

const folder = "audit/logs/AWSLogs/123456789012/BedrockModelInvocationLogs/us-east-1/2026/11";
const objects = new Map<string, Uint8Array>([
  ["audit/logs/AWSLogs/123456789012/BedrockModelInvocationLogs/amazon-bedrock-logs-permission-check", gz([])],
  [`${folder}/01/10/20261101T100500123Z_a b&c.json.gz`, gz([logLine("r-1"), logLine("r-2", { operation: "ConverseStream" })])],
  [`${folder}/01/10/data/r-2_input.json.gz`, gz([{ messages: "a body that was too large" }])],
  [`${folder}/01/10/data/r-3_output.json.gz`, gz([{ messages: "another" }])],
  [
    `${folder}/01/11/20261101T110000456Z_b.json.gz`,
    gz([logLine("r-3"), "", '{"schemaType": "ModelInvocationLog", "half', { schemaType: "Other" }]),
  ],
  [`${folder}/01/12/20261101T120000456Z_c.json.gz`, gz([logLine("r-4", { timestamp: "2026-11-01T12:00:00.250Z" })])],
  [`${folder}/01/13/20261101T130000456Z_d.json.gz`, gz([logLine("r-5")]).subarray(0, 40)],
  [`${folder}/02/09/20261102T090000456Z_e.json.gz`, gz([logLine("r-6", { timestamp: "2026-11-02T09:00:00Z" })])],
  [`${folder}/03/00/20261103T000000456Z_f.json.gz`, gz([logLine("r-7", { timestamp: "2026-11-03T00:00:00Z" })])],
  [
    "audit/logs/AWSLogs/210987654321/BedrockModelInvocationLogs/eu-west-1/2026/11/01/10/20261101T100500123Z_g.json.gz",
    gz([logLine("r-8", { region: "eu-west-1", inferenceRegion: undefined })]),
  ],
]);

const given = (url: string, secret = secretKey) => ({
  accessKeyId: keyId,
  secretAccessKey: secret,
  region,
  bucket: "acme-logs",
  prefix: "/audit/logs/",
  endpoint: url,
});
const testCase: RemoteSourceCase = {
  create: createBedrockSource,
  settings: (url) => given(url),
  secrets: [secretKey],
  wrong: (url) => given(url, "a/secret/that/was/rotated"),
  missingScope: /s3:ListBucket .* s3:GetObject/,
  answer: s3StandIn(objects),
  period: { from: new Date("2026-11-01T00:00:00Z"), to: now },
  events: 6,
  charges: 0,
  refused: 3,
  changed: { path: /^\/acme-logs$/, alter: (body) => body.replaceAll("Key>", "ObjectKey>"), names: /"Contents\.Key"/ },
};
remoteSourceContract("bedrock", testCase);

describe("the invocation log in a bucket", () => {
  it("reads each line of each account and region once, and says which it left out and why", async () => {
    const { events, refused } = await pullCase(testCase);
    expect(events.map(({ id }) => id.split("/").at(-1))).toEqual(["r-1", "r-2", "r-3", "r-4", "r-6", "r-8"]);
    expect(refused.map(({ what, reason }) => [what.slice(what.lastIndexOf("/") + 1), reason])).toEqual([
      ["20261101T110000456Z_b.json.gz line 3", "the line is not whole JSON"],
      ["20261101T110000456Z_b.json.gz line 4", 'schemaType: Invalid input: expected "ModelInvocationLog"'],
      ["20261101T130000456Z_d.json.gz", "the object is no whole gzip file"],
    ]);
  });

  it("keeps no prompt and no answer, neither in rows nor in reasons", async () => {
    const pulled = JSON.stringify(await pullCase(testCase));
    expect(pulled).not.toMatch(/secret prompt|secret answer|too large/);
  });

  it("lists no folder of bodies and signs each attempt for the bucket's region", async () => {
    const api = await startFakeApi(s3StandIn(objects));
    try {
      const source = createBedrockSource(createApiClient({ firstPauseMs: 1 }));
      const check = await source.test(contextOf(api.url), new AbortController().signal);
      expect(check.account).toBe("bucket acme-logs: account 123456789012 in us-east-1, account 210987654321 in eu-west-1");
      expect(check.notes.join(" ")).toMatch(/no money.*no batch jobs.*counts alone/);
      for await (const pulled of source.pull(contextOf(api.url), testCase.period, new AbortController().signal))
        expect(pulled.type).not.toBe("charges");
      expect(api.requests.filter(({ url }) => url.pathname.includes("/data/"))).toEqual([]);
      for (const { headers } of api.requests) expect(headers.authorization).toContain(`Credential=${keyId}/20261102/eu-west-1/s3/`);
    } finally {
      await api.close();
    }
  });

  it("says where it looked when there is no log yet", async () => {
    const api = await startFakeApi(s3StandIn(new Map()));
    try {
      const check = await createBedrockSource(createApiClient()).test(contextOf(api.url), new AbortController().signal);
      expect(check).toMatchObject({ account: "bucket acme-logs" });
      expect(check.notes[0]).toMatch(/No log was found under audit\/logs\/AWSLogs\/ yet: switch on model invocation logging/);
    } finally {
      await api.close();
    }
  });

  it("sends a temporary key's session token with the signature", async () => {
    const api = await startFakeApi(s3StandIn(objects));
    try {
      const source = createBedrockSource(createApiClient({ firstPauseMs: 1, attempts: 1 }));
      // The stand-in computes the signature without a session token, so it refuses; what counts is what it was sent.
      await expect(source.test({ ...contextOf(api.url, { sessionToken: "session-1" }) }, new AbortController().signal)).rejects.toThrow(
        /s3:ListBucket/,
      );
      expect(api.requests[0]?.headers["x-amz-security-token"]).toBe("session-1");
      expect(api.requests[0]?.headers.authorization).toContain("x-amz-security-token");
    } finally {
      await api.close();
    }
  });

  it("says that another region has the bucket where S3 answers with a redirect", async () => {
    const api = await startFakeApi(() => ({ status: 301, body: "<Error><Code>PermanentRedirect</Code></Error>" }));
    try {
      const source = createBedrockSource(createApiClient({ firstPauseMs: 1 }));
      await expect(source.test(contextOf(api.url), new AbortController().signal)).rejects.toThrow(/points to another address.*region/);
    } finally {
      await api.close();
    }
  });

  it.each([
    [{ region: "Ireland" }, /setting region/],
    [{ endpoint: "https://user:word@s3.example.com" }, /setting endpoint/],
    [{ bucket: "../other" }, /setting bucket/],
    [{ profiles: "chat=claude" }, /setting profiles/],
  ])("refuses a setting that is none: %j", async (more, reason) => {
    const source = createBedrockSource(createApiClient());
    await expect(source.test(contextOf("http://127.0.0.1:9", more), new AbortController().signal)).rejects.toThrow(reason);
  });
});

function contextOf(url: string, more: Readonly<Record<string, string>> = {}): SourceContext {
  const keys = { workloadKey: "workload", teamKey: "team", userKey: "user" };
  return { orgId: "org_one", connection: "src_0f1e2d3c-one", settings: { ...keys, ...given(url), ...more }, now: () => now };
}

const application = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/k3v9s0x1y2z3";
const context = {
  orgId: "org_one",
  idPrefix: "",
  profiles: profilesOf(`${application} = anthropic.claude-opus-5, `),
  keys: { workload: "workload", team: "team", user: "user" },
} as const;
const read = (more: object): UsageEvent => {
  const event = bedrockEvent(logLine("r-1", more), context);
  if ("refused" in event) throw new Error(event.refused);
  return UsageEvent.parse(event);
};
const reasonOf = (more: object): string => {
  const event = bedrockEvent(logLine("r-1", more), context);
  return "refused" in event ? event.refused : "not refused";
};
const counted = (
  inputTokenCount: number,
  cacheReadInputTokenCount: number,
  cacheWriteInputTokenCount: number,
  outputBodyJson?: unknown,
) => ({
  input: { inputTokenCount, cacheReadInputTokenCount, cacheWriteInputTokenCount },
  output: { outputTokenCount: 50, outputBodyJson },
});

describe("a line of the invocation log", () => {
  it("names who, what for, where and which model", () => {
    expect(read({})).toMatchObject({
      source: "bedrock",
      provider: "aws",
      requestedModel: "us.anthropic.claude-opus-5",
      model: "anthropic.claude-opus-5",
      region: "us-west-2",
      workload: "support-chat",
      team: "support",
      user: "alice@example.com",
      apiKey: "assumed-role/ChatApp",
      status: "ok",
      tokens: { ...noTokens, input: 100, output: 20 },
    });
  });

  it("litellm #13245: a stream that the client left early costs what the log counts, which is what AWS bills", () => {
    const left = read({
      operation: "ConverseStream",
      input: { inputTokenCount: 8_000 },
      output: { outputTokenCount: 4_096, outputBodyJson: [{ contentBlockDelta: { delta: { text: "Once" } } }] },
    });
    expect(left.tokens).toEqual({ ...noTokens, input: 8_000, output: 4_096 });
  });

  it("counts cached tokens beside the input, as AWS does", () => {
    expect(read(counted(100, 9_000, 500)).tokens).toEqual({ ...noTokens, input: 100, cache_read: 9_000, cache_write_5m: 500, output: 50 });
  });

  it("takes them out of a line whose answer shows that it counts them inside", () => {
    expect(read(counted(9_600, 9_000, 500, { usage: { inputTokens: 100, outputTokens: 50 } })).tokens).toMatchObject({
      input: 100,
      cache_read: 9_000,
    });
  });

  it.each([
    [
      "Converse",
      {
        usage: {
          inputTokens: 100,
          cacheDetails: [
            { inputTokens: 300, ttl: "1h" },
            { inputTokens: 200, ttl: "5m" },
          ],
        },
      },
    ],
    [
      "a stream of Converse",
      [
        { messageStart: {} },
        {
          metadata: {
            usage: {
              inputTokens: 100,
              cacheDetails: [
                { inputTokens: 300, ttl: "1h" },
                { inputTokens: 200, ttl: "5m" },
              ],
            },
          },
        },
      ],
    ],
    ["InvokeModel", { usage: { input_tokens: 100, cache_creation: { ephemeral_1h_input_tokens: 300, ephemeral_5m_input_tokens: 200 } } }],
    [
      "a stream of InvokeModel",
      [
        {
          type: "message_start",
          message: { usage: { input_tokens: 100, cache_creation: { ephemeral_1h_input_tokens: 300, ephemeral_5m_input_tokens: 200 } } },
        },
        { type: "message_delta", usage: { output_tokens: 50 } },
      ],
    ],
  ])("splits cache writes by their time to live as the answer of %s says", (_name, body) => {
    expect(read(counted(100, 9_000, 500, body)).tokens).toEqual({
      ...noTokens,
      input: 100,
      cache_read: 9_000,
      cache_write_5m: 200,
      cache_write_1h: 300,
      output: 50,
    });
  });

  it("refuses counts that agree with the answer in no way", () => {
    expect(reasonOf(counted(700, 9_000, 500, { usage: { inputTokens: 100 } }))).toBe(
      "tokens: inputTokenCount is 700, but the answer's usage says 100",
    );
    expect(reasonOf(counted(100, 0, 500, { usage: { inputTokens: 100, cacheDetails: [{ inputTokens: 400, ttl: "1h" }] } }))).toMatch(
      /is 500.*adds up to 400/,
    );
    expect(reasonOf(counted(-1, 0, 0))).toMatch(/^input\.inputTokenCount/);
  });

  it("takes a failed call without counts as one that used nothing, and an answer without them as unknown", () => {
    expect(read({ errorCode: "ThrottlingException", input: {}, output: undefined })).toMatchObject({ status: "error", tokens: noTokens });
    expect(read({ errorCode: "ThrottlingException", input: {}, output: undefined }).unmetered).toBeUndefined();
    expect(read({ errorCode: "ModelTimeoutException" }).status).toBe("timeout");
    expect(read({ input: {}, output: {} }).unmetered).toBe(true);
    expect(read({ input: { inputTokenCount: null }, output: null, errorCode: null, requestMetadata: null })).toMatchObject({
      unmetered: true,
      status: "ok",
      workload: "",
    });
  });

  it.each([
    [{ usage: { inputTokens: 100 }, serviceTier: { type: "flex" } }, "flex", "anthropic.claude-opus-5"],
    [[{ metadata: { usage: { inputTokens: 100 }, serviceTier: { type: "priority" } } }], "priority", "anthropic.claude-opus-5"],
    [{ usage: { inputTokens: 100 }, serviceTier: { type: "reserved" } }, "standard", "anthropic.claude-opus-5 (reserved)"],
  ])("takes the tier that the answer was served on: %j", (body, tier, model) => {
    expect(read(counted(100, 0, 0, body))).toMatchObject({ tier, model });
  });

  it("refuses a tier that it does not know", () => {
    expect(reasonOf(counted(100, 0, 0, { usage: { inputTokens: 100 }, serviceTier: { type: "turbo" } }))).toMatch(
      /serviceTier: it is not known/,
    );
  });

  it("prices no latency-optimized call by the standard rates", () => {
    expect(read({ performanceConfig: { latency: "optimized" } }).model).toBe("anthropic.claude-opus-5 (latency-optimized)");
    expect(read({ performanceConfig: { latency: "standard" } }).model).toBe("anthropic.claude-opus-5");
  });
});

describe("the model that an id names", () => {
  it.each([
    ["anthropic.claude-3-haiku-20240307-v1:0", "anthropic.claude-3-haiku-20240307-v1:0"],
    ["us.anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic.claude-sonnet-4-5-20250929-v1:0"],
    ["us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic.claude-sonnet-4-5-20250929-v1:0"],
    ["global.anthropic.claude-opus-5", "global.anthropic.claude-opus-5"],
    ["arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"],
    ["arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"],
    [
      "arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:inference-profile/global.anthropic.claude-opus-5",
      "global.anthropic.claude-opus-5",
    ],
    [application, "anthropic.claude-opus-5"],
    ["arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc", "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc"],
  ])("%s", (id, model) => {
    expect(modelOf(id, context.profiles)).toBe(model);
  });
});
