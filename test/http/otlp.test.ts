import { gzipSync } from "node:zlib";
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtoExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from "@opentelemetry/sdk-trace-base";
import OpenAI, { AuthenticationError } from "openai";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { fromUsd } from "../../src/core/money.ts";
import { traceBodyLimit } from "../../src/http/routes/otlp.ts";
import { type RunningApp, startApp } from "../setup/running-app.ts";
import { chatAttributes, type SpanSketch, traceRequest } from "../setup/trace-request.ts";

const Partly = z.object({ partialSuccess: z.object({ rejectedSpans: z.string(), errorMessage: z.string() }) });

describe("POST /v1/traces of the running application", () => {
  let running: RunningApp;
  let key: string;

  beforeAll(async () => {
    running = await startApp();
    key = await newKey("ingest");
  });
  afterAll(() => running.close());

  const newKey = async (purpose: "ingest" | "gateway"): Promise<string> =>
    (await running.app.stores.gateway.createKey(running.orgId, { label: "tests", workload: "", team: "", purpose })).secret;

  const post = (body: Uint8Array | string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    fetch(`${running.url}/v1/traces`, {
      method: "POST",
      body: typeof body === "string" ? body : Buffer.from(body),
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
    });
  const send = (spans: readonly SpanSketch[]): Promise<Response> => post(JSON.stringify(traceRequest(spans)));
  const problemOf = async (response: Response): Promise<readonly [number, string]> => [
    response.status,
    z.object({ message: z.string() }).parse(await response.json()).message,
  ];
  /** What is stored of one workload. */
  const spend = async (workload: string) => {
    const { rows } = await running.usage.spend({
      orgId: running.orgId,
      period: { from: new Date("2026-01-01T00:00:00Z"), to: new Date("2028-01-01T00:00:00Z") },
      filters: { workload: [workload], source: ["otlp"] },
      by: ["provider", "model", "team", "status"],
      grain: "total",
    });
    return rows;
  };

  const exporters: Readonly<Record<string, (headers: Record<string, string>) => SpanExporter>> = {
    "@opentelemetry/exporter-trace-otlp-http (JSON)": (headers) => new JsonExporter({ url: `${running.url}/v1/traces`, headers }),
    "@opentelemetry/exporter-trace-otlp-proto (protobuf)": (headers) => new ProtoExporter({ url: `${running.url}/v1/traces`, headers }),
  };
  const ways = Object.keys(exporters).flatMap((name) => ["none", "gzip"].map((compression) => [name, compression] as const));

  it.each(ways)("takes what the real %s sends, compression %s", async (name, compression) => {
    const workload = `service ${name} ${compression}`;
    process.env["OTEL_EXPORTER_OTLP_COMPRESSION"] = compression;
    const exporter = exporters[name]?.({ authorization: `Bearer ${key}` });
    if (exporter === undefined) throw new Error("There is no such exporter.");
    const provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ "service.name": workload, team: "shop" }),
      spanProcessors: [new BatchSpanProcessor(exporter)],
    });
    const tracer = provider.getTracer("tests");
    for (let i = 0; i < 20; i += 1) {
      const agent = tracer.startSpan("invoke_agent", { attributes: { ...chatAttributes, "gen_ai.operation.name": "invoke_agent" } });
      const within = trace.setSpan(ROOT_CONTEXT, agent);
      const chat = tracer.startSpan(
        "chat gpt-5",
        { kind: SpanKind.CLIENT, attributes: { ...chatAttributes, "gen_ai.response.id": `chatcmpl-${workload}-${i}` } },
        within,
      );
      chat.addEvent("gen_ai.choice", { content: "something that was said" });
      chat.setAttribute("gen_ai.response.finish_reasons", ["stop"]);
      chat.end();
      const failed = tracer.startSpan(
        "chat gpt-5",
        {
          attributes: {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-5",
            "error.type": "429",
          },
        },
        within,
      );
      failed.setStatus({ code: SpanStatusCode.ERROR });
      failed.end();
      agent.end();
    }
    await provider.forceFlush();
    await provider.shutdown();
    const rows = await spend(workload);
    expect(rows.find(({ key }) => key.status === "ok")).toMatchObject({
      key: { provider: "openai", model: "gpt-5", team: "shop" },
      requests: 20,
      tokens: { input: 20_000, output: 4_000 },
      unpricedRequests: 0,
    });
    expect(rows.find(({ key }) => key.status === "error")).toMatchObject({ requests: 20, tokens: { input: 0, output: 0 } });
    // gpt-5: 1.25 and 10 USD per million.
    expect(rows.reduce((sum, { cost }) => sum + cost, 0n)).toBe(fromUsd("0.065"));
  });

  it("answers an empty request, and one without a model call, with plain success", async () => {
    for (const body of ["{}", JSON.stringify(traceRequest([{ name: "GET /", attributes: { "http.request.method": "GET" } }]))]) {
      const response = await post(body);
      expect([response.status, response.headers.get("content-type"), await response.json()]).toEqual([200, "application/json", {}]);
    }
    const empty = await post(new Uint8Array(), { "content-type": "application/x-protobuf" });
    expect([empty.status, empty.headers.get("content-type"), (await empty.arrayBuffer()).byteLength]).toEqual([
      200,
      "application/x-protobuf",
      0,
    ]);
  });

  it("stores the good spans of a request and says which it rejected, and why", async () => {
    const cached = { ...chatAttributes, "apex.workload": "partly", "gen_ai.usage.cache_read.input_tokens": 2_000 };
    const response = await send([
      { name: "good", attributes: { ...chatAttributes, "apex.workload": "partly" } },
      { name: "bad", attributes: cached },
      { name: "as bad", attributes: cached },
    ]);
    expect(response.status).toBe(200);
    const { partialSuccess } = Partly.parse(await response.json());
    expect(partialSuccess.rejectedSpans).toBe("2");
    expect(partialSuccess.errorMessage).toContain("and 1 more: 2000 cached tokens are more than the 1000 input tokens");
    expect(await spend("partly")).toMatchObject([{ requests: 1 }]);
  });

  it("counts a request that is sent again, four times at once and once later, as one", async () => {
    const spans = Array.from({ length: 50 }, (_, i) => ({
      name: `again ${i}`,
      trace: "again",
      attributes: { ...chatAttributes, "apex.workload": "again" },
    }));
    await Promise.all([1, 2, 3, 4].map(async () => expect((await send(spans)).status).toBe(200)));
    expect((await send(spans)).status).toBe(200);
    expect(await spend("again")).toMatchObject([{ requests: 50, tokens: { input: 50_000 } }]);
  });

  it("counts once what two processes report at the same moment, in different hours and with nothing in common but the answer's id", async () => {
    const hour = Date.UTC(2026, 10, 20, 11);
    const reports = (process: string, startMs: number) =>
      Array.from({ length: 50 }, (_, i) => ({
        name: `${process} ${i}`,
        trace: process,
        startMs,
        attributes: { ...chatAttributes, "apex.workload": "straddling", "gen_ai.response.id": `chatcmpl-straddling-${i}` },
      }));
    await Promise.all([
      send(reports("proxy", hour + 5)),
      send(reports("app", hour - 5)),
      send(reports("app", hour - 5)),
      send(reports("proxy", hour + 5)),
    ]);
    expect(await spend("straddling")).toMatchObject([{ requests: 50 }]);
  });

  it("counts a framework's span and the SDK's below it once, whichever request comes first", async () => {
    const outer = (i: number): SpanSketch => ({
      name: `outer ${i}`,
      trace: "nested",
      attributes: { ...chatAttributes, "apex.workload": "nested" },
    });
    const inner = (i: number): SpanSketch => ({ ...outer(i), name: `inner ${i}`, parent: `outer ${i}` });
    await send([outer(1)]);
    await send([inner(1), inner(2)]);
    await send([outer(2), outer(3), inner(3)]);
    await Promise.all([send([outer(4)]), send([inner(4)])]);
    expect(await spend("nested")).toMatchObject([{ requests: 4 }]);
  });

  it("lets nobody in without a key, with a wrong one, or with one for model traffic", async () => {
    const body = JSON.stringify(traceRequest([{ name: "a", attributes: { ...chatAttributes, "apex.workload": "stranger" } }]));
    expect(await problemOf(await post(body, { authorization: "" }))).toEqual([401, expect.stringContaining("apex key LABEL --ingest")]);
    expect(await problemOf(await post(body, { authorization: "Bearer wrong" }))).toEqual([
      401,
      expect.stringContaining("wrong or was revoked"),
    ]);
    expect(await problemOf(await post(body, { authorization: `Bearer ${await newKey("gateway")}` }))).toEqual([
      403,
      expect.stringContaining("cannot send usage"),
    ]);
    const proto = await post(new Uint8Array(), { authorization: "", "content-type": "application/x-protobuf" });
    expect([proto.status, proto.headers.get("content-type")]).toEqual([401, "application/x-protobuf"]);
    expect(Buffer.from(await proto.arrayBuffer()).toString()).toContain("--ingest");
    expect(await spend("stranger")).toEqual([]);
  });

  it("keeps an ingest key away from models, and a revoked one out within a second or so", async () => {
    const client = new OpenAI({ apiKey: key, baseURL: `${running.url}/v1`, maxRetries: 0 });
    await expect(client.models.list()).rejects.toBeInstanceOf(AuthenticationError);
    const made = await running.app.stores.gateway.createKey(running.orgId, { label: "short", workload: "", team: "", purpose: "ingest" });
    const attempt = async () => (await post("{}", { authorization: `Bearer ${made.secret}` })).status;
    expect(await attempt()).toBe(200);
    await running.app.stores.gateway.revokeKey(running.orgId, made.key.id);
    await expect.poll(attempt, { timeout: 2_000, interval: 100 }).toBe(401);
  });

  it("answers garbage with 400, another kind of content with 415, and too much with 413, each with a sentence", async () => {
    for (const garbage of ['{"resourceSpans":', '{"resourceSpans":[{"scopeSpans":7}]}', "\u00ff"])
      expect(await problemOf(await post(garbage))).toEqual([400, expect.stringContaining("no OTLP trace request in JSON")]);
    const proto = await post("garbage", { "content-type": "application/x-protobuf" });
    expect([proto.status, Buffer.from(await proto.arrayBuffer()).toString()]).toEqual([
      400,
      expect.stringContaining("no OTLP trace request in protobuf"),
    ]);
    expect(await problemOf(await post("{}", { "content-encoding": "gzip" }))).toEqual([400, expect.stringContaining("is not gzip")]);
    expect(await problemOf(await post("{}", { "content-encoding": "br" }))).toEqual([400, expect.stringContaining("use gzip or none")]);
    expect(await problemOf(await post("a=b", { "content-type": "text/plain" }))).toEqual([
      415,
      expect.stringContaining("application/x-protobuf"),
    ]);
    const bomb = gzipSync(Buffer.alloc(traceBodyLimit + 1));
    expect(bomb.length).toBeLessThan(100_000);
    expect(await problemOf(await post(bomb, { "content-encoding": "gzip" }))).toEqual([
      413,
      expect.stringContaining(`${traceBodyLimit} bytes`),
    ]);
    expect(await problemOf(await post(Buffer.alloc(traceBodyLimit + 1)))).toEqual([413, expect.stringContaining("Send smaller batches")]);
  });

  it("sends metrics and logs away with a sentence, and leaves models to the gateway", async () => {
    for (const path of ["metrics", "logs"]) {
      const response = await fetch(`${running.url}/v1/${path}`, { method: "POST", body: "{}" });
      expect([response.status, await response.text()]).toEqual([404, expect.stringContaining("Apex takes traces alone")]);
    }
    expect((await fetch(`${running.url}/v1/models`)).status).toBe(401);
  });

  it("asks for patience while the store is away, and then takes the same request", async () => {
    const body = JSON.stringify(
      traceRequest([{ name: "later", trace: "later", attributes: { ...chatAttributes, "apex.workload": "later" } }]),
    );
    const client = new Client({
      connectionString: running.app.config.relational.kind === "server" ? running.app.config.relational.url : "",
    });
    await client.connect();
    await client.query("ALTER TABLE usage_claims RENAME TO usage_claims_away");
    const response = await post(body);
    await client.query("ALTER TABLE usage_claims_away RENAME TO usage_claims");
    await client.end();
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
    expect((await post(body)).status).toBe(200);
    expect(await spend("later")).toMatchObject([{ requests: 1 }]);
  });

  it("turns a flood of one key away with 429 and Retry-After, and takes its other requests", async () => {
    const body = gzipSync(
      JSON.stringify(
        traceRequest(
          Array.from({ length: 200 }, (_, i) => ({
            name: `flood ${i}`,
            trace: "flood",
            attributes: { ...chatAttributes, "apex.workload": "flood" },
          })),
        ),
      ),
    );
    const responses = await Promise.all(Array.from({ length: 60 }, () => post(body, { "content-encoding": "gzip" })));
    const refused = responses.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(responses.filter(({ status }) => status === 200).length + refused.length).toBe(60);
    expect(refused[0]?.headers.get("retry-after")).toBe("1");
    expect(await spend("flood")).toMatchObject([{ requests: 200 }]);
  });

  it("writes nothing of what was said into the database", async () => {
    await send([{ name: "said", trace: "said", attributes: { ...chatAttributes, "gen_ai.input.messages": "the password is swordfish" } }]);
    const client = new Client({
      connectionString: running.app.config.relational.kind === "server" ? running.app.config.relational.url : "",
    });
    await client.connect();
    const { rows } = await client.query("SELECT c::text FROM usage_claims c");
    await client.end();
    expect(JSON.stringify(rows)).not.toContain("swordfish");
    expect(rows.length).toBeGreaterThan(0);
  });
});

describe("a process that takes no usage", () => {
  it("says so at /v1/traces, whether it serves models or not", async () => {
    const running = await startApp({}, { http: false, gateway: true });
    try {
      const response = await fetch(`${running.url}/v1/traces`, { method: "POST", body: "{}" });
      expect([response.status, await response.text()]).toEqual([404, expect.stringContaining("role all or api")]);
    } finally {
      await running.close();
    }
  });
});
