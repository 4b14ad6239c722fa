import { createPublicKey, type KeyObject, verify } from "node:crypto";
import type { RawRequest } from "../../src/core/delivery.ts";
import { AppError } from "../../src/core/errors.ts";

/** How old or how far ahead a request's time may be, in seconds. */
const windowSeconds = 5 * 60;

/** What stands before the 32 bytes of an Ed25519 key in DER. */
const keyPrefix = Buffer.from("302a300506032b6570032100", "hex");

const refuse = (why: string, cause?: unknown): AppError =>
  new AppError("unauthenticated", `This request is not from Discord: ${why}. Check DISCORD_PUBLIC_KEY and the server's clock.`, { cause });

/** The application's public key, from the hexadecimal digits that Discord shows. */
export const discordKey = (publicKey: string): KeyObject =>
  createPublicKey({ key: Buffer.concat([keyPrefix, Buffer.from(publicKey, "hex")]), format: "der", type: "spki" });

/** Passes only a request that Discord signed (Ed25519 over its time and these bytes) within five minutes of `now`, either way. */
export function verifyDiscord(raw: RawRequest, key: KeyObject, now: Date): void {
  const signature = raw.headers["x-signature-ed25519"];
  const timestamp = raw.headers["x-signature-timestamp"];
  if (signature === undefined || timestamp === undefined) throw refuse("its signature is missing");
  if (!/^[0-9a-f]{128}$/i.test(signature)) throw refuse("its signature is not one");
  if (!/^\d{1,12}$/.test(timestamp)) throw refuse("its time is not a number");
  if (Math.abs(now.getTime() / 1000 - Number(timestamp)) > windowSeconds) throw refuse("its time is more than five minutes off");
  if (!verify(null, Buffer.from(timestamp + raw.body, "utf8"), key, Buffer.from(signature, "hex"))) {
    throw refuse("its signature does not match");
  }
}
