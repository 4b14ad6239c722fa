import { z } from "zod";
import { type Id, isId } from "../../src/core/ids.ts";
import { Snowflake } from "./config.ts";

const Named = z.object({ custom_id: z.string().optional() });

/** A message that another one replies to, as Discord sends it along. */
export const Referenced = z.object({
  author: z.object({ id: Snowflake }),
  components: z.array(z.object({ components: z.array(Named).optional() })).nullish(),
});

/** The run that a message of ours is the report of: its feedback buttons name it. Undefined for everyone else's messages. */
export function reportedRun(message: z.infer<typeof Referenced> | undefined, botId: string): Id<"run"> | undefined {
  if (message === undefined || message.author.id !== botId) return undefined;
  const ids = (message.components ?? []).flatMap(({ components = [] }) => components.map(({ custom_id: id = "" }) => id.split(":")[1]));
  return ids.find((id): id is Id<"run"> => id !== undefined && isId("run", id));
}
