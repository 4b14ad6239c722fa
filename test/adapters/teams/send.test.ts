import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { runCard } from "../../../adapters/run-card.ts";
import { createTeamsAdapter } from "../../../adapters/teams/index.ts";
import type { TeamsMessage } from "../../../adapters/teams/render.ts";
import type { MessageRef, ThreadKey } from "../../../src/core/conversation.ts";
import type { PlatformAdapter } from "../../../src/core/delivery.ts";
import { AppError } from "../../../src/core/errors.ts";
import { newId } from "../../../src/core/ids.ts";
import { everyView } from "../../contract/run-views.ts";
import { addressOf, bot } from "../../setup/teams-requests.ts";
import { appId, type ConnectorCall, startTeamsService, type TeamsService } from "../../setup/teams-service.ts";
import { createTestDatabase, type TestDatabase } from "../../setup/test-database.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const tenant = "aaaaaaaa-1111-4111-8111-111111111111";
const alice = "bbbbbbbb-1111-4111-8111-111111111111";
const author = { platform: "teams" as const, workspace: tenant, userId: alice, name: "Alice" };
const group: ThreadKey = { platform: "teams", workspace: tenant, channel: "19:group@thread.v2", thread: "" };
const chat: ThreadKey = { ...group, channel: "a:chat" };

const Stream = z.object({ type: z.string(), text: z.string().optional(), entities: z.array(z.looseObject({ type: z.string() })) });
const Card = z.object({ attachments: z.tuple([z.object({ content: z.looseObject({ refresh: z.unknown().optional() }) })]) });

