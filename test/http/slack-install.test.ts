import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { anyAdapter } from "../../adapters/any-adapter.ts";
import { createSlackAdapter, slackClientOptions } from "../../adapters/slack/index.ts";
import { createSlackInstaller } from "../../adapters/slack/oauth.ts";
import type { AnyPlatformAdapter } from "../../src/core/delivery.ts";
import { newId } from "../../src/core/ids.ts";
import { connectWorkspace } from "../../src/flows/connect-workspace.ts";
import { createHttpApp } from "../../src/http/app.ts";
import { type FakeApi, startFakeApi } from "../setup/fake-api.ts";
import { type SlackEmulator, startSlackEmulator } from "../setup/slack-emulator.ts";
import { eventBody, signed, signingSecret } from "../setup/slack-requests.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

const logged: string[] = [];
const note = (message: string, details?: object): void => void logged.push(`${message} ${JSON.stringify(details ?? {})}`);
const log = { info: note, warn: note, error: note };
const card = { about: newId("run"), version: 1, fallback: "Hello", parts: [{ type: "text" as const, text: "Hello" }] };
const oauth = { clientId: "111.222", clientSecret: "client-secret", redirectUrl: "http://127.0.0.1/slack/oauth_redirect" };

/** Apex with Slack's sign-in, whose Slack is at `apiUrl`. */
function apexWith(db: TestDatabase, apiUrl: string, now: () => Date) {
  const { stores } = db;
  const adapter: AnyPlatformAdapter = anyAdapter(
    createSlackAdapter({ signingSecret, apiUrl, log, oauth, installations: stores.installations, now }),
  );
  const orgFor = (platform: string, workspace: string) => stores.ensureOrg(`${platform}-${workspace}`);
  const http = createHttpApp({
    adapterFor: () => adapter,
    receive: { ...stores, jobs: { enqueue: async () => undefined }, log },
    install: {
      slack: {
        installer: createSlackInstaller({ ...oauth, apiUrl, clientOptions: slackClientOptions(apiUrl, log) }, stores.signIns),
        connect: (installed) => connectWorkspace({ ...stores, orgFor, log }, installed),
        now,
      },
    },
    ready: [],
    now,
    log,
  });
  const begin = async () => {
    const response = await http.inject({ method: "GET", url: "/slack/install" });
    const location = new URL(z.string().parse(response.headers.location));
    const cookie = z.string().parse(response.headers["set-cookie"]).split(";")[0] ?? "";
    return { location, cookie, state: location.searchParams.get("state") ?? "" };
  };
  const back = async (query: Readonly<Record<string, string>>, cookie: string) => {
    const { statusCode, body } = await http.inject({
      method: "GET",
      url: `/slack/oauth_redirect?${new URLSearchParams(query).toString()}`,
      headers: { cookie },
    });
    return { statusCode, body };
  };
  const event = async (raw: ReturnType<typeof signed>) =>
    (await http.inject({ method: "POST", url: "/slack/events", payload: raw.body, headers: { ...raw.headers } })).statusCode;
  return { adapter, http, begin, back, event };
}

