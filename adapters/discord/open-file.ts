import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { SharedFile } from "../../src/core/conversation.ts";
import { AppError } from "../../src/core/errors.ts";
import type { DiscordApi } from "./client.ts";
import { Attachment, originOf } from "./shared-files.ts";

/** How long a file may take in all, in milliseconds. */
const downloadMs = 5 * 60_000;
const attempts = 3;
const firstPauseMs = 300;

/** What opening a file needs. */
export interface FileDeps {
  readonly api: DiscordApi;
  readonly apiUrl: string;
}

/** Where Discord keeps files; a Discord that runs elsewhere (DISCORD_API_URL) keeps them beside its API. */
function origins(apiUrl: string): readonly string[] {
  const { host, origin } = new URL(apiUrl);
  const isDiscord = host === "discord.com" || host.endsWith(".discord.com");
  return isDiscord ? ["https://cdn.discordapp.com", "https://media.discordapp.net"] : [origin];
}

/** The answer's problem; undefined where it is the file. The address is not named: whoever has it may read the file. */
function refusal({ status, headers }: Response, name: string): AppError | undefined {
  if (status === 429) {
    const seconds = Number(headers.get("retry-after") ?? 1);
    return new AppError("rate_limited", "Discord asks to wait; it will be tried again.", {
      retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : 1_000,
    });
  }
  if (status >= 500) return new AppError("provider_down", `Discord did not give ${name}: it answered with HTTP status ${status}.`);
  // An address that is too old is answered in the same way as a file that is gone.
  if (status === 403 || status === 404 || status === 410)
    return new AppError("not_found", `Discord no longer has ${name}. Share it again.`);
  return status >= 300
    ? new AppError("forbidden", `Discord sent me elsewhere for ${name}, so I did not fetch it. Share it again.`)
    : undefined;
}

async function* passed(body: AsyncIterable<Uint8Array>, { name, size }: SharedFile, limit: AbortSignal): AsyncGenerator<Uint8Array> {
  let left = size;
  try {
    for await (const bytes of body) {
      left -= bytes.length;
      if (left < 0) throw new AppError("bad_input", `${name} is larger than Discord said, so I did not read on. Share it again.`);
      yield bytes;
    }
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw limit.aborted
      ? new AppError("timeout", `Discord took longer than ${downloadMs / 60_000} minutes to give ${name}.`, { cause })
      : new AppError("provider_down", `Discord broke off in the middle of ${name}; it will be tried again.`, { cause });
  }
}

async function once(deps: FileDeps, file: SharedFile, url: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const { name } = file;
  if (!origins(deps.apiUrl).includes(new URL(url).origin))
    throw new AppError("forbidden", `${name} does not lie with Discord itself, so I did not fetch it. Share it as a file.`);
  const limit = AbortSignal.timeout(downloadMs);
  let response: Response;
  try {
    // The address holds the right to read; the bot's token is sent to Discord's API alone.
    response = await fetch(url, { redirect: "manual", signal: AbortSignal.any([signal, limit]) });
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new AppError(limit.aborted ? "timeout" : "provider_down", `Discord did not give ${name}: it cannot be reached.`, { cause });
  }
  const wrong = refusal(response, name);
  if (wrong === undefined && response.body !== null) return passed(response.body, file, limit);
  await response.body?.cancel();
  throw wrong ?? new AppError("provider_down", `Discord gave nothing of ${name}.`);
}

const Reread = z.object({ attachments: z.array(Attachment) });

/** A fresh address of a file, from the message that it came in; undefined where there is none. */
async function freshUrl({ api }: FileDeps, { id }: SharedFile): Promise<string | undefined> {
  const from = originOf(id);
  if (from === undefined) return undefined;
  const path = `/channels/${from.channel}/messages/${from.message}` as const;
  const { attachments } = Reread.parse(await api.call({ method: "get", path, doing: "show the message again", repeatable: true }));
  return attachments.find((one) => one.id === from.attachment)?.url;
}

/**
 * Opens a file that was shared with the bot: from Discord's own hosts for files and no other, whatever the event says,
 * without following a redirect, and no more of it than was announced. An address that has run out is had anew from the
 * message. An AppError says why it cannot be had.
 */
export async function openDiscordFile(deps: FileDeps, file: SharedFile, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  let [url, renewed] = [file.url, false];
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once(deps, file, url, signal);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const fresh = error.code === "not_found" && !renewed ? await freshUrl(deps, file) : undefined;
      if (fresh !== undefined) [url, renewed] = [fresh, true];
      else if (!error.retry || error.retryAfterMs !== undefined || attempt >= attempts) throw error;
      else await sleep(firstPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2), undefined, { signal });
    }
  }
}
