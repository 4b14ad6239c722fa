import { webApi } from "@slack/bolt";
import type { ChatInstallation, ChatInstallationStore, ChatTokens } from "../../src/core/chat-installation.ts";
import { AppError, assertNever } from "../../src/core/errors.ts";
import type { Logger } from "../../src/core/logger.ts";
import type { SlackClients } from "./send.ts";

/** The clients of a workspace's bot, and the token where no client fits. */
export interface SlackAccess {
  readonly token: string;
  readonly clients: SlackClients;
}

export interface AccessDeps {
  /** The token of the one workspace that was connected by hand. */
  readonly botToken: string | undefined;
  readonly installations: Pick<ChatInstallationStore, "find" | "rotate"> | undefined;
  /** Gets the next token; undefined where this process cannot. */
  readonly refresh: ((refreshToken: string, now: Date) => Promise<ChatTokens>) | undefined;
  readonly clientOptions: webApi.WebClientOptions;
  readonly now: () => Date;
  readonly log: Logger;
}

/** A token is renewed this long before it ends, in milliseconds. */
const renewBeforeMs = 2 * 3_600_000;

/** A call for what a message can do without ends within this. */
const quickTimeoutMs = 2_000;

/** How many bots' clients are kept at a time. */
const mostKept = 500;

const install = "Install it at /slack/install.";

const gone = (workspace: string): AppError =>
  new AppError("not_configured", `Apex was removed from the Slack workspace ${workspace}, so nothing is sent there. ${install}`);

const ended = (workspace: string, cause?: unknown): AppError =>
  new AppError("not_configured", `Slack's permission for the workspace ${workspace} has ended and could not be renewed. ${install}`, {
    cause,
  });

/** Clients of a token: those that were used last are kept, since each holds connections. */
function clientCache(clientOptions: webApi.WebClientOptions): (token: string) => SlackAccess {
  const kept = new Map<string, SlackAccess>();
  return (token) => {
    const known = kept.get(token);
    kept.delete(token);
    const access = known ?? {
      token,
      clients: {
        once: new webApi.WebClient(token, clientOptions),
        patient: new webApi.WebClient(token, {
          ...clientOptions,
          retryConfig: { retries: 1, minTimeout: 200, maxTimeout: 600, randomize: true },
        }),
        quick: new webApi.WebClient(token, { ...clientOptions, timeout: quickTimeoutMs }),
      },
    };
    kept.set(token, access);
    for (const oldest of kept.keys()) {
      if (kept.size <= mostKept) break;
      kept.delete(oldest);
    }
    return access;
  };
}

const isDue = ({ expiresAt }: ChatTokens, now: Date, beforeMs: number): boolean =>
  expiresAt !== null && expiresAt.getTime() - now.getTime() <= beforeMs;

/** Renews under the store's lock: whoever comes second finds the new token there, and does not ask Slack again. */
async function renewed(deps: AccessDeps, installation: ChatInstallation): Promise<string> {
  const { installations, refresh, now, log } = deps;
  const { platform, workspace, refreshToken, token } = installation;
  const over = (): boolean => isDue(installation, now(), 0);
  if (installations === undefined || refresh === undefined || refreshToken === null) {
    if (over()) throw ended(workspace);
    return token;
  }
  const next = async (stored: ChatInstallation): Promise<ChatTokens | undefined> =>
    stored.refreshToken === null || !isDue(stored, now(), renewBeforeMs) ? undefined : refresh(stored.refreshToken, now());
  const state = await installations.rotate(platform, workspace, next).catch((error: unknown) => {
    if (over()) throw error instanceof AppError && error.retry ? error : ended(workspace, error);
    log.warn("Slack's permission could not be renewed yet; the present one is still good.", { workspace, error: String(error) });
    return { kind: "installed" as const, installation };
  });
  if (state.kind !== "installed") throw gone(workspace);
  return state.installation.token;
}

/** Finds the bot of a workspace: as it was installed, else the one that was connected by hand. An AppError where there is none. */
export function createSlackAccess(deps: AccessDeps): (workspace: string) => Promise<SlackAccess> {
  const of = clientCache(deps.clientOptions);
  return async (workspace) => {
    const state = (await deps.installations?.find("slack", workspace)) ?? { kind: "unknown" as const };
    switch (state.kind) {
      case "installed":
        return of(
          isDue(state.installation, deps.now(), renewBeforeMs) ? await renewed(deps, state.installation) : state.installation.token,
        );
      case "gone":
        throw gone(workspace);
      case "unknown":
        if (deps.botToken !== undefined) return of(deps.botToken);
        throw new AppError("not_configured", `Apex is not installed in the Slack workspace ${workspace}. ${install}`);
      default:
        return assertNever(state);
    }
  };
}
