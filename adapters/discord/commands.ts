interface NamedOption {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
}

/** An option of a command: words, typed freely, or a file. */
type CommandOption = NamedOption & ({ readonly type: 3; readonly max_length: number } | { readonly type: 11 });

/** A command as Discord registers it. */
export interface DiscordCommand {
  readonly type: 1;
  readonly name: string;
  readonly description: string;
  readonly options: readonly CommandOption[];
  /** Who is shown it in a server before its admins say otherwise; what a person may do is decided by our own roles. */
  readonly default_member_permissions: string | null;
  /** Servers and direct messages with the bot. */
  readonly contexts: readonly [0, 1];
  /** Installed to servers, not to single accounts. */
  readonly integration_types: readonly [0];
}

const words = (name: string, description: string, required = false): CommandOption => ({
  type: 3,
  name,
  description,
  required,
  max_length: name === "id" ? 100 : 4_000,
});

/** Manage Server: those who see commands that change something, until the server's admins choose others. */
const manageServer = (1n << 5n).toString();

const command = (
  name: string,
  description: string,
  options: readonly CommandOption[],
  permissions: string | null = null,
): DiscordCommand => ({
  type: 1,
  name,
  description,
  options,
  default_member_permissions: permissions,
  contexts: [0, 1],
  integration_types: [0],
});

/** The command that takes any question. */
export const askCommand = "apex";

const about = words("about", "Which team, model, feature or time");
const approvalId = words("id", "The id that the proposal shows (apr_…)", true);

const file: CommandOption = { type: 11, name: "file", description: "Usage as CSV, JSON Lines or FOCUS; gzipped or not", required: true };

/** Every command, in the order in which Discord lists them: this list is registered, and the manifest is written from it. */
export const discordCommands: readonly DiscordCommand[] = [
  command(askCommand, "Ask about AI spend", [words("question", "What do you want to know? For example: why did the bill jump?")]),
  command("apex-help", "What Apex can do", []),
  command("apex-status", "What is connected and what is missing", []),
  command("apex-spend", "What was spent, and on what", [about]),
  command("apex-savings", "What was saved: measured, apart from estimated", [about]),
  command("apex-models", "Which models are used and what each costs", [about]),
  command("apex-cache", "What caching saves and could save", [about]),
  command("apex-budget", "Budgets and how far they are used up", [about]),
  command("apex-digest", "The weekly digest and when it comes", [about]),
  command("apex-approve", "Approve a proposal", [approvalId], manageServer),
  command("apex-rollback", "Take an applied proposal back", [approvalId], manageServer),
  command("apex-import", "Import a file of usage", [file], manageServer),
  command("apex-export", "Export spend as a file", [about]),
  command("apex-sources", "The sources of usage and when each was last read", []),
];

/** The question that a command stands for, in words; undefined for a command that is none of ours. */
export function questionOfCommand(name: string, option: string): string | undefined {
  if (!discordCommands.some((known) => known.name === name)) return undefined;
  return name === askCommand ? option.trim() : `${name.slice(askCommand.length + 1)} ${option}`.trim();
}
