import type { webApi } from "@slack/bolt";
import type { ChatInstallationStore } from "../../src/core/chat-installation.ts";
import type { Author, ThreadKey } from "../../src/core/conversation.ts";
import type { Heard, PlatformAdapter, RawRequest, Reception } from "../../src/core/delivery.ts";
import type { Logger } from "../../src/core/logger.ts";
import { entitleInSlack, suggestInSlack } from "./assistant.ts";
import type { SlackConfig } from "./config.ts";
import { findSlack } from "./find.ts";
import { showSlackHome } from "./home.ts";
import { refreshSlackToken, type SlackOauth } from "./oauth.ts";
import { openSlackFile } from "./open-file.ts";
import { createChartPictures } from "./pictures.ts";
import { boltLogger, createSlackReceiver } from "./receive.ts";
import { renderSlack, type SlackMessage } from "./render.ts";
import { directSlack, type SlackClients, sendSlack, tellSlack } from "./send.ts";
import { listenToSlack } from "./socket.ts";
import { createSlackStatus, type SlackStatus } from "./status.ts";
import { createSlackStreams, isOpen } from "./stream.ts";
import { type AccessDeps, createSlackAccess } from "./tokens.ts";
import { verifySlack } from "./verify.ts";

/** A call to Slack ends within this; a lease of a delivery must outlast two of them. */
const callTimeoutMs = 3_500;

/** How every call to Slack is made: bounded, and never repeated by itself. */
export const slackClientOptions = (apiUrl: string, log: Logger): webApi.WebClientOptions => ({
  slackApiUrl: apiUrl,
  timeout: callTimeoutMs,
  rejectRateLimitedCalls: true,
  allowAbsoluteUrls: false,
  logger: boltLogger(log),
  retryConfig: { retries: 0 },
});

/** What the adapter works with besides its settings. */
export interface SlackParts {
  readonly log: Logger;
  /** Workspaces that installed the bot; absent: the one that was connected by hand is all. */
  readonly installations?: Pick<ChatInstallationStore, "find" | "rotate">;
  /** What tokens are renewed with. */
  readonly oauth?: SlackOauth | undefined;
  /** The address that browsers reach Apex at, whose links are shown as what they lead to; undefined: none are. */
  readonly publicUrl?: string | undefined;
  readonly now?: () => Date;
}

/** A bot's client for what a message can do without. */
type QuickClient = (thread: ThreadKey) => () => Promise<webApi.WebClient>;

/** Lets it be said in the thread that a question is being looked into, until something is posted there. */
function withStatus(reception: Reception, status: SlackStatus, quickFor: QuickClient): Reception {
  if (reception.type !== "event" || reception.event.type !== "message") return reception;
  const { event, afterwards } = reception;
  const then = async (heard: Heard): Promise<void> => {
    const isNew = heard.type === "taken" && heard.runId !== undefined && !heard.duplicate;
    if (isNew) await status.set(quickFor(event.thread), event.thread, "is looking into it…");
    await afterwards?.(heard);
  };
  return { ...reception, afterwards: then };
}

/** What is shown besides messages. */
const surfaces = (
  clientsOf: (workspace: string) => Promise<SlackClients>,
): Pick<PlatformAdapter<SlackMessage>, "showHome" | "suggest" | "entitle"> => ({
  showHome: async (to, card) => showSlackHome(await clientsOf(to.workspace), to, card),
  suggest: async (thread, prompts) => suggestInSlack(await clientsOf(thread.workspace), thread, prompts),
  entitle: async (thread, title) => entitleInSlack(await clientsOf(thread.workspace), thread, title),
});

/** Where the bots' tokens come from, and how they are renewed. */
function openAccess({ apiUrl, log, oauth, installations, botToken, now = () => new Date() }: SlackConfig & SlackParts) {
  const clientOptions = slackClientOptions(apiUrl, log);
  const refresh: AccessDeps["refresh"] =
    oauth === undefined ? undefined : (refreshToken, at) => refreshSlackToken({ ...oauth, apiUrl, clientOptions }, refreshToken, at);
  return createSlackAccess({ botToken, installations, refresh, clientOptions, now, log });
}

/** Slack: events, commands and presses by HTTP or over a socket, answers as Block Kit. */
export function createSlackAdapter(config: SlackConfig & SlackParts): PlatformAdapter<SlackMessage> {
  const { apiUrl, log, appToken, publicUrl, now: clock = () => new Date() } = config;
  const access = openAccess(config);
  const clientsOf = async (workspace: string) => (await access(workspace)).clients;
  const dispatch = createSlackReceiver({ clientOptions: slackClientOptions(apiUrl, log), log, publicUrl, clientsOf });
  const means = { pictures: createChartPictures(log), streams: createSlackStreams(log) };
  const status = createSlackStatus();
  const quickFor: QuickClient = (thread) => async () => (await clientsOf(thread.workspace)).quick;
  const heard = async (raw: RawRequest, now: Date): Promise<Reception> => withStatus(await dispatch(raw, now), status, quickFor);
  const tell = async (thread: ThreadKey, to: Author, text: string): Promise<void> =>
    tellSlack(await clientsOf(thread.workspace), thread, to, text);
  const socket = (token: string): Required<Pick<PlatformAdapter<SlackMessage>, "listen">> => ({
    listen: (listener, signal) => listenToSlack({ appToken: token, apiUrl, dispatch: heard, tell, now: clock, log }, listener, signal),
  });
  return {
    platform: "slack",
    ...(appToken === undefined ? {} : socket(appToken)),
    receive: async (raw, now) => {
      verifySlack(raw, config.signingSecret, now);
      const reception = await heard(raw, now);
      const proof = raw.headers["x-slack-signature"];
      return reception.type === "event" && proof !== undefined ? { ...reception, proof } : reception;
    },
    render: renderSlack,
    ...surfaces(clientsOf),
    send: async (thread, payload, existing, about) => {
      const clients = await clientsOf(thread.workspace);
      const shown = await sendSlack({ clients, ...means }, { thread, payload, about }, existing);
      // Slack takes the line away when something is posted; one that came just after that would stay.
      const ends = payload.stream?.working === false && (existing === undefined || isOpen(existing));
      if (ends) void status.set(quickFor(thread), thread, "");
      return shown;
    },
    find: async (thread, about) => findSlack((await clientsOf(thread.workspace)).patient, thread, about),
    openFile: async (file, signal, thread) => openSlackFile({ token: (await access(thread.workspace)).token, apiUrl }, file, signal),
    direct: async (to) => directSlack(await clientsOf(to.workspace), to),
    tell,
  };
}
