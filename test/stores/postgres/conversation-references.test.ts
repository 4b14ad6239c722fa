import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ConversationReference } from "../../../src/core/conversation-reference.ts";
import { createTestDatabase, type TestDatabase } from "../../setup/test-database.ts";

const reference = (over: Partial<ConversationReference> = {}): ConversationReference => ({
  platform: "teams",
  workspace: "T1",
  conversation: "19:a@thread.tacv2",
  kind: "channel",
  serviceUrl: "https://smba.trafficmanager.net/emea/",
  botId: "28:bot",
  userId: undefined,
  ...over,
});

describe("conversations that the bot has met, in PostgreSQL", () => {
  let db: TestDatabase;
  let now = new Date("2026-03-01T00:00:00Z");
  const later = () => {
    now = new Date(now.getTime() + 60_000);
  };
  beforeAll(async () => {
    db = await createTestDatabase(() => now);
    await db.stores.members.install(db.orgId, "teams", "T1");
  });
  afterAll(() => db.drop());

  it("keeps where a conversation is, the last word counts, and forgets it", async () => {
    const { conversations } = db.stores;
    await conversations.remember(reference());
    await conversations.remember(reference({ serviceUrl: "https://smba.trafficmanager.net/amer/" }));
    expect(await conversations.find("teams", "T1", reference().conversation)).toEqual(
      reference({ serviceUrl: "https://smba.trafficmanager.net/amer/" }),
    );
    expect(await conversations.find("teams", "T2", reference().conversation)).toBeUndefined();
    await conversations.forget("teams", "T1", reference().conversation);
    expect(await conversations.find("teams", "T1", reference().conversation)).toBeUndefined();
  });

  it("finds the newest personal conversation with someone, and the newest of a workspace", async () => {
    const { conversations } = db.stores;
    await conversations.remember(reference({ conversation: "a:old", kind: "personal", userId: "ada" }));
    later();
    await conversations.remember(reference({ conversation: "a:new", kind: "personal", userId: "ada" }));
    later();
    await conversations.remember(reference({ conversation: "19:b@thread.v2", kind: "group" }));
    expect(await conversations.withPerson("teams", "T1", "ada")).toMatchObject({ conversation: "a:new", kind: "personal" });
    expect(await conversations.withPerson("teams", "T1", "bob")).toBeUndefined();
    expect(await conversations.newest("teams", "T1")).toMatchObject({ conversation: "19:b@thread.v2" });
  });

  it("keeps how people are addressed", async () => {
    const { conversations } = db.stores;
    const person = { platform: "teams" as const, workspace: "T1", userId: "ada", address: "29:ada" };
    await conversations.rememberPerson(person);
    await conversations.rememberPerson({ ...person, address: "29:ada-2" });
    expect(await conversations.addresses("teams", "T1", ["ada", "bob"])).toEqual(new Map([["ada", "29:ada-2"]]));
    expect(await conversations.addresses("teams", "T2", ["ada"])).toEqual(new Map());
  });

  it("keeps nothing of a workspace that no org is tied to", async () => {
    const { conversations } = db.stores;
    await conversations.remember(reference({ workspace: "T9" }));
    await conversations.rememberPerson({ platform: "teams", workspace: "T9", userId: "eve", address: "29:eve" });
    expect(await conversations.newest("teams", "T9")).toBeUndefined();
    expect(await conversations.addresses("teams", "T9", ["eve"])).toEqual(new Map());
  });
});
