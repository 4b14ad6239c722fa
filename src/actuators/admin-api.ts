import { setTimeout as sleep } from "node:timers/promises";
import { fetch } from "undici";
import type { z } from "zod";
import { AppError } from "../core/errors.ts";

/** A call of the API by which a place is administered. Secrets stand in headers or the body alone. */
export interface AdminCall {
  readonly method: "GET" | "POST" | "PUT";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** What is done, for people: "LiteLLM, asked for its models". */
  readonly what: string;
  /** What an admin should do where the key is refused. */
  readonly refused: string;
}

/** Says what a refusal of this place means, where its body tells more than its status; undefined: nothing more. */
export type ExplainRefusal = (status: number, body: string) => AppError | undefined;

export interface AdminApiOptions {
  /** Longest that one answer may take, in milliseconds. */
  readonly timeoutMs?: number;
  readonly attempts?: number;
  /** The first pause between attempts, in milliseconds; each next one is twice as long, half of it random. */
  readonly firstPauseMs?: number;
  readonly explain?: ExplainRefusal;
}

/** Calls such an API with a time-out, and again where that may help: every call of ours may come twice. */
export interface AdminApi {
  /** The answer, checked; an AppError that says what is wrong, also where it is not as documented. */
  call<T>(call: AdminCall, schema: z.ZodType<T>, signal: AbortSignal): Promise<T>;
}

const largestAnswer = 32 * 1024 * 1024;
const longestWaitMs = 20_000;

const waitOf = (header: string | null): number | undefined => {
  const seconds = header === null || header.trim() === "" ? Number.NaN : Number(header);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined;
};

function refusal({ what, refused }: AdminCall, status: number, retryAfter: string | null): AppError {
  const said = `${what}: it answered with status ${status}`;
  const wait = waitOf(retryAfter);
  if (status === 401) return new AppError("unauthenticated", `${said}, the key is wrong or was revoked. ${refused}`);
  if (status === 403) return new AppError("forbidden", `${said}, the key may not do this. ${refused}`);
  if (status === 404) return new AppError("not_found", `${said}: there is no such thing. Check the address and the ids in the settings.`);
  if (status === 429)
    return new AppError("rate_limited", `${said}, too many requests. Try again later.`, wait === undefined ? {} : { retryAfterMs: wait });
  if (status >= 500 || status === 408) return new AppError("provider_down", `${said}. Try again when it is well.`);
  return new AppError(
    "bad_input",
    `${said}: it does not take the request. Its version may not be one that is supported; see docs/actuators.md.`,
  );
}

async function textOf(response: Awaited<ReturnType<typeof fetch>>, what: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    if (!(part instanceof Uint8Array)) continue;
    size += part.length;
    if (size > largestAnswer) throw new AppError("bad_input", `${what}: the answer is larger than ${largestAnswer} bytes.`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

async function once(call: AdminCall, timeoutMs: number, explain: ExplainRefusal, signal: AbortSignal): Promise<string> {
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(call.url, {
      method: call.method,
      headers: { accept: "application/json", "content-type": "application/json", ...call.headers },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      redirect: "manual",
      signal: AbortSignal.any([signal, limit]),
    });
    const text = await textOf(response, call.what);
    if (response.ok) return text;
    throw explain(response.status, text) ?? refusal(call, response.status, response.headers.get("retry-after"));
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    if (limit.aborted || signal.aborted)
      throw new AppError("timeout", `${call.what}: no answer within ${timeoutMs / 1_000} s. Check that it is well, then try again.`, {
        cause,
      });
    throw new AppError("provider_down", `${call.what}: it cannot be reached at ${call.url.origin}. Check the address and the network.`, {
      cause,
    });
  }
}

function checked<T>({ what }: AdminCall, schema: z.ZodType<T>, text: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text === "" ? "null" : text);
  } catch (cause) {
    throw new AppError("provider_down", `${what}: the answer is not JSON. Check that the address is the right one.`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new AppError(
    "bad_input",
    `${what}: the answer is not as documented, at "${issue?.path.join(".") ?? ""}": ${issue?.message ?? "unreadable"}. Nothing was changed by it; the format may be newer than this Apex.`,
  );
}

/** Makes a client; what stays away ends in an AppError within a bounded time. */
export function createAdminApi({
  timeoutMs = 10_000,
  attempts = 3,
  firstPauseMs = 300,
  explain = () => undefined,
}: AdminApiOptions = {}): AdminApi {
  return {
    async call(call, schema, signal) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return checked(call, schema, await once(call, timeoutMs, explain, signal));
        } catch (error) {
          if (!(error instanceof AppError) || !error.retry || attempt >= attempts || signal.aborted) throw error;
          if ((error.retryAfterMs ?? 0) > longestWaitMs) throw error;
          await sleep((error.retryAfterMs ?? 0) + firstPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2), undefined, { signal });
        }
      }
    },
  };
}

/** JSON that some versions answer as a text of JSON; a text that is none is left as it is. */
export function unfolded(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    const parsed: unknown = JSON.parse(value);
    return parsed;
  } catch {
    return value;
  }
}
