import OpenAI, { AuthenticationError } from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type StandIn, startStandIn } from "../../demo/stand-in-provider.ts";
import { chatAttributes, traceRequest } from "../setup/trace-request.ts";
import { createWorkspace, type Service, type Workspace } from "./apex-process.ts";

describe("a gateway key made at the command line", () => {
  let workspace: Workspace;
  let service: Service;
  let standIn: StandIn;

  beforeAll(async () => {
    standIn = await startStandIn();
    workspace = await createWorkspace({ OPENAI_API_KEY: "sk-stand-in", OPENAI_BASE_URL: standIn.baseUrl });
    service = await workspace.up();
  });
  afterAll(async () => {
    await service.end("SIGTERM");
    await Promise.all([workspace.remove(), standIn.close()]);
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
