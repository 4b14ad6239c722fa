import { importJWK } from "jose";
import { z } from "zod";
import { AppError } from "../../src/core/errors.ts";

/** A key that signs the Bot Framework's tokens, and the channels that it may sign for. */
export interface SigningKey {
  readonly key: Awaited<ReturnType<typeof importJWK>>;
  readonly endorsements: readonly string[];
}

/** The keys of an OpenID provider. */
export interface OpenIdKeys {
  /** The key of this id; undefined where there is none. An AppError "provider_down" where the keys cannot be had. */
  find(kid: string, now: Date): Promise<SigningKey | undefined>;
}

const Metadata = z.object({ jwks_uri: z.url() });
const KeySet = z.object({
  keys: z.array(
    z.looseObject({
      kty: z.string(),
      kid: z.string().optional(),
      n: z.string().optional(),
      e: z.string().optional(),
      endorsements: z.array(z.string()).optional(),
    }),
  ),
});

const timeoutMs = 3_000;
/** How long keys are believed; after that they are fetched again, and until that works used for as long once more. */
const believedMs = 24 * 3_600_000;
/** The least time between two fetches for a key that is unknown: whoever makes keys up must not make us fetch. */
const rolloverMs = 60_000;
/** The least time between two fetches after one that failed. */
const failedMs = 2_000;

async function json(url: string): Promise<unknown> {
  const response = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
  return response.json();
}

async function fetchKeys(metadataUrl: string): Promise<ReadonlyMap<string, SigningKey>> {
  const { jwks_uri: keysUrl } = Metadata.parse(await json(metadataUrl));
  if (new URL(keysUrl).origin !== new URL(metadataUrl).origin) throw new Error("its keys lie with someone else");
  const found = new Map<string, SigningKey>();
  for (const { kty, kid, n, e, endorsements = [] } of KeySet.parse(await json(keysUrl)).keys) {
    if (kty !== "RSA" || kid === undefined || n === undefined || e === undefined) continue;
    found.set(kid, { key: await importJWK({ kty, n, e }, "RS256"), endorsements });
  }
  return found;
}

/** Keys by their OpenID metadata, fetched when they are needed, kept, and fetched again when an unknown one turns up. */
export function createOpenIdKeys(metadataUrl: string): OpenIdKeys {
  let keys: ReadonlyMap<string, SigningKey> = new Map();
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let notBefore = Number.NEGATIVE_INFINITY;
  let fetching: Promise<void> | undefined;
  let failure: unknown;
  const refresh = async (at: number): Promise<void> => {
    try {
      keys = await fetchKeys(metadataUrl);
      [fetchedAt, notBefore, failure] = [at, at + rolloverMs, undefined];
    } catch (error) {
      [notBefore, failure] = [at + failedMs, error];
    } finally {
      fetching = undefined;
    }
  };
  return {
    async find(kid, now) {
      const at = now.getTime();
      const stale = at - fetchedAt > believedMs;
      if ((stale || !keys.has(kid)) && at >= notBefore) {
        fetching ??= refresh(at);
        await fetching;
      } else if (fetching !== undefined && !keys.has(kid)) await fetching;
      const found = at - fetchedAt > 2 * believedMs ? undefined : keys.get(kid);
      if (found !== undefined || failure === undefined) return found;
      throw new AppError("provider_down", "The keys of the Bot Framework cannot be had right now. Please try again.", { cause: failure });
    },
  };
}
