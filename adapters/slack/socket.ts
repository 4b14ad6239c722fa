import { setTimeout as sleep } from "node:timers/promises";
import { SocketModeClient } from "@slack/socket-mode";
import { z } from "zod";
import type { Author, ThreadKey } from "../../src/core/conversation.ts";
import type { Listener, RawRequest, Reception } from "../../src/core/delivery.ts";
import { AppError, assertNever } from "../../src/core/errors.ts";
import type { Logger } from "../../src/core/logger.ts";
import { toAppError } from "./errors.ts";
import { boltLogger } from "./receive.ts";

export interface SocketDeps {
  /** The app's own token, xapp-…, with the scope connections:write. */
  readonly appToken: string;
  readonly apiUrl: string;
  /** Parses what came, as if it had come by HTTP; whoever has the app's token is Slack. */
  readonly dispatch: (raw: RawRequest, now: Date) => Promise<Reception>;
  readonly now: () => Date;
  /** Tells the sender why an event was refused, where the envelope has no room for it. */
  readonly tell: (thread: ThreadKey, to: Author, why: string) => Promise<void>;
  readonly log: Logger;
}

/** An envelope as the client hands it over. */
const Envelope = z.object({
  type: z.string(),
  envelope_id: z.string(),
  body: z.record(z.string(), z.unknown()),
  ack: z.custom<(response?: Record<string, unknown>) => Promise<void>>((value) => typeof value === "function"),
});

const Answer = z.record(z.string(), z.unknown());

/** A socket that is silent for so long is taken for dead, in milliseconds; Slack pings more often. */
const silentMs = 30_000;

/** How long a socket may take to close. */
const closeMs = 1_000;

/** What an envelope is answered with, and what is left to do then. */
async function outcomeOf(
  { tell }: SocketDeps,
  reception: Reception,
  listener: Listener,
): Promise<{ readonly text: string | undefined; readonly afterwards?: () => Promise<void> }> {
  switch (reception.type) {
    case "ignored":
      return { text: undefined };
    case "reply":
      return { text: reception.body };
    case "form": {
      const answer = await listener.form(reception.request);
      if (answer.type === "form") return { text: await reception.open(answer.form) };
      return reception.refusal === undefined
        ? { text: undefined, afterwards: () => tell(reception.request.thread, reception.request.author, answer.why) }
        : { text: reception.refusal(answer.why) };
    }
    case "event": {
      const heard = await listener.hear(reception.event);
      const afterwards = async (): Promise<void> => reception.afterwards?.(heard);
      if (heard.type === "taken") return { text: reception.reply, afterwards };
      return reception.refusal === undefined
        ? { text: undefined, afterwards: () => tell(reception.event.thread, reception.event.author, heard.why) }
        : { text: reception.refusal(heard.why), afterwards };
    }
    default:
      return assertNever(reception);
  }
}

/** Takes one envelope in: acknowledged once it is stored, so that Slack sends again what was not. */
async function hearOne(deps: SocketDeps, raw: unknown, listener: Listener): Promise<void> {
  const { body, ack } = Envelope.parse(raw);
  const request: RawRequest = { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const reception = await deps.dispatch(request, deps.now()).catch((error: unknown) => {
    // Garbage stays garbage, however often it is sent.
    if (error instanceof AppError && error.code === "bad_input") return { type: "ignored", why: error.message } as const;
    throw error;
  });
  const { text, afterwards } = await outcomeOf(deps, reception, listener);
  await ack(text === undefined ? {} : Answer.parse(JSON.parse(text)));
  await afterwards?.();
}

/**
 * Hears Slack over one socket, until the signal or until Slack ends it, as it does every few hours and announces; then connect again. An AppError where the
 * connection is refused or breaks. What is heard by then is dealt with to its end.
 */
export async function listenToSlack(deps: SocketDeps, listener: Listener, signal: AbortSignal): Promise<void> {
  const client = new SocketModeClient({
    appToken: deps.appToken,
    // Whoever calls connects again: the client itself gives up where the network is away.
    autoReconnectEnabled: false,
    serverPingTimeout: silentMs,
    logger: boltLogger(deps.log),
    clientOptions: { slackApiUrl: deps.apiUrl, timeout: 5_000, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true },
  });
  const underWay = new Set<Promise<void>>();
  client.on("slack_event", (raw: unknown) => {
    const job = hearOne(deps, raw, listener).catch((error: unknown) => {
      deps.log.error("An event that came over Slack's socket could not be taken in; Slack sends it again.", { error: String(error) });
    });
    underWay.add(job);
    void job.finally(() => underWay.delete(job));
  });
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  try {
    await Promise.race([client.start(), aborted]);
    if (signal.aborted) return;
    const ended = new Promise<void>((resolve) => client.once("disconnected", () => resolve()));
    deps.log.info("Slack is heard over a socket.", {});
    await Promise.race([ended, aborted]);
  } catch (error) {
    throw toAppError(error, "open a socket");
  } finally {
    await Promise.all(underWay);
    await Promise.race([client.disconnect(), sleep(closeMs, undefined, { ref: false })]);
  }
}
