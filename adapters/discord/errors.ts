import { z } from "zod";
import { AppError, type ErrorCode } from "../../src/core/errors.ts";

const token = "Reset the bot's token and set DISCORD_BOT_TOKEN to the new one.";
const invite = "Give the bot's role View Channel, Send Messages, Read Message History and the two thread permissions there.";
const late = "The command is too old to be answered in its own place.";
const again = "It will be tried again.";

/** What Discord's own error codes mean to us, and what to do about each. */
const meanings: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  10003: ["not_found", "The channel was deleted; ask in another one."],
  10004: ["forbidden", "The bot is not in that server; install it there."],
  10007: ["not_found", "That person is not in the server."],
  10008: ["not_found", "The message was deleted; ask again."],
  10013: ["not_found", "There is no such person."],
  10015: ["stale", late],
  10062: ["stale", late],
  20016: ["rate_limited", again],
  20028: ["rate_limited", again],
  30046: ["rate_limited", again],
  40001: ["not_configured", token],
  40060: ["stale", "It was answered already."],
  50001: ["forbidden", invite],
  50005: ["conflict", "The message is not ours to edit."],
  50007: ["forbidden", "That person takes no direct messages from this bot."],
  50013: ["forbidden", invite],
  50027: ["stale", late],
  50083: ["forbidden", "The thread is archived; ask in the channel."],
  130000: ["provider_down", again],
  160004: ["conflict", "There is a thread already."],
  160005: ["forbidden", "The thread is locked; ask in the channel."],
};

const ApiError = z.object({ code: z.union([z.number(), z.string()]), status: z.number().int() });
const RateLimited = z.object({ retryAfter: z.number(), timeToReset: z.number() });
const Answered = z.object({ status: z.number().int() });

/** Discord's own code of a refusal, also where it is the cause of an AppError. */
export function discordCode(error: unknown): number | undefined {
  const parsed = ApiError.safeParse(error instanceof AppError ? error.cause : error);
  return parsed.success && typeof parsed.data.code === "number" ? parsed.data.code : undefined;
}

/** Whether Discord refused the token that a call was made with. */
export function isTokenRefused(error: unknown): boolean {
  const parsed = ApiError.safeParse(error);
  return parsed.success && parsed.data.status === 401;
}

function refused(error: Error, code: number | string, status: number, doing: string): AppError {
  const known = typeof code === "number" ? meanings[code] : undefined;
  const byStatus = (): readonly [ErrorCode, string] => {
    if (status === 401) return ["not_configured", token];
    if (status === 403) return ["forbidden", invite];
    if (status === 404) return ["not_found", "It is not there any more."];
    if (status === 429) return ["rate_limited", again];
    return ["internal", "This is a fault of ours: please report it with this code."];
  };
  const [meaning, advice] = known ?? byStatus();
  return new AppError(meaning, `Discord did not ${doing} (${code}). ${advice}`, { cause: error });
}

/** Turns whatever a Discord call threw into an AppError with advice; `doing` completes "Discord did not …". */
export function toAppError(error: unknown, doing: string): AppError {
  if (error instanceof AppError) return error;
  if (!(error instanceof Error)) return new AppError("provider_down", `Discord did not ${doing}.`, { cause: error });
  const limited = RateLimited.safeParse(error);
  if (limited.success) {
    const waitMs = Math.max(0, Math.ceil(limited.data.retryAfter));
    return new AppError("rate_limited", `Discord asks to wait ${Math.ceil(waitMs / 1000)} s; it will be tried again.`, {
      cause: error,
      retryAfterMs: waitMs,
    });
  }
  const refusal = ApiError.safeParse(error);
  if (refusal.success) return refused(error, refusal.data.code, refusal.data.status, doing);
  const answered = Answered.safeParse(error);
  if (answered.success) {
    const code = answered.data.status >= 500 ? "provider_down" : "internal";
    return new AppError(code, `Discord did not ${doing}: it answered with HTTP status ${answered.data.status}.`, { cause: error });
  }
  const timedOut = error.name === "AbortError" || error.name === "TimeoutError";
  return new AppError(
    timedOut ? "timeout" : "provider_down",
    `Discord did not ${doing}: ${timedOut ? "no answer in time" : "not reachable"}.`,
    {
      cause: error,
    },
  );
}
