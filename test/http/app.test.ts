import { once } from "node:events";
import { request } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { AppError } from "../../src/core/errors.ts";
import { createHttpApp, type HttpDeps } from "../../src/http/app.ts";
import type { RunCommand } from "../../src/http/routes/local.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const unused = () => Promise.reject(new AppError("internal", "not used here"));

const deps = (change: Partial<HttpDeps> = {}): HttpDeps => ({
  adapterFor: () => undefined,
  receive: {
    members: { installationOf: unused, memberOf: unused },
    inbound: { receiveMessage: unused, receiveClick: unused, receiveOpened: unused, receiveFeedback: unused, receiveRemoved: unused },
    runs: { get: unused },
    schedules: { of: unused },
    budgets: { list: unused },
    settings: { zoneOf: unused },
    jobs: { enqueue: unused },
    log: quiet,
  },
  ready: [],
  now: () => new Date(),
  log: quiet,
  ...change,
});

describe("the HTTP application", () => {
  const open: { close(): Promise<unknown> }[] = [];
  const app = (change: Partial<HttpDeps> = {}) => {
    const made = createHttpApp(deps(change));
    open.push(made);
    return made;
  };
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
  });

  it("says that it lives", async () => {
    expect((await app().inject("/health")).json()).toEqual({ status: "ok" });
  });

  it("is ready only while everything that it needs works, and does not say why not", async () => {
    let up = true;
    const check = async () => {
      if (!up) throw new Error("password of postgres://secret");
    };
    const http = app({ ready: [{ name: "postgres", check }] });
    expect((await http.inject("/health/ready")).statusCode).toBe(200);
    up = false;
    const response = await http.inject("/health/ready");
    expect([response.statusCode, response.body]).toEqual([503, '{"status":"failing","checks":{"postgres":"failing"}}']);
  });

  it("calls a check that hangs a failing one", async () => {
    const http = app({ ready: [{ name: "clickhouse", check: () => new Promise(() => undefined) }] });
    expect((await http.inject("/health/ready")).statusCode).toBe(503);
  });

  it("answers what does not exist with 404 and one shape of error", async () => {
    const response = await app().inject("/nowhere");
    expect([response.statusCode, response.json()]).toEqual([
      404,
      { error: { code: "not_found", message: "There is nothing at this address." } },
    ]);
    expect((await app().inject({ method: "POST", url: "/local/command", payload: {} })).statusCode).toBe(404);
  });

  it("says that Slack is off where it is", async () => {
    const response = await app().inject({ method: "POST", url: "/slack/events", payload: "{}" });
    expect([response.statusCode, response.body]).toEqual([404, expect.stringContaining("SLACK_BOT_TOKEN")]);
  });

  it("refuses a body that is too large, and never shows what broke inside", async () => {
    const adapter = {
      platform: "slack" as const,
      receive: () => Promise.reject(new Error("secret stack")),
      post: unused,
      show: unused,
      find: unused,
      notify: unused,
      tell: unused,
      direct: unused,
    };
    const http = app({ adapterFor: () => adapter });
    const large = await http.inject({
      method: "POST",
      url: "/slack/events",
      payload: "x".repeat(1_100_000),
      headers: { "content-type": "text/plain" },
    });
    expect([large.statusCode, large.json()]).toMatchObject([413, { error: { code: "bad_input" } }]);
    const broken = await http.inject({ method: "POST", url: "/slack/events", payload: "x", headers: { "content-type": "text/plain" } });
    expect(broken.statusCode).toBe(500);
    expect(broken.body).not.toContain("secret");
  });

  const token = "a-token-of-the-data-folder";
  const post = (http: ReturnType<typeof app>, payload: object, bearer = token) =>
    http.inject({ method: "POST", url: "/local/command", payload, headers: { authorization: `Bearer ${bearer}` } });

  it("streams what a local command writes, and its exit code", async () => {
    const seen: unknown[] = [];
    const runCommand: RunCommand = async (argv, cwd, sink) => {
      seen.push(argv, cwd);
      sink.out("one\n");
      sink.err("two\n");
      return 3;
    };
    const response = await post(app({ local: { token, runCommand } }), { argv: ["ask", "why?"], cwd: "/tmp" });
    expect(seen).toEqual([["ask", "why?"], "/tmp"]);
    expect(response.headers["content-type"]).toContain("application/x-ndjson");
    expect(response.body.trim().split("\n")).toEqual(['{"out":"one\\n"}', '{"err":"two\\n"}', '{"exit":3}']);
  });

  it("lets nobody in without the token", async () => {
    let runs = 0;
    const http = app({
      local: {
        token,
        runCommand: async () => {
          runs += 1;
          return 0;
        },
      },
    });
    expect((await post(http, { argv: [], cwd: "/" }, "wrong")).statusCode).toBe(401);
    expect((await http.inject({ method: "POST", url: "/local/command", payload: { argv: [], cwd: "/" } })).statusCode).toBe(401);
    expect((await post(http, { argv: "ask" })).statusCode).toBe(400);
    expect(runs).toBe(0);
  });

  it("ends a command that breaks with a sentence and exit code 1", async () => {
    const fail = async (error: Error) => {
      const runCommand: RunCommand = async () => {
        throw error;
      };
      return (await post(app({ local: { token, runCommand } }), { argv: [], cwd: "/" })).body;
    };
    expect(await fail(new AppError("not_found", "There is no such approval."))).toContain("There is no such approval.");
    const inside = await fail(new Error("secret"));
    expect(inside).toContain('{"exit":1}');
    expect(inside).not.toContain("secret");
  });

  it("stops a command whose caller has gone", async () => {
    let stop: AbortSignal | undefined;
    const http = app({
      local: {
        token,
        runCommand: async (_argv, _cwd, sink, signal) => {
          stop = signal;
          sink.out("begun\n");
          await once(signal, "abort");
          return 1;
        },
      },
    });
    const address = new URL(await http.listen({ host: "127.0.0.1", port: 0 }));
    const caller = request({
      host: "127.0.0.1",
      port: z.coerce.number().parse(address.port),
      path: "/local/command",
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    });
    caller.on("error", () => undefined);
    caller.end('{"argv":["ask"],"cwd":"/"}');
    await once(caller, "response");
    expect(stop?.aborted).toBe(false);
    caller.destroy();
    if (stop?.aborted === false) await once(stop, "abort");
    expect(stop?.aborted).toBe(true);
  });
});
