import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { RawRequest } from "../../src/core/delivery.ts";

const pair = generateKeyPairSync("ed25519");
const other = generateKeyPairSync("ed25519");

/** The 32 bytes of a public key as Discord shows them. */
const shown = (key: KeyObject): string => key.export({ format: "der", type: "spki" }).subarray(-32).toString("hex");

/** The public key of the application in tests. */
export const publicKey = shown(pair.publicKey);
/** A key of somebody else's. */
export const otherKey = other.privateKey;

/** Signs a body as Discord does: Ed25519 over the time and the bytes. */
export function signed(body: string, at: Date, key: KeyObject = pair.privateKey): RawRequest {
  const timestamp = Math.floor(at.getTime() / 1000).toString();
  const signature = sign(null, Buffer.from(timestamp + body), key).toString("hex");
  return { headers: { "content-type": "application/json", "x-signature-timestamp": timestamp, "x-signature-ed25519": signature }, body };
}

/** A Discord id made from a name, the same for the same name. */
export const snowflake = (name: string): string =>
  (createHash("sha256").update(name).digest().readBigUInt64BE() >> 3n).toString().padStart(17, "1");

/** Where an interaction happens: `parent` where the channel is a thread; no guild in a direct message. */
export interface Place {
  readonly applicationId: string;
  readonly guild: string | undefined;
  readonly channel: string;
  readonly parent?: string;
  readonly user: string;
}

/** An interaction of any type, as Discord writes it. */
export function interaction(
  place: Place,
  id: string,
  type: number,
  data: unknown,
  token = `token-${id}`,
): Readonly<Record<string, unknown>> {
  const user = { id: place.user, username: "alice", global_name: "Alice", discriminator: "0", avatar: null };
  return {
    id,
    application_id: place.applicationId,
    entitlements: [],
    authorizing_integration_owners: {},
    type,
    token,
    version: 1,
    channel_id: place.channel,
    // Presses are made on messages, and so are the presses that open our forms.
    ...(type === 3 || type === 5 ? { message: { id: "1" } } : {}),
    channel: {
      id: place.channel,
      type: place.parent === undefined ? 0 : 11,
      ...(place.parent === undefined ? {} : { parent_id: place.parent }),
    },
    ...(place.guild === undefined
      ? { user, context: 1 }
      : { guild_id: place.guild, member: { user, nick: null, roles: [], permissions: "0" }, context: 0 }),
    data,
  };
}

/** The data of `/apex question:…`; an empty question is left out, as Discord leaves it out. */
export const commandData = (text: string, name = "apex"): unknown => ({
  id: "1",
  name,
  type: 1,
  ...(text === "" ? {} : { options: [{ name: "question", type: 3, value: text }] }),
});

/** The data of a press. */
export const pressData = (customId: string): unknown => ({ custom_id: customId, component_type: 2 });

/** The data of the form that asks why. */
export const reasonData = (customId: string, reason: string): unknown => ({
  custom_id: customId,
  components: [{ type: 18, component: { type: 4, custom_id: "reason", value: reason } }],
});
