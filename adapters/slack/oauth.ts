import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { webApi } from "@slack/bolt";
import { z } from "zod";
import type { ChatInstaller, ChatTokens, NewInstallation, SignInStore } from "../../src/core/chat-installation.ts";
import { AppError } from "../../src/core/errors.ts";
import { clip } from "../draw-text.ts";
import { slackScopes } from "./config.ts";
import { slackCode, toAppError } from "./errors.ts";

/** What Slack knows the app by, and where it sends browsers back to. */
export interface SlackOauth {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUrl: string;
}

export interface OauthOptions extends SlackOauth {
  readonly apiUrl: string;
  readonly clientOptions: webApi.WebClientOptions;
}

/** How long a sign-in may take, in milliseconds. */
const signInMs = 10 * 60_000;

const cookieName = "apex_slack_state";

const Granted = z.object({
  access_token: z.string().startsWith("xox"),
  refresh_token: z.string().min(1).optional(),
  expires_in: z.number().positive().optional(),
});

const Installed = Granted.extend({
  scope: z.string().default(""),
  bot_user_id: z.string().min(1).max(64),
  is_enterprise_install: z.boolean().default(false),
  team: z.object({ id: z.string().min(1).max(64), name: z.string().default("") }).nullish(),
  enterprise: z.object({ id: z.string().min(1).max(64), name: z.string().default("") }).nullish(),
  authed_user: z.object({ id: z.string().min(1).max(64) }),
});

const tokensOf = (granted: z.infer<typeof Granted>, now: Date): ChatTokens => ({
  token: granted.access_token,
  refreshToken: granted.refresh_token ?? null,
  expiresAt: granted.expires_in === undefined ? null : new Date(now.getTime() + granted.expires_in * 1_000),
});

function installationOf(answer: unknown, now: Date): NewInstallation {
  const parsed = Installed.safeParse(answer);
  if (!parsed.success)
    throw new AppError("provider_down", "Slack did not say what was installed. Please install again.", { cause: parsed.error });
  const { data } = parsed;
  const place = data.is_enterprise_install ? data.enterprise : data.team;
  if (place === null || place === undefined)
    throw new AppError("provider_down", "Slack did not say where the app was installed. Please install again.");
  return {
    installation: {
      platform: "slack",
      workspace: place.id,
      enterprise: data.enterprise?.id ?? null,
      enterpriseWide: data.is_enterprise_install,
      botUserId: data.bot_user_id,
      scopes: data.scope.split(",").filter((scope) => scope !== ""),
      ...tokensOf(data, now),
    },
    installer: { userId: data.authed_user.id, name: data.authed_user.id },
    workspaceName: clip(place.name === "" ? place.id : place.name, 200),
  };
}

const again = "Please start again at /slack/install.";

/** Answers of oauth.v2.access that mean that the code is of no use. */
const badCodes = new Set(["invalid_code", "code_already_used", "code_expired"]);

const sign = (secret: string, text: string): string => createHmac("sha256", secret).update(`apex sign-in ${text}`).digest("base64url");

const same = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
};

/** When a state of ours runs out; an AppError for one that is not ours, not this browser's or too old. */
function checkState(secret: string, state: string, cookies: string, now: Date): Date {
  const cookie = cookies
    .split(";")
    .map((part) => part.trim().split("="))
    .find(([name]) => name === cookieName)?.[1];
  const [until = "", nonce = "", mark = ""] = state.split(".");
  if (!same(mark, sign(secret, `${until}.${nonce}`)))
    throw new AppError("unauthenticated", `This installation was not started here. ${again}`);
  if (cookie === undefined || !same(cookie, state))
    throw new AppError("unauthenticated", `This installation was started in another browser, or cookies are blocked. ${again}`);
  const expiresAt = new Date(Number(until));
  if (!(expiresAt > now)) throw new AppError("unauthenticated", `This installation took longer than ten minutes. ${again}`);
  return expiresAt;
}

async function exchange(options: OauthOptions, code: string): Promise<unknown> {
  const client = new webApi.WebClient(undefined, options.clientOptions);
  try {
    return await client.oauth.v2.access({
      client_id: options.clientId,
      client_secret: options.clientSecret,
      code,
      redirect_uri: options.redirectUrl,
    });
  } catch (error) {
    if (badCodes.has(slackCode(error) ?? "")) throw new AppError("unauthenticated", `Slack no longer knows this installation. ${again}`);
    throw toAppError(error, "finish the installation");
  }
}

/** Slack's OAuth v2: a signed state that one browser can bring back once within ten minutes, and the code behind it. */
export function createSlackInstaller(options: OauthOptions, signIns: SignInStore): ChatInstaller {
  const { clientId, clientSecret, redirectUrl, apiUrl } = options;
  const cookieOf = (value: string, seconds: number): string =>
    `${cookieName}=${value}; Path=/slack; Max-Age=${seconds}; HttpOnly; SameSite=Lax${redirectUrl.startsWith("https:") ? "; Secure" : ""}`;
  return {
    begin(now) {
      const body = `${now.getTime() + signInMs}.${randomBytes(24).toString("base64url")}`;
      const state = `${body}.${sign(clientSecret, body)}`;
      const location = new URL("/oauth/v2/authorize", apiUrl);
      location.search = new URLSearchParams({
        client_id: clientId,
        scope: slackScopes.join(","),
        redirect_uri: redirectUrl,
        state,
      }).toString();
      return { location: location.href, cookie: cookieOf(state, signInMs / 1_000) };
    },
    async finish({ query: { code, state, error }, cookies }, now) {
      if (state === undefined) throw new AppError("unauthenticated", `This installation was not started here. ${again}`);
      const expiresAt = checkState(clientSecret, state, cookies, now);
      if (!(await signIns.use(createHash("sha256").update(state).digest("hex"), expiresAt)))
        throw new AppError("unauthenticated", `This installation has ended already. ${again}`);
      if (error === "access_denied")
        throw new AppError("forbidden", `The installation was cancelled in Slack, so nothing was connected. ${again}`);
      if (code === undefined) throw new AppError("bad_input", `Slack sent no code along. ${again}`);
      return installationOf(await exchange(options, code), now);
    },
  };
}

/** Gets the next token for a refresh token; an AppError says why not. It is asked once: a refresh token may be good once. */
export async function refreshSlackToken(options: OauthOptions, refreshToken: string, now: Date): Promise<ChatTokens> {
  const client = new webApi.WebClient(undefined, options.clientOptions);
  const { clientId: client_id, clientSecret: client_secret } = options;
  try {
    const answer = await client.oauth.v2.access({ client_id, client_secret, grant_type: "refresh_token", refresh_token: refreshToken });
    return tokensOf(Granted.parse(answer), now);
  } catch (error) {
    if (error instanceof z.ZodError) throw new AppError("provider_down", "Slack did not renew the sign-in; it will be tried again.");
    throw toAppError(error, "renew the sign-in");
  }
}
