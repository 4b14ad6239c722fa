import { describe, expect, it } from "vitest";
import { partsOf } from "../../src/compose-parts.ts";
import { readConfig } from "../../src/config.ts";
import { checkRole, ProcessRole, readRole } from "../../src/roles.ts";

const key = Buffer.alloc(32, 1).toString("base64");
const database = { DATABASE_URL: "postgres://db.internal/apex", APEX_SECRET_KEY: key };
const servers = { ...database, CLICKHOUSE_URL: "http://clickhouse.internal:8123" };
const configOf = (environment: Record<string, string>) => readConfig("/srv/apex", environment);

describe("the role of a process", () => {
  it("is everything unless it is said", () => {
    expect(readRole(undefined)).toBe("all");
    expect(ProcessRole.options.map(readRole)).toEqual(["all", "api", "worker", "gateway"]);
  });

  it("is refused by name where there is none such, or not yet", () => {
    expect(() => readRole("banana")).toThrow('There is no role "banana". Use one of all, api, worker, gateway.');
    expect(() => readRole("listener")).toThrow(/heard by the roles all and api/);
  });

  it.each([
    [{}, /set DATABASE_URL and CLICKHOUSE_URL, or/],
    [database, /: set CLICKHOUSE_URL, or/],
    [{ CLICKHOUSE_URL: servers.CLICKHOUSE_URL }, /: set DATABASE_URL, or/],
    [{ ...servers, APEX_SECRET_KEY: "" }, /set APEX_SECRET_KEY to the same key for all of them/],
  ])("apart from others needs servers and a shared key, and with %j it says which", (environment, sentence) => {
    const config = configOf(environment);
    expect(() => checkRole("all", config)).not.toThrow();
    for (const role of ["api", "worker", "gateway"] as const) expect(() => checkRole(role, config)).toThrow(sentence);
  });

  it("is content with both servers, on either queue", () => {
    for (const environment of [servers, { ...servers, REDIS_URL: "redis://cache.internal" }]) {
      for (const role of ProcessRole.options) expect(() => checkRole(role, configOf(environment))).not.toThrow();
    }
  });

  it("decides what is on, and what is off says why", () => {
    const config = configOf({
      ...servers,
      SLACK_BOT_TOKEN: "xoxb-1",
      SLACK_SIGNING_SECRET: "s",
      SLACK_ADMINS: "U1",
      OPENAI_API_KEY: "sk-1",
    });
    const of = (role: ProcessRole) => partsOf(config, role).join("\n");
    expect(of("all")).toMatch(
      /Slack +on at \/slack\/events\nTeams +off: .*\nDiscord +off: .*\nGateway +on at \/v1, to openai\nWorker +on\n/,
    );
    expect(of("api")).toMatch(
      /Slack +on at \/slack\/events\nTeams +off: .*\nDiscord +off: .*\nGateway +off: the role is api.*\nWorker +off: the role is api/,
    );
    expect(of("worker")).toMatch(/Slack +on for what is posted.*\nTeams +off: .*\nDiscord +off: .*\nGateway +off: .*\nWorker +on\n/);
    expect(of("gateway")).toMatch(/Slack +off: .*\nTeams +off: .*\nDiscord +off: .*\nGateway +on at \/v1, to openai\nWorker +off: /);
  });
});
