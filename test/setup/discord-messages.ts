import { z } from "zod";
import { type FakeApi, startFakeApi } from "./fake-api.ts";

const Sent = z.object({ components: z.array(z.object({ id: z.number().optional() })).optional(), nonce: z.string().optional() });

interface Kept {
  readonly id: string;
  readonly channel: string;
  readonly nonce: string | undefined;
  mark: number | undefined;
}

/** A channel of Discord's, as far as messages go. */
export interface DiscordMessages {
  readonly api: FakeApi;
  /** How many messages begin with this number, by which they are found. */
  marked(mark: number): number;
  /** How often a person was told something of their own. */
  told(): number;
}

/**
 * A stand-in of Discord's API for messages, ours, that follows Discord's documents: the answer of a command that was deferred becomes a message
 * when it is first edited, a post with the nonce of an earlier one is that one, and what a bot sends to a webhook's token is seen by one person.
 */
export async function startDiscordMessages(channel: string): Promise<DiscordMessages> {
  const kept: Kept[] = [];
  let last = 1_000_000_000_000_000_000n;
  let told = 0;
  const add = (place: string, { components, nonce }: z.infer<typeof Sent>): Kept => {
    const earlier = kept.find((one) => nonce !== undefined && one.nonce === nonce);
    if (earlier !== undefined) return earlier;
    last += 1n;
    const message = { id: String(last), channel: place, nonce, mark: components?.[0]?.id };
    kept.push(message);
    return message;
  };
  const shown = ({ id, channel: place, mark }: Kept) => ({
    id,
    channel_id: place,
    author: { id: "1" },
    components: mark === undefined ? [] : [{ type: 10, id: mark, content: "" }],
  });
  const api = await startFakeApi(({ method, url: { pathname: path }, body }) => {
    if (path.endsWith("/users/@me")) return { body: { id: "1" } };
    const place = /channels\/(\d+)/.exec(path)?.[1] ?? channel;
    if (method === "GET")
      return { body: path.endsWith("/messages") ? kept.filter((one) => one.channel === place).map(shown) : { id: place, type: 0 } };
    const sent = Sent.parse(body.startsWith("{") ? JSON.parse(body) : {});
    if (method === "PATCH" && path.endsWith("/@original")) return { body: shown(add(place, sent)) };
    if (method === "PATCH") return { body: shown(kept.find(({ id }) => path.endsWith(id)) ?? add(place, sent)) };
    if (path.includes("/webhooks/")) told += 1;
    return { body: path.includes("/messages") ? shown(add(place, sent)) : { id: place } };
  });
  return { api, marked: (mark) => kept.filter((one) => one.mark === mark).length, told: () => told };
}
