import { createServer } from "node:http";
import { GoogleGenerativeAI } from "@google/generative-ai";
import OpenAI, { AuthenticationError } from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type StandIn, startStandIn } from "../../demo/stand-in-provider.ts";
import { chatAttributes, traceRequest } from "../setup/trace-request.ts";
import { createWorkspace, type Service, type Workspace } from "./apex-process.ts";

/** A stand-in for the APIs of Anthropic and Google that says it is one. */
const startOthersStandIn = async (): Promise<{ url: string; close: () => Promise<void> }> => {
  const message = {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "claude-sonnet-4-5-20250929",
    content: [{ type: "text", text: "I am a stand-in provider, not an AI model." }],
    stop_reason: "end_turn",
    usage: { input_tokens: 100_000, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 7 },
  };
  const generated = {
    candidates: [{ content: { role: "model", parts: [{ text: "I am a stand-in provider, not an AI model." }] }, finishReason: "STOP" }],
    usageMetadata: { promptTokenCount: 100_000, candidatesTokenCount: 7, totalTokenCount: 100_007 },
    modelVersion: "gemini-2.5-flash",
  };
  const server = createServer((req, res) => {
    const toAnthropic = req.url === "/v1/messages" && req.headers["x-api-key"] === "sk-ant-stand-in";
    const toGoogle = req.url === "/v1beta/models/gemini-2.5-flash:generateContent" && req.headers["x-goog-api-key"] === "goog-stand-in";
    const answer = toAnthropic ? message : toGoogle ? generated : undefined;
    res.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" }).end(JSON.stringify(answer ?? {}));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${address.port}`, close };
};

describe("a gateway key made at the command line", () => {
  let workspace: Workspace;
  let service: Service;
  let standIn: StandIn;
  let others: { readonly url: string; readonly close: () => Promise<void> };

  beforeAll(async () => {
    standIn = await startStandIn();
    others = await startOthersStandIn();
    workspace = await createWorkspace({
      OPENAI_API_KEY: "sk-stand-in",
      OPENAI_BASE_URL: standIn.baseUrl,
      ANTHROPIC_API_KEY: "sk-ant-stand-in",
      ANTHROPIC_BASE_URL: others.url,
      GEMINI_API_KEY: "goog-stand-in",
      GEMINI_BASE_URL: others.url,
    });
    service = await workspace.up();
  });
  afterAll(async () => {
    await service.end("SIGTERM");
    await Promise.all([workspace.remove(), standIn.close(), others.close()]);
  });

  const call = (apiKey: string) =>
    new OpenAI({ apiKey, baseURL: `${service.url}/v1`, maxRetries: 0 }).chat.completions.create({
      model: "gpt-5",
      messages: [{ role: "user", content: "hello" }],
      metadata: { trace_prompt_tokens: "100", trace_completion_tokens: "7" },
    });

  it("lets the official client through, meters its usage, and stops doing so when revoked", async () => {
    const made = await workspace.apex("key", "tests", "--workload", "checkout");
    expect(made).toMatchObject({ code: 0 });
    const secret = made.out.trim();
    await expect
      .poll(
        () =>
          call(secret).then(
            (answer) => answer.usage?.completion_tokens,
            () => 0,
          ),
        { timeout: 5_000 },
      )
      .toBe(7);

    await expect
      .poll(async () => (await workspace.apex("ask", "what did we spend by workload today?")).out, { timeout: 10_000 })
      .toContain("checkout");

    const id = /gwk_[\w-]+/.exec(made.err)?.[0] ?? "";
    expect(await workspace.apex("key", "--revoke", id)).toMatchObject({ code: 0 });
    await expect
      .poll(
        () =>
          call(secret).then(
            () => "answered",
            (error: unknown) => (error instanceof AuthenticationError ? "refused" : "failed"),
          ),
        { timeout: 5_000 },
      )
      .toBe("refused");
  });

  it("calls Google's models through Google's own client, with its use in the same books", async () => {
    const made = await workspace.apex("key", "translations", "--workload", "translations");
    const model = new GoogleGenerativeAI(made.out.trim()).getGenerativeModel({ model: "gemini-2.5-flash" }, { baseUrl: service.url });
    const say = () => model.generateContent("Hello?").then(({ response }) => response.text());
    await expect.poll(() => say().catch(() => "refused"), { timeout: 5_000 }).toContain("stand-in provider");
    await expect
      .poll(async () => (await workspace.apex("ask", "what did we spend by workload today?")).out, { timeout: 10_000 })
      .toContain("translations");
  });

  it("calls Anthropic's models in Anthropic's own API, with its use in the same books", async () => {
    const made = await workspace.apex("key", "agents", "--workload", "agents");
    const send = () =>
      fetch(`${service.url}/v1/messages`, {
        method: "POST",
        headers: { "x-api-key": made.out.trim(), "anthropic-version": "2023-06-01" },
        body: JSON.stringify({ model: "claude-sonnet-4-5", max_tokens: 10, messages: [{ role: "user", content: "Hello?" }] }),
      });
    await expect.poll(async () => (await send()).status, { timeout: 5_000 }).toBe(200);
    expect(await (await send()).json()).toMatchObject({ type: "message", usage: { output_tokens: 7 } });
    await expect
      .poll(async () => (await workspace.apex("ask", "what did we spend by workload today?")).out, { timeout: 10_000 })
      .toContain("agents");
  });

  it("that can only send usage sends a trace and a file, and reaches no model", async () => {
    const made = await workspace.apex("key", "traces", "--ingest");
    expect(made).toMatchObject({ code: 0 });
    expect(made.err).toContain("cannot call models");
    const secret = made.out.trim();
    const headers = { authorization: `Bearer ${secret}` };
    const attributes = { ...chatAttributes, "apex.workload": "traced" };
    const sent = await fetch(`${service.url}/v1/traces`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify(traceRequest([{ name: "a", startMs: Date.now() - 2_000, attributes }])),
    });
    expect([sent.status, await sent.json()]).toEqual([200, {}]);
    const csv = `timestamp,model,prompt_tokens,completion_tokens,feature\n${new Date().toISOString()},gpt-5,10,1,uploaded\n`;
    const file = await fetch(`${service.url}/api/usage/files?name=a.csv`, { method: "POST", headers, body: csv });
    expect([file.status, await file.json()]).toMatchObject([200, { accepted: 1 }]);
    const { out } = await workspace.apex("ask", "what did we spend by workload today?");
    expect(out).toContain("traced");
    expect(out).toContain("uploaded");
    await expect(call(secret)).rejects.toBeInstanceOf(AuthenticationError);
  });
});
