import { verifySlackRequest } from "@slack/bolt";
import type { RawRequest } from "../../src/core/delivery.ts";
import { AppError } from "../../src/core/errors.ts";

/** How old or how far ahead a request's time may be, in seconds. */
const windowSeconds = 5 * 60;

const refuse = (why: string, cause?: unknown): AppError =>
  new AppError("unauthenticated", `This request is not from Slack: ${why}. Check SLACK_SIGNING_SECRET and the server's clock.`, { cause });

/** Passes only a request that Slack signed (v0) over exactly these bytes within five minutes of `now`, either way. */
export function verifySlack(raw: RawRequest, signingSecret: string | undefined, now: Date): void {
  if (signingSecret === undefined) {
    throw new AppError("unauthenticated", "Slack's events come over a socket here: set SLACK_SIGNING_SECRET to take them by HTTP too.");
  }
  const signature = raw.headers["x-slack-signature"];
  const timestamp = raw.headers["x-slack-request-timestamp"];
  if (signature === undefined || timestamp === undefined) throw refuse("its signature is missing");
  if (!/^\d{1,12}$/.test(timestamp)) throw refuse("its time is not a number");
  const seconds = Number(timestamp);
  if (Math.abs(now.getTime() / 1000 - seconds) > windowSeconds) throw refuse("its time is more than five minutes off");
  try {
    verifySlackRequest({
      signingSecret,
      body: raw.body,
      headers: { "x-slack-signature": signature, "x-slack-request-timestamp": seconds },
      nowMilliseconds: now.getTime(),
    });
  } catch (cause) {
    throw refuse("its signature does not match", cause);
  }
}
