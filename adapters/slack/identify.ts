import { webApi } from "@slack/bolt";
import { AppError } from "../../src/core/errors.ts";
import { toAppError } from "./errors.ts";

const timeoutMs = 5_000;

/** The workspace (team id) that a bot token belongs to, as Slack says; an AppError where the token is refused or Slack is away. */
export async function slackWorkspace({ botToken, apiUrl }: { readonly botToken: string; readonly apiUrl: string }): Promise<string> {
  const client = new webApi.WebClient(botToken, { slackApiUrl: apiUrl, timeout: timeoutMs, retryConfig: { retries: 1, randomize: true } });
  const { team_id: team } = await client.auth.test().catch((error: unknown) => {
    throw toAppError(error, "say which workspace the bot token belongs to");
  });
  if (team === undefined) throw new AppError("provider_down", "Slack did not say which workspace the bot token belongs to. Try again.");
  return team;
}
