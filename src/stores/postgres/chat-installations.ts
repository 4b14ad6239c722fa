import { z } from "zod";
import type { ChatInstallation as Row } from "../../../prisma/generated/client.ts";
import type { ChatInstallation, ChatInstallationStore, InstallationState, SignInStore } from "../../core/chat-installation.ts";
import { Platform } from "../../core/conversation.ts";
import type { Id } from "../../core/ids.ts";
import { type Database, inTransaction } from "./database.ts";
import type { SecretBox } from "./secret-box.ts";

const Tokens = z.strictObject({ token: z.string(), refreshToken: z.string().nullable() });

const contextOf = (platform: string, workspace: string): string => `the ${platform} workspace ${workspace}`;

function seal(box: SecretBox, { platform, workspace, token, refreshToken, expiresAt }: ChatInstallation) {
  const sealed = box.seal(JSON.stringify({ token, refreshToken } satisfies z.infer<typeof Tokens>), contextOf(platform, workspace));
  return { keyId: box.keyId, sealedTokens: sealed, tokenExpiresAt: expiresAt };
}

function stateOf(box: SecretBox, row: Row | null): InstallationState {
  if (row === null) return { kind: "unknown" };
  if (row.goneAt !== null) return { kind: "gone" };
  const tokens: unknown = JSON.parse(box.open(row.sealedTokens, row.keyId, contextOf(row.platform, row.workspace)));
  const { workspace, enterprise, enterpriseWide, botUserId, scopes } = row;
  const about = { platform: Platform.parse(row.platform), workspace, enterprise, enterpriseWide, botUserId, scopes };
  return { kind: "installed", installation: { ...about, ...Tokens.parse(tokens), expiresAt: row.tokenExpiresAt } };
}

/** Installations in PostgreSQL, their tokens sealed. A rotation holds the row, so that other processes wait for its outcome. */
export function createChatInstallationStore({ prisma, now }: Database, box: SecretBox): ChatInstallationStore {
  const keyOf = (platform: Platform, workspace: string) => ({ platform_workspace: { platform, workspace } });
  return {
    async save(orgId: Id<"org">, installation) {
      const { platform, workspace, enterprise, enterpriseWide, botUserId, scopes } = installation;
      const data = { orgId, enterprise, enterpriseWide, botUserId, scopes: [...scopes], ...seal(box, installation) };
      const stored = { ...data, installedAt: now(), goneAt: null };
      await prisma.chatInstallation.upsert({
        where: keyOf(platform, workspace),
        create: { platform, workspace, ...stored },
        update: stored,
      });
    },

    async find(platform, workspace) {
      return stateOf(box, await prisma.chatInstallation.findUnique({ where: keyOf(platform, workspace) }));
    },

    rotate: (platform, workspace, refresh) =>
      inTransaction(prisma, async (tx) => {
        await tx.$queryRaw`SELECT 1 FROM chat_installations WHERE platform = ${platform} AND workspace = ${workspace} FOR UPDATE`;
        const where = keyOf(platform, workspace);
        const state = stateOf(box, await tx.chatInstallation.findUnique({ where }));
        if (state.kind !== "installed") return state;
        const tokens = await refresh(state.installation);
        if (tokens === undefined) return state;
        const installation = { ...state.installation, ...tokens };
        await tx.chatInstallation.update({ where, data: seal(box, installation) });
        return { kind: "installed", installation };
      }),

    async remove(platform, workspace, at) {
      await prisma.chatInstallation.updateMany({
        where: { platform, workspace, goneAt: null, installedAt: { lte: at } },
        data: { goneAt: at, sealedTokens: new Uint8Array(), tokenExpiresAt: null },
      });
    },
  };
}

/** Ended sign-ins in PostgreSQL, so that a state is good once over all processes. */
export function createSignInStore({ prisma, now }: Database): SignInStore {
  return {
    async use(hash, expiresAt) {
      await prisma.signIn.deleteMany({ where: { expiresAt: { lte: now() } } });
      const { count } = await prisma.signIn.createMany({ data: { hash, expiresAt }, skipDuplicates: true });
      return count === 1;
    },
  };
}
