import { createHmac, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";

/** What is sent, and how often. */
export interface Load {
  readonly url: string;
  readonly perSecond: number;
  readonly seconds: number;
  readonly signingSecret: string;
}

/** What came of it. Times are in milliseconds from when a delivery was due to its acknowledgement. */
export interface Answered {
  readonly times: readonly number[];
  /** The ids of the events, each of which was acknowledged with 200 at least once. */
  readonly events: readonly string[];
  readonly deliveries: number;
  /** Deliveries by the status that they were answered with, or by the error that they met. */
  readonly refused: Readonly<Record<string, number>>;
}

interface Delivery {
  readonly eventId: string;
  readonly body: string;
  /** How far the time of its signature is ahead, in seconds: a delivery that is repeated is signed anew. */
  readonly ahead: number;
}

/** One event in ten is delivered twice: at once, after a second or after three, as Slack does where an answer is late. */
const repeats = [0, 1, 3];
const repeatEvery = 10;

const questions = ["where does our money go?", "how can we save?", "spend", "help", "why did the bill go up?"];

function mention(index: number): Delivery {
  const eventId = `Ev${randomUUID()}`;
  const ts = `${1_790_000_000 + index}.000100`;
  const event = {
    type: "app_mention",
    user: `U${index % 50}`,
    channel: `C${index % 20}`,
    ts,
    text: `<@U0APEX> ${questions[index % questions.length]}`,
  };
  const authorizations = [{ team_id: "T1", user_id: "U0APEX", is_bot: true, is_enterprise_install: false }];
  return { eventId, ahead: 0, body: JSON.stringify({ type: "event_callback", team_id: "T1", event_id: eventId, authorizations, event }) };
}

/** The deliveries in the order in which they are due, so many a second, those that are repeated among them. */
function deliveriesOf({ perSecond, seconds }: Load): readonly Delivery[] {
  const total = perSecond * seconds;
  const due: Delivery[] = [];
  const later = new Map<number, Delivery[]>();
  for (let i = 0; due.length < total; i += 1) {
    const repeated = later.get(due.length)?.shift();
    if (repeated !== undefined) {
      due.push(repeated);
      continue;
    }
    const delivery = mention(i);
    due.push(delivery);
    if (i % repeatEvery !== 0) continue;
    const after = repeats[(i / repeatEvery) % repeats.length] ?? 0;
    const place = due.length + after * perSecond;
    if (place < total) later.set(place, [...(later.get(place) ?? []), { ...delivery, ahead: after === 0 ? 1 : 0 }]);
  }
  return due;
}

function headersOf({ body, ahead }: Delivery, signingSecret: string): Record<string, string> {
  const at = (Math.floor(Date.now() / 1_000) + ahead).toString();
  const signature = `v0=${createHmac("sha256", signingSecret).update(`v0:${at}:${body}`).digest("hex")}`;
  return { "content-type": "application/json", "x-slack-request-timestamp": at, "x-slack-signature": signature };
}

/** Sends signed events at a steady rate, whether or not earlier ones were answered. */
export async function storm(load: Load): Promise<Answered> {
  const pool = new Pool(load.url, { connections: 128, pipelining: 1, headersTimeout: 60_000 });
  const deliveries = deliveriesOf(load);
  const times: number[] = [];
  const acknowledged = new Set<string>();
  const refused: Record<string, number> = {};
  const send = async (delivery: Delivery, due: number): Promise<void> => {
    try {
      const headers = headersOf(delivery, load.signingSecret);
      const { statusCode, body } = await pool.request({ path: "/slack/events", method: "POST", headers, body: delivery.body });
      await body.dump();
      times.push(performance.now() - due);
      if (statusCode === 200) acknowledged.add(delivery.eventId);
      else refused[statusCode] = (refused[statusCode] ?? 0) + 1;
    } catch (error) {
      refused[String(error)] = (refused[String(error)] ?? 0) + 1;
    }
  };
  const begun = performance.now();
  const sent: Promise<void>[] = [];
  for (const [i, delivery] of deliveries.entries()) {
    const due = begun + (i * 1_000) / load.perSecond;
    const waitMs = due - performance.now();
    if (waitMs > 1) await sleep(waitMs);
    sent.push(send(delivery, due));
  }
  await Promise.all(sent);
  await pool.close();
  return { times, events: [...acknowledged], deliveries: deliveries.length, refused };
}
