import { webApi } from "@slack/bolt";
import type { PlatformAdapter } from "../../src/core/delivery.ts";
import type { Logger } from "../../src/core/logger.ts";
import type { SlackConfig } from "./config.ts";
import { openSlackFile } from "./open-file.ts";
import { createChartPictures } from "./pictures.ts";
import { boltLogger, createSlackReceiver } from "./receive.ts";
import { renderSlack, type SlackMessage } from "./render.ts";
import { findSlack, type SlackClients, sendSlack, tellSlack } from "./send.ts";
import { verifySlack } from "./verify.ts";

/** A call to Slack ends within this; a lease of a delivery must outlast two of them. */
const callTimeoutMs = 3_500;
/** A call for what a message can do without ends within this. */
const quickTimeoutMs = 2_000;

const optionsOf = ({ apiUrl, log }: SlackConfig & { readonly log: Logger }): webApi.WebClientOptions => ({
  slackApiUrl: apiUrl,
  timeout: callTimeoutMs,
  rejectRateLimitedCalls: true,
  allowAbsoluteUrls: false,
  logger: boltLogger(log),
  retryConfig: { retries: 0 },
});

const clientsOf = (botToken: string, options: webApi.WebClientOptions): SlackClients => ({
  once: new webApi.WebClient(botToken, options),
  patient: new webApi.WebClient(botToken, {
    ...options,
    retryConfig: { retries: 1, minTimeout: 200, maxTimeout: 600, randomize: true },
  }),
  quick: new webApi.WebClient(botToken, { ...options, timeout: quickTimeoutMs }),
});

/** Slack: events, commands and presses by HTTP, answers as Block Kit. */
export function createSlackAdapter(config: SlackConfig & { readonly log: Logger }): PlatformAdapter<SlackMessage> {
  const clientOptions = optionsOf(config);
  const clients = clientsOf(config.botToken, clientOptions);
  const pictures = createChartPictures(config.log);
  const dispatch = createSlackReceiver({ botToken: config.botToken, clientOptions }, config.log);
  return {
    platform: "slack",
    receive: async (raw, now) => {
      verifySlack(raw, config.signingSecret, now);
      const reception = await dispatch(raw, now);
      const proof = raw.headers["x-slack-signature"];
      return reception.type === "event" && proof !== undefined ? { ...reception, proof } : reception;
    },
    render: renderSlack,
    send: (thread, payload, existing, about) => sendSlack(clients, pictures, thread, payload, existing, about),
    find: (thread, about) => findSlack(clients, thread, about),
    openFile: (file, signal) => openSlackFile(config, file, signal),
    tell: (thread, to, text) => tellSlack(clients, thread, to, text),
  };
}
