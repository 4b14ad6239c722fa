import { tokenLifeMs } from "./config.ts";

/** The newest interaction token of each person in each channel, while it is fresh: it lets them be told something that nobody else sees. Kept in memory alone. */
export interface TokenBook {
  keep(channel: string, userId: string, token: string, now: Date): void;
  fresh(channel: string, userId: string, now: Date): string | undefined;
  drop(channel: string, userId: string): void;
}

/** How many tokens are kept. */
const most = 2_000;

const keyOf = (channel: string, userId: string): string => `${channel}/${userId}`;

/** An empty book. */
export function createTokenBook(): TokenBook {
  const tokens = new Map<string, { readonly token: string; readonly at: number }>();
  return {
    keep(channel, userId, token, now) {
      tokens.delete(keyOf(channel, userId));
      tokens.set(keyOf(channel, userId), { token, at: now.getTime() });
      const [oldest] = tokens.keys();
      if (tokens.size > most && oldest !== undefined) tokens.delete(oldest);
    },
    fresh(channel, userId, now) {
      const kept = tokens.get(keyOf(channel, userId));
      return kept === undefined || now.getTime() - kept.at > tokenLifeMs ? undefined : kept.token;
    },
    drop(channel, userId) {
      tokens.delete(keyOf(channel, userId));
    },
  };
}
