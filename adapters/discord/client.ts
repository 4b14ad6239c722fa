import { setTimeout as sleep } from "node:timers/promises";
import type { RawFile, REST } from "discord.js";
import type { DiscordConfig } from "./config.ts";
import { isTokenRefused, toAppError } from "./errors.ts";
import { createRefusalBudget, mostRefused, type RefusalBudget } from "./refusals.ts";

/** A call to Discord's REST API. */
export interface DiscordCall {
  readonly method: "get" | "post" | "patch" | "put";
  readonly path: `/${string}`;
  /** Completes the sentence "Discord did not …". */
  readonly doing: string;
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string>>;
  readonly files?: readonly RawFile[];
  /** True where the path itself holds the right to call: an interaction's token. */
  readonly tokenInPath?: boolean;
  /** True where the same call twice is the same as once: it is then repeated once after a failure that may pass. */
  readonly repeatable?: boolean;
}

/** Discord's REST API: every call ends in time, and what fails is an AppError. */
export interface DiscordApi {
  call(call: DiscordCall): Promise<unknown>;
}

/** A call to Discord ends within this; a lease of a delivery must outlast two of them. */
const callTimeoutMs = 3_500;

const optionsOf = ({ body, query, files, tokenInPath }: DiscordCall) => ({
  ...(body === undefined ? {} : { body }),
  ...(query === undefined ? {} : { query: new URLSearchParams(query) }),
  ...(files === undefined ? {} : { files: [...files] }),
  ...(tokenInPath === true ? { auth: false } : {}),
});

/** Discord's own client, which counts what is refused. */
async function openRest(apiUrl: string, refusals: RefusalBudget): Promise<REST> {
  const { REST: Rest } = await import("discord.js");
  const options = { version: "10", api: apiUrl, retries: 0, timeout: callTimeoutMs, rejectOnRateLimit: () => true };
  const rest = new Rest({ ...options, invalidRequestWarningInterval: mostRefused });
  return rest.on("invalidRequestWarning", ({ remainingTime }) => refusals.spent(remainingTime, Date.now()));
}

/** Calls Discord; the package is loaded with the first call, since it is large and most commands never use it. */
export function createDiscordApi({ botToken, apiUrl }: Pick<DiscordConfig, "botToken" | "apiUrl">): DiscordApi {
  let made: Promise<REST> | undefined;
  const refusals = createRefusalBudget();
  const rest = async (): Promise<REST> => {
    made ??= openRest(apiUrl, refusals);
    // It forgets its token after a refusal; the next call may find the token accepted again.
    return (await made).setToken(botToken);
  };
  const once = async (call: DiscordCall): Promise<unknown> => {
    refusals.check(Date.now());
    try {
      const answer = await (await rest())[call.method](call.path, optionsOf(call));
      if (call.tokenInPath !== true) refusals.note(true, Date.now());
      return answer;
    } catch (error) {
      if (call.tokenInPath !== true && isTokenRefused(error)) refusals.note(false, Date.now());
      throw error;
    }
  };
  return {
    async call(call) {
      try {
        return await once(call);
      } catch (error) {
        const failure = toAppError(error, call.doing);
        if (call.repeatable !== true || (failure.code !== "provider_down" && failure.code !== "timeout")) throw failure;
      }
      await sleep(200 + Math.random() * 400);
      try {
        return await once(call);
      } catch (error) {
        throw toAppError(error, call.doing);
      }
    },
  };
}