/** The service is a small one of our own that answers as Microsoft's documents say; the playground knows no failures. */
describe("Teams' answers to what is sent", () => {
  let service: TeamsService;
  let db: TestDatabase;
  let adapter: PlatformAdapter<TeamsMessage>;
  let now = new Date();

  beforeAll(async () => {
    [service, db] = await Promise.all([startTeamsService(), createTestDatabase(() => now)]);
    await db.stores.members.install(db.orgId, "teams", tenant);
    const access = {
      kind: "cloud" as const,
      appPassword: "secret",
      openIdUrl: service.openIdUrl,
      loginUrl: service.loginUrl,
      serviceOrigins: [service.url],
    };
    const { conversations: references, outbox } = db.stores;
    const cardAbout = async () => undefined;
    adapter = createTeamsAdapter({
      appId,
      access,
      tenants: [tenant],
      approvers: [alice, "nobody"],
      references,
      outbox,
      cardAbout,
      log: quiet,
    });
    const met = { platform: "teams" as const, workspace: tenant, serviceUrl: service.serviceUrl, botId: bot.id };
    await references.remember({ ...met, conversation: group.channel, kind: "group", userId: undefined });
    await references.remember({ ...met, conversation: chat.channel, kind: "personal", userId: alice });
    await references.rememberPerson({ platform: "teams", workspace: tenant, userId: alice, address: addressOf(alice) });
  });
  afterAll(async () => {
    await service.close();
    await db.drop();
  });
  beforeEach(() => {
    service.calls.length = 0;
    service.answer = undefined;
    now = new Date();
  });

  const view = (name: string) => {
    const found = everyView()[name];
    if (found === undefined) throw new Error(name);
    return found;
  };
  const send = (thread: ThreadKey, name: string, existing: MessageRef | undefined, about: string): Promise<MessageRef> =>
    adapter.send(thread, adapter.render(runCard(view(name))), existing, about);
  const outcome = async (promise: Promise<MessageRef>): Promise<unknown> =>
    promise.catch((error: unknown) => (error instanceof AppError ? [error.code, error.retry, error.retryAfterMs] : error));
  const asked = () => service.calls.map(({ what }) => what);
  const infoOf = (call: ConnectorCall | undefined) => Stream.parse(call?.body).entities.find(({ type }) => type === "streaminfo");
  const ref = { channel: group.channel, messageId: "m-gone" };

  it("waits as long as Teams asks, and does not ask again by itself", async () => {
    service.answer = () => ({ status: 429, headers: { "retry-after": "7" } });
    const about = newId("run");
    expect(await outcome(send(group, "ready", undefined, about))).toEqual(["rate_limited", true, 7_000]);
    expect(service.calls).toHaveLength(1);
    service.answer = undefined;
    expect(await send(group, "ready", undefined, about)).toMatchObject({ channel: group.channel });
    expect(service.calls).toHaveLength(2);
    expect(JSON.stringify(service.calls[1]?.body)).not.toContain("stand here twice");
  });

  it.each([
    ["503", () => ({ status: 503 })],
    ["408", () => ({ status: 408 })],
    ["no answer", () => "cut" as const],
  ])("never repeats words about progress after %s, and posts the report once more at most, which then says so", async (_, answer) => {
    const about = newId("run");
    service.answer = answer;
    expect(await outcome(send(group, "working", undefined, about))).toEqual(["provider_down", true, undefined]);
    expect(await outcome(send(group, "working", undefined, about))).toEqual(["conflict", false, undefined]);
    expect(service.calls).toHaveLength(1);
    expect(await outcome(send(group, "ready", undefined, about))).toEqual(["provider_down", true, undefined]);
    expect(JSON.stringify(service.calls[1]?.body)).toContain("stand here twice");
    expect(await outcome(send(group, "ready", undefined, about))).toEqual(["conflict", false, undefined]);
    expect(service.calls).toHaveLength(2);
  });

  it("gives up on a call that takes too long", async () => {
    service.answer = () => "nothing";
    expect(await outcome(send(group, "ready", undefined, newId("run")))).toEqual(["timeout", true, undefined]);
    expect(service.calls).toHaveLength(1);
  });

  it("posts one message where many send it at once", async () => {
    const about = newId("run");
    const sent = await Promise.all(Array.from({ length: 8 }, () => outcome(send(group, "ready", undefined, about))));
    expect(asked().filter((what) => what.startsWith("POST"))).toHaveLength(1);
    expect(sent.filter((one) => Array.isArray(one)).every((one) => JSON.stringify(one) === JSON.stringify(["busy", true, null]))).toBe(
      true,
    );
  });

  it("edits what was posted and not recorded elsewhere, and repeats an edit once, since an edit may be repeated", async () => {
    const about = newId("run");
    const posted = await send(group, "working", undefined, about);
    service.answer = () => (service.calls.length === 2 ? "cut" : undefined);
    expect(await send(group, "ready", undefined, about)).toEqual(posted);
    expect(asked().map((what) => what.split(" ")[0])).toEqual(["POST", "PUT", "PUT"]);
  });

  it("posts anew where the message is gone", async () => {
    const fresh = await send(group, "ready", ref, newId("run"));
    expect(fresh.messageId).not.toBe(ref.messageId);
    expect(asked().map((what) => what.split(" ")[0])).toEqual(["PUT", "POST"]);
  });

  it.each([
    [401, "", "not_configured"],
    [403, "BotNotInConversationRoster", "forbidden"],
    [403, "ForbiddenOperationException", "forbidden"],
    [412, "PreconditionFailed", "busy"],
    [413, "MessageSizeTooBig", "internal"],
    [404, "ConversationNotFound", "not_found"],
  ])("takes %i with code %s for %s", async (status, code, meaning) => {
    service.answer = () => ({ status, body: { error: { code, message: "no" } } });
    expect(await outcome(send(group, "ready", undefined, newId("run")))).toEqual([meaning, meaning === "busy", undefined]);
  });

  it("signs each call with the bot's own token, fetched once", async () => {
    await send(group, "ready", undefined, newId("run"));
    expect(service.calls[0]?.headers.authorization).toBe("Bearer the-bots-token");
  });

  it("lets the cards of approvers that it has met refresh while a decision is awaited, and no others", async () => {
    await send(group, "ready", undefined, newId("run"));
    expect(Card.parse(service.calls[0]?.body).attachments[0].content.refresh).toMatchObject({
      action: { type: "Action.Execute", verb: "refresh" },
      userIds: [addressOf(alice)],
    });
    await send(group, "applied", undefined, newId("run"));
    expect(Card.parse(service.calls[1]?.body).attachments[0].content.refresh).toBeUndefined();
  });

  it("streams in a chat with one person: informative words, then the report as the stream's last message", async () => {
    const about = newId("run");
    const first = await send(chat, "queued", undefined, about);
    const second = await send(chat, "working", first, about);
    expect(await adapter.find(chat, about)).toEqual(second);
    const last = await send(chat, "ready", second, about);
    const [begin, next, end] = service.calls;
    expect(Stream.parse(begin?.body)).toMatchObject({ type: "typing", text: "Received. Apex is about to start." });
    expect(infoOf(begin)).toMatchObject({ streamType: "informative", streamSequence: 1 });
    expect(infoOf(next)).toMatchObject({ streamType: "informative", streamSequence: 2, streamId: last.messageId });
    expect(Stream.parse(end?.body)).toMatchObject({ type: "message" });
    expect(infoOf(end)).toMatchObject({ streamType: "final", streamId: last.messageId });
    expect(Card.parse(end?.body).attachments[0].content).toMatchObject({ type: "AdaptiveCard" });
    await send(chat, "applied", last, about);
    expect(asked()[3]).toBe(`PUT /v3/conversations/${encodeURIComponent(chat.channel)}/activities/${last.messageId}`);
    for (const call of [begin, next]) expect(Buffer.byteLength(Stream.parse(call?.body).text ?? "")).toBeLessThanOrEqual(1_024);
  });

  it("posts and edits where a chat takes no streams, and where a stream has run out of time", async () => {
    const typing = ({ body }: ConnectorCall) => Stream.safeParse(body).data?.type === "typing";
    service.answer = (call) => (typing(call) ? { status: 405 } : undefined);
    const plainly = await send(chat, "working", undefined, newId("run"));
    expect(plainly.messageId).not.toContain("stream");
    service.answer = undefined;
    const about = newId("run");
    const stream = await send(chat, "working", undefined, about);
    service.calls.length = 0;
    service.answer = () =>
      service.calls.length === 1
        ? {
            status: 403,
            body: { error: { code: "ContentStreamNotAllowed", message: "Content stream finished due to exceeded streaming time." } },
          }
        : undefined;
    const posted = await send(chat, "ready", stream, about);
    expect(asked().map((what) => what.split(" ")[0])).toEqual(["POST", "POST"]);
    expect(await adapter.find(chat, about)).toEqual(posted);
  });

  it("ends a stream once: asked again after no answer, Teams says that it has ended", async () => {
    const about = newId("run");
    const stream = await send(chat, "working", undefined, about);
    service.answer = () => "cut";
    expect(await outcome(send(chat, "ready", stream, about))).toEqual(["provider_down", true, undefined]);
    service.calls.length = 0;
    service.answer = () => ({
      status: 403,
      body: {
        error: { code: "ContentStreamNotAllowed", message: "Content stream is not allowed on an already completed streamed message." },
      },
    });
    const posted = await send(chat, "ready", stream, about);
    expect(service.calls).toHaveLength(1);
    expect(stream.messageId).toContain(posted.messageId);
  });

  it("tells one person in their own chat, and tells them no second time after no answer", async () => {
    await adapter.tell(group, author, "Only an admin may approve.");
    expect(asked()).toEqual([`POST /v3/conversations/${encodeURIComponent(chat.channel)}/activities`]);
    expect(service.calls[0]?.body).toMatchObject({ text: "Only an admin may approve.", textFormat: "plain" });
    service.answer = () => "cut";
    await expect(adapter.tell(group, author, "Once.")).rejects.toMatchObject({ code: "conflict" });
    expect(service.calls).toHaveLength(2);
  });

  it("opens a chat with someone who has none, in their own tenant", async () => {
    const bob = { ...author, userId: "cccccccc-1111-4111-8111-111111111111" };
    const opened = await adapter.direct(bob);
    expect(service.calls[0]).toMatchObject({
      what: "POST /v3/conversations",
      body: { isGroup: false, tenantId: tenant, bot: { id: bot.id } },
    });
    expect(await adapter.direct(bob)).toEqual(opened);
    expect(service.calls).toHaveLength(1);
  });

  it("posts nothing into a chat that it was never added to", async () => {
    expect(await outcome(send({ ...group, channel: "19:other@thread.v2" }, "ready", undefined, newId("run")))).toEqual([
      "forbidden",
      false,
      undefined,
    ]);
    expect(service.calls).toHaveLength(0);
  });
});
