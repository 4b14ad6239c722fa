import { setTimeout as sleep } from "node:timers/promises";
import type { SharedFile } from "../../src/core/conversation.ts";
import { AppError } from "../../src/core/errors.ts";

/** How long a file may take in all, in milliseconds. */
const downloadMs = 5 * 60_000;
const attempts = 3;
const firstPauseMs = 300;

/** Where Slack keeps files; a Slack that runs elsewhere (SLACK_API_URL) keeps them beside its API. */
const filesOrigin = (apiUrl: string): string => {
  const { host, origin } = new URL(apiUrl);
  return host === "slack.com" || host.endsWith(".slack.com") ? "https://files.slack.com" : origin;
};

const reinstall = "Reinstall the Slack app with the scopes of manifests/slack/manifest.json (files:read is needed).";

/** The answer's problem; undefined where it is the file. The address is not named: it is a secret of the workspace. */
function refusal(response: Response, name: string): AppError | undefined {
  const { status, headers } = response;
  if (status === 429) {
    const seconds = Number(headers.get("retry-after") ?? 1);
    return new AppError("rate_limited", "Slack asks to wait; it will be tried again.", {
      retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : 1_000,
    });
  }
  if (status >= 500) return new AppError("provider_down", `Slack did not give ${name}: it answered with HTTP status ${status}.`);
  if (status === 404 || status === 410) return new AppError("not_found", `Slack no longer has ${name}. Share it again.`);
  // Without the scope Slack sends its sign-in page, or sends the reader there.
  const page = headers.get("content-type")?.includes("text/html") === true && !/\.html?$/i.test(name);
  if (status >= 300 || page) return new AppError("not_configured", `Slack did not let me read ${name}. ${reinstall}`);
  return undefined;
}

async function* passed(body: AsyncIterable<Uint8Array>, name: string, limit: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (cause) {
    throw limit.aborted
      ? new AppError("timeout", `Slack took longer than ${downloadMs / 60_000} minutes to give ${name}.`, { cause })
      : new AppError("provider_down", `Slack broke off in the middle of ${name}; it will be tried again.`, { cause });
  }
}

/** The bot that may read the file, and the API of its Slack. */
export interface FileAccess {
  readonly token: string;
  readonly apiUrl: string;
}

async function once(config: FileAccess, { url, name }: SharedFile, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const limit = AbortSignal.timeout(downloadMs);
  let response: Response;
  try {
    response = await fetch(url, {
      headers: { authorization: `Bearer ${config.token}` },
      redirect: "manual",
      signal: AbortSignal.any([signal, limit]),
    });
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new AppError(limit.aborted ? "timeout" : "provider_down", `Slack did not give ${name}: it cannot be reached.`, { cause });
  }
  const wrong = refusal(response, name);
  if (wrong === undefined && response.body !== null) return passed(response.body, name, limit);
  await response.body?.cancel();
  throw wrong ?? new AppError("provider_down", `Slack gave nothing of ${name}.`);
}

/**
 * Opens a file that was shared with the bot. The token goes to Slack's own host for files and to no other, whatever the
 * event says, and follows no redirect. An AppError says why it cannot be had.
 */
export async function openSlackFile(config: FileAccess, file: SharedFile, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  if (new URL(file.url).origin !== filesOrigin(config.apiUrl))
    throw new AppError(
      "forbidden",
      `${file.name} does not lie with Slack itself, so I did not fetch it. Download it and share it as a file.`,
    );
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once(config, file, signal);
    } catch (error) {
      if (!(error instanceof AppError) || !error.retry || error.retryAfterMs !== undefined || attempt >= attempts) throw error;
      await sleep(firstPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2), undefined, { signal });
    }
  }
}
