import { AppError } from "../../src/core/errors.ts";

/** So many refusals of the bot's token in a row, and it is not used for a while: each one counts towards a ban of this address. */
const mostInRow = 3;
const restMs = 5 * 60_000;

/** How many refused requests in ten minutes have Apex stop for the rest of them; Discord bans an address after 10,000, which others may share. */
export const mostRefused = 1_000;

/** Keeps calls from Discord that it would refuse anyway. */
export interface RefusalBudget {
  /** An AppError where nothing is to be called now. */
  check(now: number): void;
  /** What became of a call with the bot's own token: whether Discord took the token. */
  note(tokenTaken: boolean, now: number): void;
  /** So many requests were refused, of whatever kind, that nothing is called until the count starts anew. */
  spent(restMs: number, now: number): void;
}

/** A budget that nothing was spent of. */
export function createRefusalBudget(): RefusalBudget {
  let inRow = 0;
  let [tokenRests, allRest] = [0, 0];
  return {
    check(now) {
      if (now < allRest) {
        throw new AppError("rate_limited", "Discord refused too many calls lately; Apex calls it again in a few minutes.", {
          retryAfterMs: allRest - now,
        });
      }
      if (now < tokenRests) {
        throw new AppError(
          "not_configured",
          "Discord has refused the bot's token several times, so it is not called for a few minutes. Reset the token and set DISCORD_BOT_TOKEN to the new one.",
        );
      }
    },
    note(tokenTaken, now) {
      inRow = tokenTaken ? 0 : inRow + 1;
      if (inRow >= mostInRow) tokenRests = now + restMs;
    },
    spent(ms, now) {
      allRest = now + ms;
    },
  };
}
