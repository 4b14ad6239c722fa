import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createSlackAdapter } from "../../../adapters/slack/index.ts";
import type { ThreadKey } from "../../../src/core/conversation.ts";
import { newId } from "../../../src/core/ids.ts";
import { type ApiAnswer, type FakeApi, startFakeApi } from "../../setup/fake-api.ts";
import { signingSecret } from "../../setup/slack-requests.ts";
import { createTestDatabase, type TestDatabase } from "../../setup/test-database.ts";

const logged: string[] = [];
const note = (message: string, details?: object): void => void logged.push(`${message} ${JSON.stringify(details ?? {})}`);
const log = { info: note, warn: note, error: note };
const oauth = { clientId: "111.222", clientSecret: "client-secret", redirectUrl: "https://apex.example.com/slack/oauth_redirect" };
const thread: ThreadKey = { platform: "slack", workspace: "T1", channel: "C1", thread: "1.1" };
const message = { text: "hi", blocks: [], charts: [], stream: undefined };

/** A server of ours that rotates tokens as Slack's documents say: each refresh token is good once. */
describe("tokens that run out after twelve hours", () => {
  let db: TestDatabase;
  let slack: FakeApi;
  let now = new Date("2026-03-01T00:00:00Z");
  let rotate: () => ApiAnswer;
  let generation = 1;
  const adapter = () =>
    createSlackAdapter({ signingSecret, apiUrl: `${slack.url}/api/`, log, oauth, installations: db.stores.installations, now: () => now });
  const send = (from = adapter()) => from.send(thread, message, undefined, newId("run"));
  const refreshes = () => slack.requests.filter(({ url }) => url.pathname.endsWith("oauth.v2.access"));
  const posts = () =>
    slack.requests.filter(({ url }) => url.pathname.endsWith("chat.postMessage")).map(({ headers }) => headers.authorization);
  const later = (hours: number) => {
    now = new Date(now.getTime() + hours * 3_600_000);
  };

  beforeAll(async () => {
    db = await createTestDatabase(() => now);
    slack = await startFakeApi(async ({ url, body }) => {
      if (!url.pathname.endsWith("oauth.v2.access")) return { body: { ok: true, ts: "2.2", channel: "C1" } };
      await new Promise((resolve) => setTimeout(resolve, 50));
      const asked = new URLSearchParams(body).get("refresh_token");
      if (asked !== `xoxe-${generation}`) return { body: { ok: false, error: "invalid_refresh_token" } };
      return rotate();
    });
  });
  afterAll(async () => {
    await Promise.all([slack.close(), db.drop()]);
  });
  beforeEach(async () => {
    slack.reset();
    logged.length = 0;
    generation = 1;
    rotate = () => {
      generation += 1;
      const access_token = `xoxe.xoxb-${generation}`;
      return { body: { ok: true, access_token, refresh_token: `xoxe-${generation}`, expires_in: 43_200, token_type: "bot" } };
    };
    await db.stores.installations.save(db.orgId, {
      platform: "slack",
      workspace: "T1",
      enterprise: null,
      enterpriseWide: false,
      botUserId: "UBOT",
      scopes: [],
      token: "xoxe.xoxb-1",
      refreshToken: "xoxe-1",
      expiresAt: new Date(now.getTime() + 12 * 3_600_000),
    });
  });

  it("uses a token for as long as it is good for two hours more", async () => {
    later(9.9);
    await send();
    expect([refreshes().length, posts()]).toEqual([0, ["Bearer xoxe.xoxb-1"]]);
  });

  it("renews it once, however many workers need it at the same moment, and all of them send with the new one", async () => {
    later(11);
    await Promise.all([1, 2, 3, 4].flatMap(() => [send(), send()]));
    expect([refreshes().length, new Set(posts()), posts().length]).toEqual([1, new Set(["Bearer xoxe.xoxb-2"]), 8]);
    later(11);
    await send();
    expect([refreshes().length, posts().at(-1)]).toEqual([2, "Bearer xoxe.xoxb-3"]);
  });

  it("goes on with a token that is still good where Slack does not renew it, and never names it", async () => {
    later(11);
    rotate = () => ({ status: 503, body: "busy" });
    await send();
    expect(posts()).toEqual(["Bearer xoxe.xoxb-1"]);
    expect(logged.join("\n")).toContain("could not be renewed yet");
    expect(logged.join("\n")).not.toMatch(/xox/);
  });

  it("tries again later where a token has run out and Slack is away, and asks for a new installation where Slack refuses", async () => {
    later(13);
    rotate = () => ({ status: 503, body: "busy" });
    await expect(send()).rejects.toMatchObject({ code: "provider_down", retry: true });
    rotate = () => ({ body: { ok: false, error: "invalid_refresh_token" } });
    const refused = send();
    await expect(refused).rejects.toMatchObject({ code: "not_configured" });
    await expect(refused).rejects.toThrow("/slack/install");
    expect(posts()).toEqual([]);
  });

  it("sends nothing to a workspace where it is not installed", async () => {
    await expect(
      adapter().tell({ ...thread, workspace: "T9" }, { platform: "slack", workspace: "T9", userId: "U1", name: "U1" }, "hi"),
    ).rejects.toMatchObject({
      code: "not_configured",
    });
    expect(slack.requests).toEqual([]);
  });
});
