import { describe, expect, it } from "vitest";
import { readConfig } from "../src/config.ts";

const key = Buffer.alloc(32, 1).toString("base64");

const guid = "11111111-2222-4333-8444-555555555555";
const teams = { TEAMS_APP_ID: guid, TEAMS_APP_PASSWORD: "s", TEAMS_TENANTS: guid };
const playground = { TEAMS_PLAYGROUND_URL: "http://localhost:56150", TEAMS_TENANTS: "t" };
const discord = { DISCORD_BOT_TOKEN: "t", DISCORD_PUBLIC_KEY: "0a".repeat(32), DISCORD_APPLICATION_ID: "4", DISCORD_GUILDS: "1, 2" };

describe("the configuration", () => {
  it("is all embedded, with Slack off and why, where nothing is set", () => {
    expect(readConfig("/srv/apex", {})).toMatchObject({
      dataDir: "/srv/apex/.apex",
      port: 8000,
      relational: { kind: "embedded" },
      queue: { kind: "postgres" },
      analytics: { kind: "embedded" },
      slack: { kind: "off", why: "set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET to turn it on" },
      secretKey: undefined,
    });
  });

  it("takes providers' base URLs as their official clients do", () => {
    const anthropic = (url: string) => readConfig("/", { ANTHROPIC_API_KEY: "k", ANTHROPIC_BASE_URL: url }).upstreams;
    const expected = [{ provider: "anthropic", baseUrl: "http://a.example/v1", apiKey: "k" }];
    for (const url of ["http://a.example", "http://a.example/", "http://a.example/v1"]) expect(anthropic(url)).toEqual(expected);
    const both = readConfig("/", { OPENAI_API_KEY: "o", ANTHROPIC_API_KEY: "k" }).upstreams;
    expect(both.map(({ baseUrl }) => baseUrl)).toEqual(["https://api.openai.com/v1", "https://api.anthropic.com/v1"]);
  });

  it("takes Google's key by either name, and its base URL with a version or without", () => {
    const google = (env: Record<string, string>) => readConfig("/", env).upstreams;
    expect(google({ GOOGLE_API_KEY: "k" })).toEqual([
      { provider: "google", baseUrl: "https://generativelanguage.googleapis.com/v1beta", apiKey: "k" },
    ]);
    for (const [given, used] of [
      ["http://g.example", "http://g.example/v1beta"],
      ["http://g.example/", "http://g.example/v1beta"],
      ["http://g.example/v1beta/", "http://g.example/v1beta"],
      ["http://g.example/proxy/v1", "http://g.example/proxy/v1"],
    ] as const) {
      const upstreams = google({ GEMINI_API_KEY: "k", GOOGLE_API_KEY: "other", GEMINI_BASE_URL: given });
      expect(upstreams).toEqual([{ provider: "google", baseUrl: used, apiKey: "k" }]);
    }
  });

  it("swaps each engine on its own", () => {
    expect(readConfig("/", { DATABASE_URL: "postgresql://db/apex", APEX_SECRET_KEY: key })).toMatchObject({
      relational: { kind: "server", url: "postgresql://db/apex" },
      queue: { kind: "postgres" },
      analytics: { kind: "embedded" },
    });
    expect(readConfig("/", { DATABASE_URL: "postgresql://db/apex" })).toMatchObject({
      relational: { kind: "server" },
      secretKey: undefined,
    });
    expect(readConfig("/", { REDIS_URL: "redis://r:6379", REDIS_PREFIX: "x" }).queue).toEqual({
      kind: "redis",
      url: "redis://r:6379",
      prefix: "x",
    });
    expect(readConfig("/", { CLICKHOUSE_URL: "http://c:8123" }).analytics).toMatchObject({ kind: "server", url: "http://c:8123" });
  });

  it("turns Discord on with all that it needs", () => {
    expect(readConfig("/", { ...discord, DISCORD_ADMINS: "5,6" }).discord).toMatchObject({
      kind: "on",
      guilds: ["1", "2"],
      admins: ["5", "6"],
    });
    expect(readConfig("/", {}).discord).toMatchObject({ kind: "off" });
    expect(readConfig("/", {}).teams).toMatchObject({ kind: "off" });
    expect(readConfig("/", { ...teams, TEAMS_ADMINS: guid }).teams).toMatchObject({
      kind: "on",
      admins: [guid],
      access: { kind: "cloud" },
    });
    expect(readConfig("/", playground).teams).toMatchObject({ kind: "on", appId: "", access: { kind: "playground" } });
  });

  it("reads an empty variable as one that is not set", () => {
    expect(readConfig("/", { DATABASE_URL: "", SLACK_BOT_TOKEN: " " })).toMatchObject({
      relational: { kind: "embedded" },
      slack: { kind: "off" },
    });
  });

  it("takes Slack's sign-in in place of a token, or beside it", () => {
    const signIn = {
      SLACK_CLIENT_ID: "1.2",
      SLACK_CLIENT_SECRET: "s",
      PUBLIC_URL: "https://apex.example.com",
      SLACK_SIGNING_SECRET: "12345678",
    };
    const on = readConfig("/", { ...signIn, SLACK_WORKSPACES: "T1, E2" }).slack;
    expect(on).toMatchObject({
      botToken: undefined,
      oauth: { clientId: "1.2", redirectUrl: "https://apex.example.com/slack/oauth_redirect" },
      workspaces: ["T1", "E2"],
    });
    expect(readConfig("/", { ...signIn, SLACK_BOT_TOKEN: "xoxb-1" }).slack).toMatchObject({ botToken: "xoxb-1" });
  });

  it("hears Slack over a socket without a signing secret", () => {
    expect(readConfig("/", { SLACK_BOT_TOKEN: "xoxb-1", SLACK_APP_TOKEN: "xapp-1" }).slack).toMatchObject({
      kind: "on",
      appToken: "xapp-1",
      signingSecret: undefined,
    });
  });

  it.each([
    [{ SLACK_BOT_TOKEN: "xoxb-1" }, /SLACK_SIGNING_SECRET is not/],
    [{ SLACK_SIGNING_SECRET: "12345678" }, /SLACK_BOT_TOKEN is not/],
    [{ SLACK_APP_TOKEN: "xapp-1" }, /SLACK_APP_TOKEN is set, but SLACK_BOT_TOKEN is not/],
    [{ SLACK_APP_TOKEN: "xoxb-1", SLACK_BOT_TOKEN: "xoxb-1" }, /SLACK_APP_TOKEN is not an app token/],
    [{ TEAMS_APP_ID: guid }, /TEAMS_APP_PASSWORD is not set, but TEAMS_APP_ID is/],
    [{ TEAMS_TENANTS: guid }, /TEAMS_APP_ID is not set/],
    [{ ...teams, TEAMS_APP_ID: "apex" }, /TEAMS_APP_ID is not an id/],
    [{ ...teams, TEAMS_APP_TENANT: "acme" }, /TEAMS_APP_TENANT is not an id/],
    [{ ...teams, TEAMS_TENANTS: `${guid},acme` }, /TEAMS_TENANTS is not a list of ids/],
    [{ ...teams, TEAMS_ADMINS: "ada" }, /TEAMS_ADMINS is not a list of ids/],
    [{ ...playground, TEAMS_APP_PASSWORD: "s" }, /TEAMS_PLAYGROUND_URL .* cannot be set together with TEAMS_APP_PASSWORD/],
    [{ ...playground, HOST: "0.0.0.0" }, /TEAMS_PLAYGROUND_URL .* HOST must be 127\.0\.0\.1/],
    [{ ...playground, TEAMS_PLAYGROUND_URL: "http://10.0.0.7:56150" }, /TEAMS_PLAYGROUND_URL .* must name this machine/],
    [{ ...playground, TEAMS_TENANTS: "" }, /TEAMS_TENANTS is not set, but TEAMS_PLAYGROUND_URL is/],
    [{ DISCORD_BOT_TOKEN: "t" }, /DISCORD_PUBLIC_KEY is not set/],
    [{ DISCORD_GUILDS: "1" }, /DISCORD_BOT_TOKEN is not set/],
    [{ ...discord, DISCORD_PUBLIC_KEY: "zz" }, /DISCORD_PUBLIC_KEY is not a public key/],
    [{ ...discord, DISCORD_APPLICATION_ID: "apex" }, /DISCORD_APPLICATION_ID is not an id/],
    [{ ...discord, DISCORD_GUILDS: "1,acme" }, /DISCORD_GUILDS is not a list of ids/],
    [{ ...discord, DISCORD_APPROVER_ROLES: "finops" }, /DISCORD_APPROVER_ROLES is not a list of role ids/],
    [{ ...discord, DISCORD_APPROVER_ROLES: "99:5" }, /DISCORD_APPROVER_ROLES is not a list of role ids, or of a server of DISCORD_GUILDS/],
    [{ ...discord, DISCORD_ADMINS: "ada" }, /DISCORD_ADMINS is not a list of ids/],
    [{ SLACK_CLIENT_ID: "1.2" }, /SLACK_CLIENT_SECRET is not/],
    [{ SLACK_CLIENT_ID: "1.2", SLACK_CLIENT_SECRET: "s" }, /PUBLIC_URL is not/],
    [{ SLACK_CLIENT_ID: "1.2", SLACK_CLIENT_SECRET: "s", PUBLIC_URL: "https://a.example" }, /SLACK_SIGNING_SECRET is not/],
    [{ APEX_SECRET_KEY: "short" }, /32 bytes/],
    [{ DATABASE_URL: "mysql://db", APEX_SECRET_KEY: key }, /DATABASE_URL is wrong/],
    [{ PORT: "eighty" }, /PORT is wrong/],
    [{ LOG_LEVEL: "loud" }, /LOG_LEVEL is wrong/],
  ])("stops on %j and says what to set", (environment, sentence) => {
    expect(() => readConfig("/", environment)).toThrow(sentence);
  });

  const litellm = {
    LITELLM_BASE_URL: "https://llm.example.com",
    LITELLM_MASTER_KEY: "sk-m",
    LITELLM_SCOPES: "support-chat=team:t-1, search=key:88dc",
  };

  it("names the places where policies take effect, each with what its workloads are there", () => {
    expect(readConfig("/", {}).actuators).toEqual({ litellm: undefined, portkey: undefined, export: undefined });
    const { actuators } = readConfig("/", {
      ...litellm,
      LITELLM_CREDENTIALS: "openai=main",
      PORTKEY_API_KEY: "pk",
      PORTKEY_CONFIGS: "support-chat=pc-a",
      APEX_EXPORT_DIR: "/out",
      APEX_EXPORT_LITELLM: "/srv/config/proxy.yaml::deploy/proxy.yaml",
      APEX_EXPORT_ENVOY: "/srv/config/route.yaml",
    });
    expect(actuators.litellm).toMatchObject({ settleMs: 0, credentials: new Map([["openai", "main"]]) });
    expect([...(actuators.litellm?.scopes ?? [])]).toEqual([
      ["support-chat", { kind: "team", id: "t-1" }],
      ["search", { kind: "key", id: "88dc" }],
    ]);
    expect(actuators.portkey).toEqual({ baseUrl: "https://api.portkey.ai/v1", apiKey: "pk", configs: new Map([["support-chat", "pc-a"]]) });
    expect(actuators.export).toEqual({
      dir: "/out",
      files: [
        { format: "litellm", path: "/srv/config/proxy.yaml", name: "deploy/proxy.yaml" },
        { format: "envoy", path: "/srv/config/route.yaml", name: "route.yaml" },
      ],
    });
  });

  it.each([
    [{ LITELLM_BASE_URL: "https://l" }, /LITELLM_MASTER_KEY is not set/],
    [{ LITELLM_MASTER_KEY: "k" }, /LITELLM_BASE_URL is not set/],
    [{ ...litellm, LITELLM_SCOPES: "" }, /LITELLM_SCOPES is not set: name the team or key/],
    [{ ...litellm, LITELLM_SCOPES: "support-chat=everybody" }, /"everybody" names no team and no key/],
    [{ ...litellm, LITELLM_SCOPES: "search=key:sk-123" }, /takes the hash of a key/],
    [{ ...litellm, LITELLM_SCOPES: "a=team:x,a=team:y" }, /names a twice/],
    [{ ...litellm, LITELLM_CREDENTIALS: "openai" }, /LITELLM_CREDENTIALS is not a list like openai=NAME/],
    [{ PORTKEY_API_KEY: "k" }, /PORTKEY_CONFIGS is not set/],
    [{ PORTKEY_CONFIGS: "a=b" }, /PORTKEY_API_KEY is not set/],
    [{ APEX_EXPORT_DIR: "/out" }, /without a file/],
    [{ APEX_EXPORT_ENVOY: "/f.yaml" }, /APEX_EXPORT_DIR is not set/],
  ])("a place that is half set up (%o) is refused at start, with what to set", (environment, sentence) => {
    expect(() => readConfig("/", environment)).toThrow(sentence);
  });

  it("trusts the addresses of providers that the environment names, and refuses what is none", () => {
    const read = (environment: Record<string, string>) => readConfig("/", environment);
    expect(read({ APEX_TRUSTED_UPSTREAMS: "http://10.0.0.5:8000/v1, https://llm.corp" }).trustedUpstreams).toEqual([
      "http://10.0.0.5:8000/v1",
      "https://llm.corp",
    ]);
    expect(() => read({ APEX_TRUSTED_UPSTREAMS: "10.0.0.5" })).toThrow(/^APEX_TRUSTED_UPSTREAMS holds an address that cannot be used/);
    expect(() => read({ OPENAI_BASE_URL: "https://me:secret@proxy/v1" })).toThrow(/^The base URL of openai holds an address/);
    expect(() => read({ ANTHROPIC_BASE_URL: "ftp://files" })).toThrow(/^The base URL of anthropic holds an address/);
  });

  it("uses no models where it is not told which, though keys are set, and none at all where they are switched off", () => {
    expect(readConfig("/", { OPENAI_API_KEY: "k" }).models).toEqual({ kind: "off", why: "set APEX_MODELS to turn them on" });
    const off = { OPENAI_API_KEY: "k", APEX_MODELS: "openai/gpt-5-mini", DEV_MODE_DISABLE_LLM: "true" };
    expect(readConfig("/", off).models).toEqual({ kind: "off", why: "DEV_MODE_DISABLE_LLM is set" });
    // Switched off, nothing of it is asked for.
    expect(readConfig("/", { APEX_MODELS: "openai/gpt-5-mini", DEV_MODE_DISABLE_LLM: "1" }).models.kind).toBe("off");
    expect(readConfig("/", { ...off, DEV_MODE_DISABLE_LLM: "false" }).models.kind).toBe("on");
    expect(() => readConfig("/", { ...off, DEV_MODE_DISABLE_LLM: "perhaps" })).toThrow('DEV_MODE_DISABLE_LLM must be "true" or "false".');
  });

  it("names models by their provider or by names that only one maker uses, and what they are able to do", () => {
    const env = { OPENAI_API_KEY: "k", ANTHROPIC_API_KEY: "k", GOOGLE_API_KEY: "k", APEX_GATEWAY_URL: "http://gateway:8000/" };
    const models = "gpt-5-mini, claude-sonnet-4-5 ,gemini/gemini-2.5-flash,openai/acme-9=strong";
    expect(readConfig("/", { ...env, APEX_MODELS: models, APEX_MODEL_BUDGET_USD: "0.2" }).models).toEqual({
      kind: "on",
      models: [
        { provider: "openai", model: "gpt-5-mini", rank: undefined },
        { provider: "anthropic", model: "claude-sonnet-4-5", rank: undefined },
        { provider: "google", model: "gemini-2.5-flash", rank: undefined },
        { provider: "openai", model: "acme-9", rank: "strong" },
      ],
      budget: 200_000_000_000n,
      gatewayUrl: "http://gateway:8000",
    });
  });

  it.each([
    [{ APEX_MODELS: "openai/gpt-5-mini" }, "APEX_MODELS names gpt-5-mini, and OPENAI_API_KEY is not set: set it, or leave the model out."],
    [{ APEX_MODELS: "gemini-2.5-flash" }, "GEMINI_API_KEY is not set"],
    [{ APEX_MODELS: "acme-9", OPENAI_API_KEY: "k" }, "whose provider is not openai, anthropic or google"],
    [{ APEX_MODELS: "mistral/large", OPENAI_API_KEY: "k" }, "whose provider is not openai, anthropic or google"],
    [{ APEX_MODELS: "gpt-5=best", OPENAI_API_KEY: "k" }, "which names no model"],
    [{ APEX_MODELS: ",", OPENAI_API_KEY: "k" }, "names no model"],
    [{ APEX_MODELS: "gpt-5", OPENAI_API_KEY: "k", APEX_MODEL_BUDGET_USD: "0" }, "APEX_MODEL_BUDGET_USD must be an amount above zero"],
    [{ APEX_MODELS: "gpt-5", OPENAI_API_KEY: "k", APEX_MODEL_BUDGET_USD: "-1" }, "APEX_MODEL_BUDGET_USD must be an amount above zero"],
    [{ APEX_MODELS: "gpt-5", OPENAI_API_KEY: "k", APEX_GATEWAY_URL: "http://me:secret@host" }, "APEX_GATEWAY_URL holds an address"],
  ])("refuses models that are not whole: %o", (environment, sentence) => {
    expect(() => readConfig("/", environment)).toThrow(sentence);
  });
});
