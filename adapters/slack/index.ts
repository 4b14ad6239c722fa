import type { webApi } from "@slack/bolt";
import type { ChatInstallationStore } from "../../src/core/chat-installation.ts";
import type { PlatformAdapter } from "../../src/core/delivery.ts";
import type { Logger } from "../../src/core/logger.ts";
import type { SlackConfig } from "./config.ts";
import { refreshSlackToken, type SlackOauth } from "./oauth.ts";
import { openSlackFile } from "./open-file.ts";
import { createChartPictures } from "./pictures.ts";
import { boltLogger, createSlackReceiver } from "./receive.ts";
import { renderSlack, type SlackMessage } from "./render.ts";
import { directSlack, findSlack, sendSlack, tellSlack } from "./send.ts";
import { createSlackAccess } from "./tokens.ts";
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
  readonly now?: () => Date;
}

/** Slack: events, commands and presses by HTTP, answers as Block Kit. */
export function createSlackAdapter(config: SlackConfig & SlackParts): PlatformAdapter<SlackMessage> {
  const { apiUrl, log, oauth, installations } = config;
  const clientOptions = slackClientOptions(apiUrl, log);
  const access = createSlackAccess({
    botToken: config.botToken,
    installations,
    refresh:
      oauth === undefined ? undefined : (refreshToken, at) => refreshSlackToken({ ...oauth, apiUrl, clientOptions }, refreshToken, at),
    clientOptions,
    now: config.now ?? (() => new Date()),
    log,
  });
  const dispatch = createSlackReceiver(clientOptions, log);
  const pictures = createChartPictures(log);
  return {
    platform: "slack",
    receive: async (raw, now) => {
      verifySlack(raw, config.signingSecret, now);
      const reception = await dispatch(raw, now);
      const proof = raw.headers["x-slack-signature"];
      return reception.type === "event" && proof !== undefined ? { ...reception, proof } : reception;
    },
    render: renderSlack,
    send: async (thread, payload, existing, about) =>
      sendSlack((await access(thread.workspace)).clients, pictures, thread, payload, existing, about),
    find: async (thread, about) => findSlack((await access(thread.workspace)).clients, thread, about),
    openFile: async (file, signal, thread) => openSlackFile({ token: (await access(thread.workspace)).token, apiUrl }, file, signal),
    direct: async (to) => directSlack((await access(to.workspace)).clients, to),
    tell: async (thread, to, text) => tellSlack((await access(thread.workspace)).clients, thread, to, text),
  };
}
