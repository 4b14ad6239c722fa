import { webApi } from "@slack/bolt";
import { AppError, type ErrorCode } from "../../src/core/errors.ts";

const token = "Install the Slack app again at /slack/install; where it was connected by hand, set SLACK_BOT_TOKEN again.";
const invite = "Invite the bot to the channel with /invite, or ask in a direct message.";

/** What Slack's own error codes mean to us, and what to do about each. */
const meanings: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  invalid_auth: ["not_configured", token],
  not_authed: ["not_configured", token],
  token_revoked: ["not_configured", token],
  token_expired: ["not_configured", token],
  account_inactive: ["not_configured", token],
  invalid_refresh_token: ["not_configured", token],
  invalid_client_id: ["not_configured", "Set SLACK_CLIENT_ID and SLACK_CLIENT_SECRET to those of the app's Basic Information page."],
  bad_client_secret: ["not_configured", "Set SLACK_CLIENT_ID and SLACK_CLIENT_SECRET to those of the app's Basic Information page."],
  bad_redirect_uri: ["not_configured", "Add PUBLIC_URL followed by /slack/oauth_redirect to the app's redirect addresses."],
  missing_scope: ["not_configured", "Install the Slack app again with the scopes of manifests/slack/manifest.json."],
  channel_not_found: ["forbidden", invite],
  not_in_channel: ["forbidden", invite],
  user_not_in_channel: ["forbidden", invite],
  is_archived: ["forbidden", "The channel is archived; ask in another one."],
  restricted_action: ["forbidden", "The workspace does not let the bot post there; ask its admin."],
  restricted_action_read_only_channel: ["forbidden", "The channel is read-only; ask in another one."],
  message_not_found: ["not_found", "The message was deleted; ask again."],
  thread_not_found: ["not_found", "The thread was deleted; ask again."],
  user_not_found: ["not_found", "That person is not in this workspace."],
  cant_update_message: ["conflict", "The message is not ours to edit."],
  edit_window_closed: ["conflict", "The workspace no longer lets the message be edited."],
  ratelimited: ["rate_limited", "It will be tried again."],
  rate_limited: ["rate_limited", "It will be tried again."],
  message_limit_exceeded: ["rate_limited", "It will be tried again."],
  internal_error: ["provider_down", "It will be tried again."],
  fatal_error: ["provider_down", "It will be tried again."],
  service_unavailable: ["provider_down", "It will be tried again."],
  request_timeout: ["provider_down", "It will be tried again."],
};

/** The bot cannot write in the conversation. */
export const cannotWrite: ReadonlySet<string> = new Set(["channel_not_found", "not_in_channel"]);

/** A message cannot be edited, and never will be. */
export const cannotEdit: ReadonlySet<string> = new Set(["message_not_found", "cant_update_message", "edit_window_closed"]);

/** Slack's code for editing a message that is being streamed. */
export const stillStreaming = "streaming_state_conflict";

/** Codes after which Slack may have done what was asked all the same. */
const unsure: ReadonlySet<string> = new Set(["internal_error", "fatal_error", "service_unavailable", "request_timeout"]);

/** Whether Slack refused for sure, so that nothing was done. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof webApi.WebAPIPlatformError) return !unsure.has(error.data.error);
  if (error instanceof webApi.WebAPIHTTPError) return error.statusCode >= 400 && error.statusCode < 500 && error.statusCode !== 408;
  return error instanceof webApi.WebAPIRateLimitedError;
}

/** Slack's own code of a refusal, where the error is one. */
export const slackCode = (error: unknown): string | undefined =>
  error instanceof webApi.WebAPIPlatformError ? error.data.error : undefined;

/** Turns whatever a Slack call threw into an AppError with advice; `doing` completes "Slack did not …". */
export function toAppError(error: unknown, doing: string): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof webApi.WebAPIRateLimitedError) {
    return new AppError("rate_limited", `Slack asks to wait ${error.retryAfter} s; it will be tried again.`, {
      cause: error,
      retryAfterMs: error.retryAfter * 1000,
    });
  }
  if (error instanceof webApi.WebAPIRequestError) {
    const late = error.original.name === "TimeoutError" || error.original.name === "AbortError";
    return new AppError(late ? "timeout" : "provider_down", `Slack did not ${doing}: ${late ? "no answer in time" : "not reachable"}.`, {
      cause: error,
    });
  }
  if (error instanceof webApi.WebAPIHTTPError) {
    const code = error.statusCode === 429 ? "rate_limited" : error.statusCode >= 500 ? "provider_down" : "internal";
    return new AppError(code, `Slack did not ${doing}: it answered with HTTP status ${error.statusCode}.`, { cause: error });
  }
  const slack = slackCode(error);
  if (slack === undefined) return new AppError("provider_down", `Slack did not ${doing}.`, { cause: error });
  const [code, advice] = meanings[slack] ?? ["internal", "This is a fault of ours: please report it with this code."];
  return new AppError(code, `Slack did not ${doing} (${slack}). ${advice}`, { cause: error });
}