describe("installing Apex from Slack's own sign-in", () => {
  let db: TestDatabase;
  let slack: SlackEmulator;
  let apex: ReturnType<typeof apexWith>;
  let ahead = 0;
  const now = () => new Date(Date.now() + ahead);

  beforeAll(async () => {
    [db, slack] = await Promise.all([createTestDatabase(now), startSlackEmulator()]);
    apex = apexWith(db, slack.apiUrl, now);
  });
  beforeEach(() => {
    ahead = 0;
    logged.length = 0;
  });
  afterAll(async () => {
    await apex.http.close();
    await Promise.all([slack.close(), db.drop()]);
  });

  /** Lets a person agree on Slack's page; gives the code that the browser brings back. */
  const agree = async (location: URL, userId: string): Promise<string> => {
    const { client_id, scope, redirect_uri, state } = Object.fromEntries(location.searchParams);
    const form = { user_id: userId, client_id, scope, redirect_uri, state, user_scope: "" };
    const response = await fetch(new URL("/oauth/v2/authorize/callback", location), {
      method: "POST",
      body: new URLSearchParams(z.record(z.string(), z.string()).parse(form)),
      redirect: "manual",
    });
    return new URL(response.headers.get("location") ?? "").searchParams.get("code") ?? "";
  };
  const install = async (userId: string) => {
    const { location, cookie, state } = await apex.begin();
    const code = await agree(location, userId);
    return { code, state, cookie, page: await apex.back({ code, state }, cookie) };
  };
  const member = (userId: string) => db.stores.members.memberOf({ platform: "slack", workspace: slack.team, userId, name: userId });

  it("makes an org of a new workspace and its installer an admin, and posts with the token that it got", async () => {
    const { page } = await install(slack.alice);
    expect(page).toMatchObject({ statusCode: 200 });
    expect(page.body).toContain("You are its admin");
    const orgId = await db.stores.members.orgOf("slack", slack.team);
    expect(await member(slack.alice)).toMatchObject({ orgId, role: "admin" });
    const place = { platform: "slack" as const, workspace: slack.team, channel: slack.channel, thread: "" };
    expect(await apex.adapter.post(place, card, undefined)).toMatchObject({ channel: slack.channel });
  });

  it("gives nobody a role where the workspace has an admin already", async () => {
    const { page } = await install(slack.bob);
    expect([page.statusCode, page.body.includes("Roles stay as they were")]).toEqual([200, true]);
    expect(await member(slack.bob)).toBeUndefined();
  });

  it("takes what a browser brings back once, only in the browser that began, only for ten minutes and only if it is ours", async () => {
    const used = await install(slack.alice);
    expect((await apex.back({ code: used.code, state: used.state }, used.cookie)).statusCode).toBe(401);

    const other = await apex.begin();
    const fresh = await apex.begin();
    const code = await agree(fresh.location, slack.alice);
    const [until = "", nonce = ""] = fresh.state.split(".");
    for (const [state, cookie] of [
      [fresh.state, other.cookie],
      [fresh.state, ""],
      [`${until}.${nonce}.AAAA`, `apex_slack_state=${until}.${nonce}.AAAA`],
      [`9${until}.${nonce}.${fresh.state.split(".")[2]}`, fresh.cookie],
      ["", ""],
    ])
      expect((await apex.back({ code, state: state ?? "" }, cookie ?? "")).statusCode).toBe(401);

    ahead = 11 * 60_000;
    const late = await apex.back({ code, state: fresh.state }, fresh.cookie);
    expect([late.statusCode, late.body.includes("longer than ten minutes")]).toEqual([401, true]);
  });

  it("says that nothing was connected where the installer says no, and escapes what Slack is said to have said", async () => {
    const { cookie, state } = await apex.begin();
    const refused = await apex.back({ error: "access_denied", state }, cookie);
    expect([refused.statusCode, refused.body.includes("cancelled")]).toEqual([403, true]);
    const { cookie: again, state: second } = await apex.begin();
    const unknown = await apex.back({ code: "<script>", state: second }, again);
    expect([unknown.statusCode, unknown.body.includes("<script>")]).toEqual([401, false]);
  });

  it("sends nothing once the workspace has removed the bot, and says so without a token", async () => {
    await install(slack.alice);
    const place = { team: slack.team, channel: slack.channel, user: slack.alice };
    const tokens = { oauth: ["U1"], bot: [] };
    const body = (event: object, id: string, seconds: number) =>
      signed(
        JSON.stringify({ ...z.record(z.string(), z.unknown()).parse(JSON.parse(eventBody(place, id, { ...event }))), event_time: seconds }),
        new Date(),
      );
    const at = Math.ceil(Date.now() / 1_000) + 1;
    const thread = { platform: "slack" as const, workspace: slack.team, channel: slack.channel, thread: "" };

    expect(await apex.event(body({ type: "tokens_revoked", tokens }, "Ev-user", at))).toBe(200);
    expect(await apex.event(body({ type: "app_uninstalled" }, "Ev-old", at - 3_600))).toBe(200);
    expect(await db.stores.installations.find("slack", slack.team)).toMatchObject({ kind: "installed" });

    expect(await apex.event(body({ type: "app_uninstalled" }, "Ev-gone", at))).toBe(200);
    expect(await apex.event(body({ type: "tokens_revoked", tokens: { bot: ["UBOT"] } }, "Ev-tokens", at))).toBe(200);
    expect(await db.stores.installations.find("slack", slack.team)).toEqual({ kind: "gone" });
    const failure = await apex.adapter.post(thread, card, undefined).then(() => "sent", String);
    expect(failure).toContain("was removed from the Slack workspace");
    expect(`${failure}\n${logged.join("\n")}`).not.toMatch(/xox/);

    ahead = 5_000;
    expect((await install(slack.alice)).page.statusCode).toBe(200);
    expect(await apex.adapter.post(thread, card, undefined)).toMatchObject({ channel: slack.channel });
  });
});

