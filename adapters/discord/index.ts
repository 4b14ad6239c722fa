import type { PlatformAdapter } from "../../src/core/delivery.ts";
import { AppError } from "../../src/core/errors.ts";
import type { Logger } from "../../src/core/logger.ts";
import { createDiscordApi } from "./client.ts";
import type { DiscordConfig } from "./config.ts";
import { listenToDiscord } from "./gateway.ts";
import { createDiscordDirectory, registerDiscord } from "./identify.ts";
import { openDiscordFile } from "./open-file.ts";
import type { ChartPictures } from "./pictures.ts";
import { hearInteraction } from "./receive.ts";
import { type DiscordMessage, renderDiscord } from "./render.ts";
import { beginDeferred, directDiscord, findDiscord, type SendDeps, sendDiscord, tellDiscord } from "./send.ts";
import { createTokenBook } from "./token-book.ts";
import { discordKey, verifyDiscord } from "./verify.ts";

function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError("bad_input", "This request of Discord's cannot be read: it is not JSON.", { cause });
  }
}

/** Discord: commands, presses and mentions over the gateway or by HTTP, answers in Components V2. */
export function createDiscordAdapter(
  config: DiscordConfig & { readonly log: Logger; readonly pictures?: ChartPictures },
): PlatformAdapter<DiscordMessage> {
  const { applicationId, log, pictures } = config;
  const api = createDiscordApi(config);
  const directory = createDiscordDirectory(api, config);
  const tokens = createTokenBook();
  const sending: SendDeps = { api, applicationId, directory, tokens, pictures, log };
  const begin: Parameters<typeof hearInteraction>[0]["begin"] = (from, runId, text) => beginDeferred(sending, from, runId, text);
  const interaction = (body: unknown, now: Date) => hearInteraction({ applicationId, directory, tokens, begin }, body, now);
  const tell: PlatformAdapter<DiscordMessage>["tell"] = (thread, to, text) => tellDiscord(sending, thread, to, text);
  const key = discordKey(config.publicKey);
  return {
    platform: "discord",
    receive: async (raw, now) => {
      verifyDiscord(raw, key, now);
      const reception = await interaction(bodyOf(raw.body), now);
      const proof = raw.headers["x-signature-ed25519"];
      return reception.type === "event" && proof !== undefined ? { ...reception, proof } : reception;
    },
    render: renderDiscord,
    send: (thread, payload, existing, about) => sendDiscord(sending, thread, payload, existing, about),
    find: (thread, about) => findDiscord(sending, thread, about),
    tell,
    rolesOf: ({ workspace, userId }) => directory.rolesOf(workspace, userId),
    openFile: (file, signal) => openDiscordFile({ api, apiUrl: config.apiUrl }, file, signal),
    direct: (to) => directDiscord(sending, to),
    listen: async (listener, signal) => {
      await registerDiscord(api, config);
      await listenToDiscord({ config, api, directory, interaction, tell, log }, listener, signal);
    },
  };
}
