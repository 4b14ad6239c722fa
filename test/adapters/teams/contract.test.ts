import { type CryptoKey, generateKeyPair } from "jose";
import { createTeamsAdapter } from "../../../adapters/teams/index.ts";
import { describePlatformAdapter } from "../../contract/platform-adapter.ts";
import { execute, message, type TeamsPlaceOf } from "../../setup/teams-requests.ts";
import { appId, startTeamsService } from "../../setup/teams-service.ts";
import { createTestDatabase } from "../../setup/test-database.ts";
import { brokenLimits, wordsOf } from "./card-limits.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const tenant = "aaaaaaaa-1111-4111-8111-111111111111";
const channel = "19:channel@thread.tacv2";

describePlatformAdapter("teams", async () => {
  const [service, db, other] = await Promise.all([startTeamsService(), createTestDatabase(), generateKeyPair("RS256")]);
  await db.stores.members.install(db.orgId, "teams", tenant);
  const now = new Date();
  const root = "1700000000000";
  const place: TeamsPlaceOf = {
    serviceUrl: service.serviceUrl,
    tenant,
    conversation: `${channel};messageid=${root}`,
    kind: "channel",
    user: "bbbbbbbb-1111-4111-8111-111111111111",
  };
  const adapter = createTeamsAdapter({
    appId,
    access: {
      kind: "cloud",
      appPassword: "secret",
      openIdUrl: service.openIdUrl,
      loginUrl: service.loginUrl,
      serviceOrigins: [service.url],
    },
    tenants: [tenant],
    approvers: [place.user],
    references: db.stores.conversations,
    outbox: db.stores.outbox,
    cardAbout: async () => undefined,
    log: quiet,
  });
  const authorization = `Bearer ${await service.token(now)}`;
  const headers = { authorization, "content-type": "application/json" };
  const post = (body: unknown) => ({ headers, body: typeof body === "string" ? body : JSON.stringify(body) });
  const good = post(message(place, "hello", "e1"));
  const forge = async (over: object, header = {}, key?: CryptoKey) => ({
    ...good,
    headers: { ...headers, authorization: `Bearer ${await service.token(now, { ...over }, header, key)}` },
  });
  const seconds = Math.floor(now.getTime() / 1_000);
  const unsigned = [
    { alg: "none", typ: "JWT" },
    { iss: "https://api.botframework.com", aud: appId, exp: seconds + 600 },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  /** The number of a card's drawing, made from the name of a press. */
  const drawing = (id: string): number => Buffer.from(id).reduce((sum, byte) => (sum * 31 + byte) % 100_000, 7);
  // The conversation is met before anything is posted into it.
  await adapter.receive(good, now);
  return {
    adapter,
    now,
    thread: { platform: "teams", workspace: tenant, channel, thread: root },
    author: { platform: "teams", workspace: tenant, userId: place.user, name: "Alice" },
    ask: (text, id) => post(message(place, text, id)),
    press: (action, value, id) =>
      post(
        action === "reject"
          ? execute(place, "form", { form: "reject", id: value, reason: "too risky" }, id, drawing(id))
          : execute(place, action, { id: value }, id, drawing(id)),
      ),
    forged: {
      "without a token": { ...good, headers: { "content-type": "application/json" } },
      "with a token that is none": { ...good, headers: { ...headers, authorization: "Bearer a.b.c" } },
      "with basic authorization": { ...good, headers: { ...headers, authorization: "Basic abc" } },
      "without a signature": { ...good, headers: { ...headers, authorization: `Bearer ${unsigned}.` } },
      "with another key": await forge({}, {}, other.privateKey),
      "with an unknown key id": await forge({}, { kid: "nobody" }),
      "from another issuer": await forge({ iss: "https://evil.example" }),
      "for another bot": await forge({ aud: "99999999-2222-4333-8444-555555555555" }),
      "for another service": await forge({ serviceurl: "https://smba.trafficmanager.net/emea/" }),
      "for no service": await forge({ serviceurl: undefined }),
      "ended six minutes ago": await forge({ exp: seconds - 360 }),
      "not valid for another six minutes": await forge({ nbf: seconds + 360 }),
      "without an end": await forge({ exp: undefined }),
      "of a channel that its key does not speak for": post({ ...message(place, "hello", "e1"), channelId: "slack" }),
      "of a service that is not trusted": {
        headers: { ...headers, authorization: `Bearer ${await service.token(now, { serviceurl: "https://evil.example/" })}` },
        body: JSON.stringify({ ...message(place, "hello", "e1"), serviceUrl: "https://evil.example/" }),
      },
    },
    garbage: {
      "not JSON": post('{"type":"mess'),
      "a list": post("[1,2]"),
      nothing: post(""),
      "an activity without its parts": post({ type: "message", text: "hello" }),
      "a press without its parts": post({ ...execute(place, "approve", {}, "g1"), value: {} }),
      "a press of an unknown button": post(execute(place, "delete_all", { id: "apr_1" }, "g2")),
      "a press of a button without an id": post(execute(place, "approve", {}, "g3")),
      "a form of nobody's": post(execute(place, "form", { form: "delete", id: "apr_1" }, "g4")),
      "a form about nothing": post(execute(place, "form", { form: "reject", id: "run_1" }, "g5")),
    },
    broken: brokenLimits,
    wordsOf,
    posted: async () =>
      service.kept
        .filter(({ conversation }) => conversation === place.conversation)
        .map(({ id, activity }) => ({ ref: { channel, messageId: id }, words: JSON.stringify(activity) })),
    told: async () =>
      service.kept
        .filter(({ conversation }) => conversation.startsWith("a:with-"))
        .map(({ activity }) => String(activity["text"]))
        .join("\n"),
    close: async () => {
      await service.close();
      await db.drop();
    },
  };
});
