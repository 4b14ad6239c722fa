import type { Activity } from "botbuilder";
import type { MessageRef } from "../../src/core/conversation.ts";
import { limits } from "./config.ts";
import { failureOf } from "./errors.ts";

/** A message that is being streamed to one person: its id, and how many updates it has had. */
export interface StreamRef {
  readonly id: string;
  readonly sequence: number;
}

const mark = "stream";

/** A stream in the place of a message that will come of it. */
export const refOfStream = (channel: string, { id, sequence }: StreamRef): MessageRef => ({
  channel,
  messageId: `${mark}/${sequence}/${id}`,
});

/** The stream that a ref stands for; undefined for a message. */
export function streamOf({ messageId }: MessageRef): StreamRef | undefined {
  const [first, sequence = "", ...id] = messageId.split("/");
  return first === mark && /^\d+$/.test(sequence) && id.length > 0 ? { id: id.join("/"), sequence: Number(sequence) } : undefined;
}

const clipBytes = (text: string, most: number): string => {
  let cut = text;
  while (Buffer.byteLength(cut) > most) cut = cut.slice(0, Math.floor(cut.length * 0.9));
  return cut;
};

const info = (fields: Readonly<Record<string, string | number>>) => ({
  entities: [{ type: "streaminfo", ...fields }],
  channelData: fields,
});

/** Says how far the work is, as the first or a later update of a stream. */
export const informative = (text: string, stream: StreamRef | undefined): Partial<Activity> => ({
  type: "typing",
  text: clipBytes(text, limits.informative) || "One moment…",
  ...info({
    streamType: "informative",
    streamSequence: (stream?.sequence ?? 0) + 1,
    ...(stream === undefined ? {} : { streamId: stream.id }),
  }),
});

/** Ends a stream with the message that it becomes. */
export const final = (message: Partial<Activity>, stream: StreamRef): Partial<Activity> => {
  const { entities, channelData } = info({ streamType: "final", streamId: stream.id });
  return { ...message, id: stream.id, entities, channelData: { ...channelData, ...extras(message) } };
};

function extras({ channelData }: Partial<Activity>): object {
  const data: unknown = channelData;
  return typeof data === "object" && data !== null ? data : {};
}

/** Statuses that say that this conversation, or this stream, takes no more of it. */
const over: ReadonlySet<number> = new Set([400, 403, 404, 405]);

/** Whether a stream cannot go on, so that the answer is posted as a message. */
export function cannotStream(error: unknown): boolean {
  const status = failureOf(error)?.status;
  return status !== undefined && over.has(status);
}

/** Whether a stream was refused because it has ended already: its last message arrived although its answer did not. */
export const hasEnded = (error: unknown): boolean => /already completed/i.test(failureOf(error)?.said.message ?? "");