/** A server of ours that answers oauth.v2.access as Slack's documents say it does for an org-wide installation. */
describe("installing Apex in a whole enterprise", () => {
  let db: TestDatabase;
  let api: FakeApi;
  let apex: ReturnType<typeof apexWith>;
  beforeAll(async () => {
    db = await createTestDatabase();
    api = await startFakeApi(({ url }) =>
      url.pathname.endsWith("oauth.v2.access")
        ? {
            body: {
              ok: true,
              access_token: "xoxe.xoxb-grid",
              refresh_token: "xoxe-1-grid",
              expires_in: 43_200,
              token_type: "bot",
              scope: "chat:write,commands",
              bot_user_id: "UBOT",
              is_enterprise_install: true,
              team: null,
              enterprise: { id: "E1", name: "Acme" },
              authed_user: { id: "WADMIN" },
            },
          }
        : { body: { ok: true, ts: "1.1", channel: "C1" } },
    );
    apex = apexWith(db, `${api.url}/api/`, () => new Date());
  });
  afterAll(async () => {
    await apex.http.close();
    await Promise.all([api.close(), db.drop()]);
  });

  it("keeps one installation under the enterprise, and its installer is known in every team of it", async () => {
    const { cookie, state } = await apex.begin();
    expect((await apex.back({ code: "c", state }, cookie)).statusCode).toBe(200);
    expect(await db.stores.installations.find("slack", "E1")).toMatchObject({
      installation: { enterpriseWide: true, enterprise: "E1", token: "xoxe.xoxb-grid", refreshToken: "xoxe-1-grid" },
    });
    const body = JSON.stringify({
      type: "event_callback",
      team_id: "T7",
      enterprise_id: "E1",
      event_id: "Ev-grid",
      authorizations: [{ enterprise_id: "E1", team_id: "T7", user_id: "UBOT", is_bot: true, is_enterprise_install: true }],
      event: { type: "app_mention", user: "WADMIN", team: "T7", channel: "C1", ts: "5.1", text: "<@UBOT> what did we spend?" },
    });
    const heard = await apex.adapter.receive(signed(body, new Date()), new Date());
    if (heard.type !== "event") throw new Error(heard.type);
    expect(heard.event).toMatchObject({ thread: { workspace: "E1", channel: "C1" }, author: { workspace: "E1", userId: "WADMIN" } });
    expect(await db.stores.members.memberOf(heard.event.author)).toMatchObject({ role: "admin" });
    await apex.adapter.post(heard.event.thread, card, undefined);
    expect(api.requests.at(-1)?.headers.authorization).toBe("Bearer xoxe.xoxb-grid");
  });
});
