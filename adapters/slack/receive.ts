import { App, type Logger as BoltLogger, LogLevel, type Receiver, type webApi } from "@slack/bolt";
import { z } from "zod";
import type { RawRequest, Reception } from "../../src/core/delivery.ts";
import { AppError } from "../../src/core/errors.ts";
import type { Logger } from "../../src/core/logger.ts";
import { type SlackEvent, type SlackShortcut, slackCommand } from "./config.ts";
import { parseCommand, parseDirectMessage, parseMention, parseRemoved } from "./parse.ts";
import { parsePress, parseSent, parseShortcut } from "./parse-press.ts";
import { parseContextChanged, parseHomeOpened, parseThreadStarted } from "./parse-surfaces.ts";
import type { SlackClients } from "./send.ts";
import { hearLinks } from "./unfurl.ts";

/** What hearing needs besides what is heard. */
export interface HearingParts {
  readonly clientOptions: webApi.WebClientOptions;
  readonly log: Logger;
  /** The address that browsers reach Apex at; undefined: no link is ours. */
  readonly publicUrl: string | undefined;
  /** The clients of a workspace's bot. */
  readonly clientsOf: (workspace: string) => Promise<SlackClients>;
}

type Parse = (body: unknown, now: Date, parts: HearingParts) => Reception;

/** What each Bolt listener is handed besides Bolt's own context: where its parsing goes. */
type Hearing = { readonly hear: (parse: Parse) => void };

/** How each event that Slack is asked for is read. */
const events = {
  app_home_opened: parseHomeOpened,
  app_mention: parseMention,
  app_uninstalled: parseRemoved,
  assistant_thread_context_changed: parseContextChanged,
  assistant_thread_started: parseThreadStarted,
  link_shared: hearLinks,
  "message.im": parseDirectMessage,
  tokens_revoked: parseRemoved,
} as const satisfies Record<SlackEvent, Parse>;

const Body = z.record(z.string(), z.unknown());
const Handshake = z.object({ type: z.literal("url_verification"), challenge: z.string().max(1000) });
const EventBody = z.object({ type: z.literal("event_callback"), event: z.object({ type: z.string() }) });

const garbage = (cause: unknown): AppError => new AppError("bad_input", "This request of Slack's cannot be read.", { cause });

/** Reads JSON, or a form whose `payload` may be JSON. */
function bodyOf(raw: RawRequest): Readonly<Record<string, unknown>> {
  try {
    if ((raw.headers["content-type"] ?? "").includes("json")) return Body.parse(JSON.parse(raw.body));
    const form = new URLSearchParams(raw.body);
    const payload = form.get("payload");
    return payload === null ? Object.fromEntries(form) : Body.parse(JSON.parse(payload));
  } catch (cause) {
    throw garbage(cause);
  }
}

/** Bolt's logger, kept to its warnings. */
export const boltLogger = (log: Logger): BoltLogger => ({
  debug: () => undefined,
  info: () => undefined,
  warn: (...message: unknown[]) => log.warn(`Slack: ${message.map(String).join(" ")}`),
  error: (...message: unknown[]) => log.error(`Slack: ${message.map(String).join(" ")}`),
  setLevel: () => undefined,
  getLevel: () => LogLevel.WARN,
  setName: () => undefined,
});

/** How each shortcut is read. */
const shortcuts = { ask: parseShortcut, ask_about: parseShortcut } as const satisfies Record<SlackShortcut, Parse>;

/** What Slack's requests of our interest hold. */
const known = ["command", "actions", "callback_id", "view"] as const;

function listen(app: App<Hearing>): void {
  for (const [name, parse] of Object.entries<Parse>(events)) {
    // In subscriptions a message's name tells where it was written; in the event that is a field.
    app.event(name.replace(/^message\..*/, "message"), async ({ context }) => context.hear(parse));
  }
  app.command(slackCommand, async ({ context }) => context.hear(parseCommand));
  for (const [id, parse] of Object.entries<Parse>(shortcuts)) app.shortcut(id, async ({ context }) => context.hear(parse));
  app.action({ type: "block_actions" }, async ({ context }) => context.hear(parsePress));
  app.view({ type: "view_submission" }, async ({ context }) => context.hear(parseSent));
}

/** Dispatches verified requests through Bolt, whose transport is ours: requests come from our own server. */
export function createSlackReceiver(parts: HearingParts): (raw: RawRequest, now: Date) => Promise<Reception> {
  const { clientOptions, log } = parts;
  const transport: Receiver = { init: () => undefined, start: async () => undefined, stop: async () => undefined };
  const app = new App<Hearing>({
    receiver: transport,
    // Nothing is sent through Bolt: a token would put a look-up or a call before each acknowledgement.
    authorize: async () => ({ botToken: "unused" }),
    clientOptions,
    logger: boltLogger(log),
    ignoreSelf: false,
    convoStore: false,
  });
  listen(app);
  return async (raw, now) => {
    const body = bodyOf(raw);
    const handshake = Handshake.safeParse(body);
    if (handshake.success) return { type: "reply", body: JSON.stringify({ challenge: handshake.data.challenge }) };
    if (!EventBody.safeParse(body).success && !known.some((key) => key in body))
      return { type: "ignored", why: "a kind of request that Apex has no use for" };
    let heard: Parse | undefined;
    const hear: Hearing["hear"] = (parse) => {
      heard = parse;
    };
    try {
      await app.processEvent({ body: { ...body }, ack: async () => undefined, customProperties: { hear } });
    } catch (cause) {
      throw garbage(cause);
    }
    return heard === undefined ? { type: "ignored", why: "a kind of event that Apex has no use for" } : heard(body, now, parts);
  };
}
