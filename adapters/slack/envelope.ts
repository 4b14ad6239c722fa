import { z } from "zod";
import { AppError } from "../../src/core/errors.ts";

/** An id of Slack's. */
export const SlackId = z.string().min(1).max(64);

/** What every event of the Events API comes in. An org-wide installation names its enterprise, and may name no workspace. */
export const Envelope = z.object({
  type: z.literal("event_callback"),
  team_id: SlackId.nullish(),
  enterprise_id: SlackId.nullish(),
  event_id: z.string().min(1).max(200),
  event_time: z.number().int().positive().optional(),
  authorizations: z.array(z.object({ user_id: z.string().nullish(), is_enterprise_install: z.boolean().nullish() })).optional(),
});
export type Envelope = z.infer<typeof Envelope>;

/** Parses with the schema, or says in a sentence what of Slack's payload does not fit. */
export function read<T>(schema: z.ZodType<T>, body: unknown, what: string): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new AppError("bad_input", `Slack's ${what} cannot be read: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.trim(), {
    cause: result.error,
  });
}

/** Where something came from: the team, the enterprise around it, and whether the bot is installed in all of that. */
export interface Origin {
  readonly team: string | null | undefined;
  readonly enterprise: string | null | undefined;
  readonly enterpriseWide: boolean;
}

/** The workspace that something belongs to: the enterprise where the bot is installed org-wide, whose ids are the same in all its teams. */
export function workspaceOf({ team, enterprise, enterpriseWide }: Origin): string {
  const workspace = enterpriseWide ? (enterprise ?? team) : (team ?? enterprise);
  if (workspace === null || workspace === undefined) throw new AppError("bad_input", "Slack's request names no workspace.");
  return workspace;
}

/**
 * The workspace that a person belongs to. Someone of another team than the one that Slack speaks for stays of that team,
 * also inside one enterprise: nothing in the request vouches for them.
 */
export function homeOf(origin: Origin, personTeam: string | undefined): string {
  const { team, enterprise, enterpriseWide } = origin;
  const own = personTeam === undefined || personTeam === team || (enterpriseWide && personTeam === enterprise);
  return own ? workspaceOf(origin) : personTeam;
}

/** Where an event came from. */
export const originOf = ({ team_id, enterprise_id, authorizations }: Envelope): Origin => ({
  team: team_id,
  enterprise: enterprise_id,
  enterpriseWide: authorizations?.[0]?.is_enterprise_install === true,
});
