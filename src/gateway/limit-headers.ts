import type { ApiFamily } from "../core/gateway-config.ts";
import type { RateStanding, RateVerdict } from "./rate-limits.ts";

type Headers = readonly (readonly [name: string, value: string])[];
type Kind = "requests" | "tokens";

/** A duration as OpenAI writes it: "120ms", "1.5s", "6m0s". */
const durationText = (ms: number): string => {
  if (ms < 1_000) return `${ms}ms`;
  const seconds = Math.ceil(ms / 100) / 10;
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${Math.ceil(seconds % 60)}s`;
};

/** https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers */
const asOpenAi = (kind: Kind, { limit, remaining, resetMs }: RateStanding): Headers => [
  [`x-ratelimit-limit-${kind}`, String(limit)],
  [`x-ratelimit-remaining-${kind}`, String(remaining)],
  [`x-ratelimit-reset-${kind}`, durationText(resetMs)],
];

/** https://docs.anthropic.com/en/api/rate-limits#response-headers */
const asAnthropic = (kind: Kind, { limit, remaining, resetMs }: RateStanding, now: Date): Headers => [
  [`anthropic-ratelimit-${kind}-limit`, String(limit)],
  [`anthropic-ratelimit-${kind}-remaining`, String(remaining)],
  [`anthropic-ratelimit-${kind}-reset`, `${new Date(now.getTime() + resetMs).toISOString().slice(0, 19)}Z`],
];

/** APIs without headers of this kind get none. */
const inFamily = (family: ApiFamily, kind: Kind, standing: RateStanding, now: Date): Headers => {
  if (family === "openai") return asOpenAi(kind, standing);
  return family === "anthropic" ? asAnthropic(kind, standing, now) : [];
};

/** How a key's limits stand, in the headers of the caller's own API; none for limits that the key does not have. */
export const limitHeaders = (family: ApiFamily, verdict: RateVerdict, now: Date): Headers =>
  (["requests", "tokens"] as const).flatMap((kind) => {
    const standing = verdict[kind];
    return standing === undefined ? [] : inFamily(family, kind, standing, now);
  });
