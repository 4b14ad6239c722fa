import { z } from "zod";
import { AppError, type ErrorCode } from "../../src/core/errors.ts";
import { clip, oneLine } from "../draw-text.ts";

/** What the Bot Framework answered, or that it did not: the cause of every AppError of a call. */
export class TeamsFailure extends Error {
  override readonly name = "TeamsFailure";

  constructor(
    /** The HTTP status; undefined where no answer came. */
    readonly status: number | undefined,
    /** The service's own code and words. */
    readonly said: { readonly code: string; readonly message: string },
    /** False where the request certainly did not arrive. */
    readonly arrived: boolean,
    options?: ErrorOptions,
  ) {
    super(`${status ?? "no answer"} ${said.code} ${said.message}`.trim(), options);
  }
}

const secret = "Make a new client secret and set TEAMS_APP_PASSWORD to it; TEAMS_APP_ID must be its application.";
const added = "Add Apex to that chat or team, and ask again.";
const again = "It will be tried again.";

/** What the service's own codes mean to us, and what to do about each. */
const meanings: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  BotNotInConversationRoster: ["forbidden", added],
  BotDisabledByAdmin: ["forbidden", "An admin of the tenant has blocked the app: ask them to allow it."],
  ConversationBlockedByUser: ["forbidden", "That person has blocked the bot."],
  ForbiddenOperationException: ["forbidden", added],
  ConversationNotFound: ["not_found", "The conversation is not there any more; ask in another one."],
  ActivityNotFoundInConversation: ["not_found", "The message was deleted; ask again."],
  MessageSizeTooBig: ["internal", "This is a fault of ours: please report it with this code."],
  ContentStreamNotAllowed: ["stale", "The answer is posted as a message instead."],
};

/** What a status means where the code says nothing. */
function byStatus(status: number): readonly [ErrorCode, string] {
  if (status === 401) return ["not_configured", secret];
  if (status === 403) return ["forbidden", added];
  if (status === 404) return ["not_found", "It is not there any more."];
  if (status === 412) return ["busy", again];
  if (status === 429) return ["rate_limited", again];
  if (status === 408 || status >= 500) return ["provider_down", again];
  return ["internal", "This is a fault of ours: please report it with this code."];
}

const Refusal = z.object({ error: z.object({ code: z.string().default(""), message: z.string().default("") }) });

function saidIn(body: string): { readonly code: string; readonly message: string } {
  try {
    return Refusal.parse(JSON.parse(body)).error;
  } catch {
    return { code: "", message: body.slice(0, 200) };
  }
}

/** The longest that we are made to wait by an answer, in milliseconds. */
const longestWaitMs = 3_600_000;

function waitMs(retryAfter: string | null, now: number): number {
  const seconds = Number(retryAfter ?? 1);
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(retryAfter ?? "") - now;
  return Number.isFinite(ms) ? Math.min(longestWaitMs, Math.max(0, ms)) : 1_000;
}

/** An AppError for an answer that is a refusal; `doing` completes "Teams did not …". */
export function refusalOf(
  answer: { readonly status: number; readonly body: string; readonly retryAfter: string | null },
  doing: string,
): AppError {
  const { status, body, retryAfter } = answer;
  const said = saidIn(body);
  const cause = new TeamsFailure(status, said, true);
  if (status === 429) {
    const retryAfterMs = waitMs(retryAfter, Date.now());
    return new AppError("rate_limited", `Teams asks to wait ${Math.ceil(retryAfterMs / 1_000)} s; it will be tried again.`, {
      cause,
      retryAfterMs,
    });
  }
  const words = clip(oneLine(`${said.code === "" ? status : said.code}${said.message === "" ? "" : `: ${said.message}`}`), 200);
  const [code, advice] = (status < 500 ? meanings[said.code] : undefined) ?? byStatus(status);
  return new AppError(code, `Teams did not ${doing} (${words}). ${advice}`, { cause });
}

/** System errors that mean that nothing was sent. */
const neverSent = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ENETUNREACH", "EHOSTUNREACH", "UND_ERR_CONNECT_TIMEOUT"]);

const Coded = z.object({ cause: z.object({ code: z.string() }) });

/** An AppError for a call that had no answer. */
export function silenceOf(error: unknown, doing: string): AppError {
  if (error instanceof AppError) return error;
  const timedOut = error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError");
  const code = Coded.safeParse(error);
  const arrived = timedOut || !code.success || !neverSent.has(code.data.cause.code);
  const why = timedOut ? "no answer in time" : "not reachable";
  const cause = new TeamsFailure(undefined, { code: "", message: why }, arrived, { cause: error });
  return new AppError(timedOut ? "timeout" : "provider_down", `Teams did not ${doing}: ${why}.`, { cause });
}

/** What the service said where a call failed; undefined for an error that is none of a call. */
export const failureOf = (error: unknown): TeamsFailure | undefined =>
  error instanceof AppError && error.cause instanceof TeamsFailure ? error.cause : undefined;

/** Whether a call may have done what it asked for although it failed: no answer, 408 or 5xx. */
export function isAmbiguous(error: unknown): boolean {
  const failure = failureOf(error);
  if (failure === undefined || !failure.arrived) return false;
  return failure.status === undefined || failure.status === 408 || failure.status >= 500;
}
