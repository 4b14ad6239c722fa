import { createHash } from "node:crypto";
import { AppError } from "../core/errors.ts";
import type { GatewayKey, GatewayStore } from "../core/gateway-config.ts";

export interface SenderDeps {
  readonly keys: Pick<GatewayStore, "keyWithHash">;
  readonly now: () => Date;
}

/** Lets in who may send usage. */
export interface Senders {
  /** The sender's key, from the Authorization header; an AppError "unauthenticated", "forbidden" or, while keys cannot be looked up, "busy". */
  admit(authorization: string | undefined): Promise<GatewayKey>;
}

/** How long an answer about a key is believed: a revoked key is refused after this, in milliseconds. */
const believedMs = 1_000;

/** Answers that are kept at a time: whoever tries keys at random must not fill the memory. */
const mostKept = 5_000;

interface Kept {
  readonly until: number;
  readonly key: Promise<GatewayKey | undefined>;
}

const howTo = "Make one with `apex key LABEL --ingest` and send it in the header: Authorization: Bearer KEY.";

/**
 * Admits by key. A key is 256 random bits and is looked up by its SHA-256, so that the time which a look-up takes says
 * nothing about any key. Answers are kept for a second; requests that come together share one look-up.
 */
export function createSenders({ keys, now }: SenderDeps): Senders {
  const kept = new Map<string, Kept>();
  const lookUp = (hash: string): Promise<GatewayKey | undefined> => {
    const known = kept.get(hash);
    if (known !== undefined && known.until > now().getTime()) return known.key;
    const key = keys.keyWithHash(hash);
    // Oldest first: what goes is what has been believed longest.
    kept.delete(hash);
    for (const old of kept.keys()) {
      if (kept.size < mostKept) break;
      kept.delete(old);
    }
    kept.set(hash, { until: now().getTime() + believedMs, key });
    key.catch(() => kept.delete(hash));
    return key;
  };
  return {
    async admit(authorization) {
      const secret = /^Bearer\s+(\S+)$/i.exec(authorization?.trim() ?? "")?.[1];
      if (secret === undefined) throw new AppError("unauthenticated", `Usage is taken only with a key that may send it. ${howTo}`);
      const key = await lookUp(createHash("sha256").update(secret).digest("hex")).catch((cause: unknown) => {
        throw new AppError("busy", "Keys cannot be looked up right now. Send this again in a few seconds.", { cause, retryAfterMs: 2_000 });
      });
      if (key === undefined) throw new AppError("unauthenticated", `The key is wrong or was revoked. ${howTo}`);
      if (key.purpose !== "ingest") throw new AppError("forbidden", `This key calls models and cannot send usage. ${howTo}`);
      return key;
    },
  };
}
