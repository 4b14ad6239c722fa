import { webApi } from "@slack/bolt";
import type { PlatformAdapter } from "../../src/core/delivery.ts";
import type { Logger } from "../../src/core/logger.ts";
import type { SlackConfig } from "./config.ts";
import { openSlackFile } from "./open-file.ts";
import { boltLogger, createSlackReceiver } from "./receive.ts";
import { renderSlack, type SlackMessage } from "./render.ts";
import { findSlack, type SlackClients, sendSlack, tellSlack } from "./send.ts";
import { verifySlack } from "./verify.ts";

/** A call to Slack ends within this; a lease of a delivery must outlast two of them. */
const callTimeoutMs = 3_500;

/** Slack: events, commands and presses by HTTP, answers as Block Kit. */
export function createSlackAdapter(config: SlackConfig & { readonly log: Logger }): PlatformAdapter<SlackMessage> {
  const clientOptions = {
    slackApiUrl: config.apiUrl,
    timeout: callTimeoutMs,
    rejectRateLimitedCalls: true,
    allowAbsoluteUrls: false,
    logger: boltLogger(config.log),
    retryConfig: { retries: 0 },
  };
  const clients: SlackClients = {
    once: new webApi.WebClient(config.botToken, clientOptions),
    patient: new webApi.WebClient(config.botToken, {
      ...clientOptions,
      retryConfig: { retries: 1, minTimeout: 200, maxTimeout: 600, randomize: true },
    }),
  };
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
    send: (thread, payload, existing, about) => sendSlack(clients, thread, payload, existing, about),
    find: (thread, about) => findSlack(clients, thread, about),
    openFile: (file, signal) => openSlackFile(config, file, signal),
    tell: (thread, to, text) => tellSlack(clients, thread, to, text),
  };
}
