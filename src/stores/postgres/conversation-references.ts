import type { ConversationReference as Row } from "../../../prisma/generated/client.ts";
import { Platform } from "../../core/conversation.ts";
import { ConversationKind, type ConversationReference, type ConversationReferenceStore } from "../../core/conversation-reference.ts";
import type { Database } from "./database.ts";

const toReference = (row: Row | null): ConversationReference | undefined =>
  row === null
    ? undefined
    : {
        platform: Platform.parse(row.platform),
        workspace: row.workspace,
        conversation: row.conversation,
        kind: ConversationKind.parse(row.kind),
        serviceUrl: row.serviceUrl,
        botId: row.botId,
        userId: row.userId ?? undefined,
      };

const keyOf = (platform: string, workspace: string, conversation: string) => ({
  platform_workspace_conversation: { platform, workspace, conversation },
});

type People = Pick<ConversationReferenceStore, "rememberPerson" | "addresses">;

/** How people are addressed. */
const people = ({ prisma, now }: Database, orgOf: (platform: string, workspace: string) => Promise<string | undefined>): People => ({
  async rememberPerson({ platform, workspace, userId, address }) {
    const orgId = await orgOf(platform, workspace);
    if (orgId === undefined) return;
    const data = { orgId, address, seenAt: now() };
    await prisma.personAddress.upsert({
      where: { platform_workspace_userId: { platform, workspace, userId } },
      create: { platform, workspace, userId, ...data },
      update: data,
    });
  },

  async addresses(platform, workspace, userIds) {
    const rows = await prisma.personAddress.findMany({ where: { platform, workspace, userId: { in: [...userIds] } } });
    return new Map(rows.map(({ userId, address }) => [userId, address]));
  },
});

/** Conversations and people that the bot has met, in PostgreSQL. */
export function createConversationReferenceStore(db: Database): ConversationReferenceStore {
  const { prisma, now } = db;
  const orgOf = async (platform: string, workspace: string): Promise<string | undefined> =>
    (await prisma.installation.findUnique({ where: { platform_workspace: { platform, workspace } } }))?.orgId;
  return {
    async remember({ platform, workspace, conversation, kind, serviceUrl, botId, userId }) {
      const orgId = await orgOf(platform, workspace);
      if (orgId === undefined) return;
      const data = { orgId, kind, serviceUrl, botId, userId: userId ?? null, seenAt: now() };
      await prisma.conversationReference.upsert({
        where: keyOf(platform, workspace, conversation),
        create: { platform, workspace, conversation, ...data },
        update: data,
      });
    },

    find: async (platform, workspace, conversation) =>
      toReference(await prisma.conversationReference.findUnique({ where: keyOf(platform, workspace, conversation) })),

    withPerson: async (platform, workspace, userId) =>
      toReference(
        await prisma.conversationReference.findFirst({
          where: { platform, workspace, userId, kind: "personal" },
          orderBy: [{ seenAt: "desc" }, { conversation: "asc" }],
        }),
      ),

    newest: async (platform, workspace) =>
      toReference(
        await prisma.conversationReference.findFirst({
          where: { platform, workspace },
          orderBy: [{ seenAt: "desc" }, { conversation: "asc" }],
        }),
      ),

    async forget(platform, workspace, conversation) {
      await prisma.conversationReference.deleteMany({ where: { platform, workspace, conversation } });
    },

    ...people(db, orgOf),
  };
}
