import type { types } from "@slack/bolt";
import { slackRunEvent } from "./config.ts";
import type { SlackMessage } from "./render.ts";

/** A message as Slack's methods take it. */
export interface SlackContent {
  readonly text: string;
  readonly blocks: types.KnownBlock[];
  readonly metadata: types.MessageMetadata;
}

/** What a message shows, marked with what it is about, by which it is found again. */
export const slackContent = (payload: SlackMessage, about: string): SlackContent => ({
  text: payload.text,
  blocks: [...payload.blocks],
  metadata: { event_type: slackRunEvent, event_payload: { run_id: about } },
});
