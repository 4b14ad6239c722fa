import { z } from "zod";
import { AppError } from "../../src/core/errors.ts";
import type { TeamsAccess } from "./config.ts";
import { silenceOf } from "./errors.ts";

/** Gives a token that the Bot Framework takes from the bot. */
export type AccessToken = () => Promise<string>;

const Granted = z.object({ access_token: z.string().min(1), expires_in: z.coerce.number().positive() });
const Refused = z.object({ error: z.string().default(""), error_description: z.string().default("") });

const timeoutMs = 3_500;
/** How long before its end a token is replaced, in milliseconds. */
const marginMs = 5 * 60_000;

/** Where bots of many tenants get their tokens. */
const sharedTenant = "botframework.com";

async function grant({ loginUrl, appTenant, appPassword }: TeamsAccess & { kind: "cloud" }, appId: string) {
  const url = `${loginUrl}/${appTenant ?? sharedTenant}/oauth2/v2.0/token`;
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: appId,
    client_secret: appPassword,
    scope: "https://api.botframework.com/.default",
  });
  const response = await fetch(url, { method: "POST", body: form, redirect: "error", signal: AbortSignal.timeout(timeoutMs) });
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return Granted.parse(body);
  const { error } = Refused.catch({ error: "", error_description: "" }).parse(body);
  if (response.status === 429 || response.status >= 500)
    throw new AppError("provider_down", `Microsoft's sign-in did not give the bot a token (${response.status}); it will be tried again.`);
  throw new AppError(
    "not_configured",
    `Microsoft's sign-in refused the bot (${error === "" ? response.status : error}). Check TEAMS_APP_ID and TEAMS_APP_PASSWORD, and TEAMS_APP_TENANT for a single-tenant bot.`,
  );
}

/** Tokens by the app's secret, kept until shortly before they end; asked for once by many that need one at once. */
export function createAccessToken(access: TeamsAccess & { kind: "cloud" }, appId: string, now: () => number = Date.now): AccessToken {
  let kept: { readonly token: string; readonly until: number } | undefined;
  let asking: Promise<string> | undefined;
  const ask = async (): Promise<string> => {
    try {
      const { access_token: token, expires_in: seconds } = await grant(access, appId);
      kept = { token, until: now() + seconds * 1_000 - marginMs };
      return token;
    } catch (error) {
      // Nothing was posted yet: a token that cannot be had is never an unanswered post.
      if (error instanceof AppError) throw error;
      throw new AppError("provider_down", silenceOf(error, "give the bot a token").message);
    } finally {
      asking = undefined;
    }
  };
  return async () => {
    if (kept !== undefined && kept.until > now()) return kept.token;
    asking ??= ask();
    return asking;
  };
}
