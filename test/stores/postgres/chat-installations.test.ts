import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ChatInstallation } from "../../../src/core/chat-installation.ts";
import { createTestDatabase, type TestDatabase } from "../../setup/test-database.ts";

const installation = (over: Partial<ChatInstallation> = {}): ChatInstallation => ({
  platform: "slack",
  workspace: "T1",
  enterprise: "E1",
  enterpriseWide: false,
  botUserId: "UBOT",
  scopes: ["chat:write", "commands"],
  token: "xoxe.xoxb-first",
  refreshToken: "xoxe-1",
  expiresAt: new Date("2026-03-01T12:00:00Z"),
  ...over,
});

describe("installations of the bot in PostgreSQL", () => {
  let db: TestDatabase;
  let now = new Date("2026-03-01T00:00:00Z");
  beforeAll(async () => {
    db = await createTestDatabase(() => now);
  });
  beforeEach(async () => {
    now = new Date("2026-03-01T00:00:00Z");
    await db.stores.installations.save(db.orgId, installation());
  });
  afterAll(() => db.drop());

  it("gives back what was stored, and nothing of a workspace that it does not know", async () => {
    expect(await db.stores.installations.find("slack", "T1")).toEqual({ kind: "installed", installation: installation() });
    expect(await db.stores.installations.find("slack", "T2")).toEqual({ kind: "unknown" });
  });

  it("keeps no token in plain text", async () => {
    const client = new Client({ connectionString: db.url });
    await client.connect();
    const { rows } = await client.query<{ line: string }>(
      "SELECT row_to_json(c)::text || encode(sealed_tokens, 'escape') AS line FROM chat_installations c",
    );
    await client.end();
    expect(rows).not.toEqual([]);
    for (const { line } of rows) expect(line).not.toMatch(/xox/);
  });

  it("lets many that rotate at once refresh one after another, each with what the one before stored", async () => {
    const asked: string[] = [];
    const states = await Promise.all(
      [1, 2, 3, 4].map(() =>
        db.stores.installations.rotate("slack", "T1", async (stored) => {
          if (stored.token !== "xoxe.xoxb-first") return undefined;
          asked.push(stored.refreshToken ?? "");
          await new Promise((resolve) => setTimeout(resolve, 100));
          return { token: "xoxe.xoxb-second", refreshToken: "xoxe-2", expiresAt: null };
        }),
      ),
    );
    expect(asked).toEqual(["xoxe-1"]);
    for (const state of states) expect(state).toMatchObject({ kind: "installed", installation: { token: "xoxe.xoxb-second" } });
  });

  it("changes nothing where refreshing fails", async () => {
    const failing = db.stores.installations.rotate("slack", "T1", () => Promise.reject(new Error("no answer")));
    await expect(failing).rejects.toThrow("no answer");
    expect(await db.stores.installations.find("slack", "T1")).toMatchObject({ installation: { token: "xoxe.xoxb-first" } });
  });

  it("erases the tokens of what is removed, and is not undone by a removal that happened before it was installed again", async () => {
    await db.stores.installations.remove("slack", "T1", new Date("2026-02-28T23:59:59Z"));
    expect(await db.stores.installations.find("slack", "T1")).toMatchObject({ kind: "installed" });
    await db.stores.installations.remove("slack", "T1", new Date("2026-03-01T01:00:00Z"));
    await db.stores.installations.remove("slack", "T1", new Date("2026-03-01T01:00:00Z"));
    expect(await db.stores.installations.find("slack", "T1")).toEqual({ kind: "gone" });
    expect(await db.stores.installations.rotate("slack", "T1", () => Promise.reject(new Error("asked")))).toEqual({ kind: "gone" });
    await db.stores.installations.save(db.orgId, installation({ token: "xoxb-again" }));
    expect(await db.stores.installations.find("slack", "T1")).toMatchObject({ installation: { token: "xoxb-again" } });
  });

  it("takes a sign-in's state once, also where several bring it at once", async () => {
    const until = new Date("2026-03-01T00:10:00Z");
    const taken = await Promise.all([1, 2, 3].map(() => db.stores.signIns.use("hash", until)));
    expect(taken.filter((first) => first)).toHaveLength(1);
  });
});
