import { setTimeout as sleep } from "node:timers/promises";
import type { SharedFile } from "../../src/core/conversation.ts";
import { AppError } from "../../src/core/errors.ts";
import type { TeamsAccess } from "./config.ts";

/** How long a file may take in all, in milliseconds, and how large it may be, in bytes. */
const downloadMs = 5 * 60_000;
const mostBytes = 1_024 ** 3;
const attempts = 3;
const firstPauseMs = 300;

/** Where Teams keeps files that are shared with a bot: the sender's own OneDrive. */
const fileHosts = /^([a-z0-9-]+\.)+sharepoint\.(com|us)$/;

function isOurs(access: TeamsAccess, address: string): boolean {
  const url = new URL(address);
  if (access.kind === "playground") return ["localhost", "127.0.0.1"].includes(url.hostname);
  return access.serviceOrigins.includes(url.origin) || (url.protocol === "https:" && url.port === "" && fileHosts.test(url.hostname));
}

/** The answer's problem; undefined where it is the file. The address is not named: whoever has it has the file. */
function refusal({ status, headers }: Response, name: string): AppError | undefined {
  if (status === 429) {
    const seconds = Number(headers.get("retry-after") ?? 1);
    const retryAfterMs = Number.isFinite(seconds) ? seconds * 1_000 : 1_000;
    return new AppError("rate_limited", "Teams asks to wait; it will be tried again.", { retryAfterMs });
  }
  if (status >= 500) return new AppError("provider_down", `Teams did not give ${name}: it answered with HTTP status ${status}.`);
  if (status === 404 || status === 410) return new AppError("not_found", `Teams no longer has ${name}. Share it again.`);
  if (status >= 300) return new AppError("forbidden", `Teams did not let me read ${name}: the link has expired. Share it again.`);
  if (Number(headers.get("content-length") ?? 0) > mostBytes)
    return new AppError("bad_input", `${name} is larger than ${mostBytes} bytes. Split it, or gzip it.`);
  return undefined;
}

async function* passed(body: AsyncIterable<Uint8Array>, name: string, limit: AbortSignal): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.byteLength;
      if (bytes > mostBytes) throw new AppError("bad_input", `${name} is larger than ${mostBytes} bytes. Split it, or gzip it.`);
      yield chunk;
    }
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw limit.aborted
      ? new AppError("timeout", `Teams took longer than ${downloadMs / 60_000} minutes to give ${name}.`, { cause })
      : new AppError("provider_down", `Teams broke off in the middle of ${name}; it will be tried again.`, { cause });
  }
}

async function once({ url, name }: SharedFile, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const limit = AbortSignal.timeout(downloadMs);
  let response: Response;
  try {
    response = await fetch(url, { redirect: "manual", signal: AbortSignal.any([signal, limit]) });
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new AppError(limit.aborted ? "timeout" : "provider_down", `Teams did not give ${name}: it cannot be reached.`, { cause });
  }
  const wrong = refusal(response, name);
  if (wrong === undefined && response.body !== null) return passed(response.body, name, limit);
  await response.body?.cancel();
  throw wrong ?? new AppError("provider_down", `Teams gave nothing of ${name}.`);
}

/**
 * Opens a file that was shared with the bot in its own chat, by the address that Teams made for the bot: no token goes with
 * it, and it is asked of Microsoft's own hosts alone, whatever the message says. An AppError says why it cannot be had.
 */
export async function openTeamsFile(access: TeamsAccess, file: SharedFile, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  if (!isOurs(access, file.url))
    throw new AppError("forbidden", `${file.name} does not lie with Microsoft, so I did not fetch it. Download it and share it as a file.`);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once(file, signal);
    } catch (error) {
      if (!(error instanceof AppError) || !error.retry || error.retryAfterMs !== undefined || attempt >= attempts) throw error;
      await sleep(firstPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2), undefined, { signal });
    }
  }
}
