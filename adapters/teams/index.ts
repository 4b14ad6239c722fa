import type { ConversationReferenceStore } from "../../src/core/conversation-reference.ts";
import type { PlatformAdapter } from "../../src/core/delivery.ts";
import type { Logger } from "../../src/core/logger.ts";
import type { Outbox } from "../../src/core/outbox.ts";
import { activityOf } from "./activity.ts";
import { createTeamsApi } from "./client.ts";
import type { TeamsConfig } from "./config.ts";
import { openTeamsFile } from "./open-file.ts";
import { createMetPlaces } from "./places.ts";
import { type CardAbout, hearActivity } from "./receive.ts";
import { renderTeams, type TeamsMessage } from "./render.ts";
import { directTeams, type SendDeps, sendTeams, showTeams, tellTeams } from "./send.ts";
import { checkVouched, createTeamsVerifier } from "./verify.ts";

/** What the adapter works with besides its settings. */
export interface TeamsParts {
  readonly references: ConversationReferenceStore;
  readonly outbox: Outbox;
  readonly cardAbout: CardAbout;
  readonly log: Logger;
}

/** Microsoft Teams: activities of the Bot Framework by HTTP, answers as Adaptive Cards and streams. */
export function createTeamsAdapter(config: TeamsConfig & TeamsParts): PlatformAdapter<TeamsMessage> {
  const { access, references, outbox, approvers, cardAbout, log } = config;
  const api = createTeamsApi(config);
  const places = createMetPlaces(references);
  const verify = createTeamsVerifier(config);
  const sending: SendDeps = { api, places, references, outbox, approvers, streams: access.kind === "cloud", log };
  return {
    platform: "teams",
    receive: async (raw, now) => {
      const vouched = await verify(raw, now);
      const activity = activityOf(raw.body);
      checkVouched(vouched, access, activity);
      return hearActivity({ config, places, outbox, cardAbout, show: (thread, card) => showTeams(sending, thread, card) }, activity, now);
    },
    render: renderTeams,
    send: (thread, payload, existing, about) => sendTeams(sending, thread, payload, existing, about),
    find: (thread, about) => outbox.find({ thread, about }),
    tell: (thread, to, text) => tellTeams(sending, thread, to, text),
    direct: (to) => directTeams(sending, to),
    openFile: (file, signal) => openTeamsFile(access, file, signal),
  };
}
