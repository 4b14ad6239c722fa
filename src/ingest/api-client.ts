import { setTimeout as sleep } from "node:timers/promises";
import { fetch } from "undici";
import type { z } from "zod";
import { AppError } from "../core/errors.ts";

/** A call of a provider's API. Secrets stand in headers or the body alone: the address is named in errors. */
export interface ApiCall {
  readonly url: URL;
  readonly method?: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  /** Headers made anew for each attempt, such as signatures that name their time. */
  readonly sign?: () => Promise<Readonly<Record<string, string>>>;
  readonly body?: string;
  /** What is asked, for people: "OpenAI's organization usage". */
  readonly what: string;
  /** What an admin should do where the credential is refused: which key, which scope. */
  readonly refused: string;
  /** Statuses by which this API refuses a credential, besides 401 and 403. */
  readonly refusedBy?: readonly number[];
  /** What to check where the API says that there is nothing (404). */
  readonly missing?: string;
  /** The JSON that an answer without a body stands for; without it, such an answer is not whole. */
  readonly whenEmpty?: string;
}

export interface ApiClientOptions {
  /** Longest that one answer may take, in milliseconds. */
  readonly timeoutMs?: number;
  readonly attempts?: number;
  /** The first pause between attempts, in milliseconds; each next one is twice as long, half of it random. */
  readonly firstPauseMs?: number;
}

/** Calls APIs with a time-out, and again with pauses where that may help: after 429 (for as long as Retry-After says), 5xx, a broken answer. */
export interface ApiClient {
  /** The answer as JSON, checked; an AppError "bad_input" that names the field where it is not as documented. */
  json<T>(call: ApiCall, schema: z.ZodType<T>, signal: AbortSignal): Promise<T>;
  /** The answer as `parse` makes it. Where that throws an AppError that may be tried again, the answer is asked for again. */
  read<T>(call: ApiCall, parse: (bytes: Uint8Array) => T, signal: AbortSignal): Promise<T>;
  /** The answer's bytes. */
  bytes(call: ApiCall, signal: AbortSignal): Promise<Uint8Array>;
}

/** An answer larger than this is no page of a report, in bytes. */
const largestAnswer = 64 * 1024 * 1024;
const longestWaitMs = 120_000;

/** What Retry-After asks for, in seconds or as a date; undefined where it is not there or cannot be read. */
function retryAfterMs(header: string | null): number | undefined {
  if (header === null) return undefined;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) && header.trim() !== "" ? seconds * 1_000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}

/** Retry-After, or the header of an API that writes it with a prefix of its own (Azure's cost queries). */
const retryAfterOf = (headers: Iterable<[string, string]>): string | null =>
  [...headers].find(([name]) => name.endsWith("retry-after"))?.[1] ?? null;

function refusal(call: ApiCall, status: number, retryAfter: string | null): AppError {
  const said = `${call.what} answered with status ${status}`;
  const wait = retryAfterMs(retryAfter);
  const options = wait === undefined ? {} : { retryAfterMs: wait };
  if (status === 401 || call.refusedBy?.includes(status) === true)
    return new AppError("unauthenticated", `${said}: the credential is wrong or was revoked. ${call.refused}`);
  if (status === 403) return new AppError("forbidden", `${said}: the credential may not read this. ${call.refused}`);
  if (status === 404)
    return new AppError(
      "not_found",
      `${said}: there is nothing at ${call.url.origin}${call.url.pathname}. ${call.missing ?? "Check the address."}`,
    );
  if (status >= 300 && status < 400)
    return new AppError(
      "bad_input",
      `${said}: it points to another address. Check the address and the region in the settings of this source.`,
    );
  if (status === 429) return new AppError("rate_limited", `${said}: too many requests. It is tried again later.`, options);
  if (status >= 500 || status === 408) return new AppError("provider_down", `${said}. It is tried again later.`, options);
  return new AppError("bad_input", `${said}: it does not accept the request. Check the settings of this source.`);
}

async function bodyOf(response: Awaited<ReturnType<typeof fetch>>, what: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    if (!(part instanceof Uint8Array)) continue;
    size += part.length;
    if (size > largestAnswer)
      throw new AppError("bad_input", `${what} answered with more than ${largestAnswer} bytes: ask for less at once.`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** One attempt. */
async function once(call: ApiCall, timeoutMs: number, signal: AbortSignal): Promise<Uint8Array> {
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(call.url, {
      method: call.method ?? "GET",
      headers: { accept: "application/json", ...call.headers, ...(await call.sign?.()) },
      ...(call.body === undefined ? {} : { body: call.body }),
      redirect: "manual",
      signal: AbortSignal.any([signal, limit]),
    });
    if (response.ok) return await bodyOf(response, call.what);
    await response.body?.cancel();
    throw refusal(call, response.status, retryAfterOf(response.headers));
  } catch (cause) {
    if (cause instanceof AppError || signal.aborted) throw cause;
    if (limit.aborted) throw new AppError("timeout", `${call.what} did not answer within ${timeoutMs / 1_000} seconds.`, { cause });
    throw new AppError("provider_down", `${call.what} cannot be reached at ${call.url.origin}. Check the address and the network.`, {
      cause,
    });
  }
}

/** The answer as the schema wants it. A broken text may come whole at the next try; a changed field will not. */
function checked<T>(call: ApiCall, schema: z.ZodType<T>, bytes: Uint8Array): T {
  let value: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    value = JSON.parse(text === "" && call.whenEmpty !== undefined ? call.whenEmpty : text);
  } catch (cause) {
    throw new AppError("provider_down", `${call.what} gave an answer that is not whole JSON. It is tried again later.`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new AppError(
    "bad_input",
    `${call.what} gave an answer that is not as documented, at "${issue?.path.join(".") ?? ""}": ${issue?.message ?? "unreadable"}. Nothing of it was stored; the format may have changed, so update Apex.`,
  );
}

/** Makes a client. Its pauses are bounded: an answer that stays away ends in an AppError whose code says whether to try later. */
export function createApiClient({ timeoutMs = 30_000, attempts = 5, firstPauseMs = 500 }: ApiClientOptions = {}): ApiClient {
  async function persist<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof AppError) || !error.retry || attempt >= attempts || (error.retryAfterMs ?? 0) > longestWaitMs) throw error;
        const pause = firstPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
        await sleep(Math.max(error.retryAfterMs ?? 0, 0) + pause, undefined, { signal });
      }
    }
  }
  return {
    json: (call, schema, signal) => persist(async () => checked(call, schema, await once(call, timeoutMs, signal)), signal),
    read: (call, parse, signal) => persist(async () => parse(await once(call, timeoutMs, signal)), signal),
    bytes: (call, signal) => persist(() => once(call, timeoutMs, signal), signal),
  };
}
