import { type Author, Platform, ThreadKey } from "../core/conversation.ts";
import { AppError } from "../core/errors.ts";
import { type CommandContext, type CommandInput, shownWord } from "./command.ts";

/** The option that names a channel. */
export const placeOption = { in: { type: "string" } } as const;

/** Who sets something from this terminal, and for which channel: that of --in, else the terminal itself, where nothing can be sent. */
export function settingFrom(
  { org, userName }: Pick<CommandContext, "org" | "userName">,
  input: CommandInput,
): { readonly author: Author; readonly thread: ThreadKey; readonly place: { readonly place?: string } } {
  const author: Author = { platform: "console", workspace: org.name, userId: userName, name: userName };
  const named = input.text("in");
  if (named === undefined)
    return { author, thread: { platform: "console", workspace: org.name, channel: userName, thread: "" }, place: {} };
  const [platform, workspace, channel, ...rest] = named.split(":");
  const thread = ThreadKey.safeParse({ platform, workspace, channel, thread: "" });
  if (!thread.success || rest.length > 0 || platform === "console") {
    const platforms = Platform.options.filter((one) => one !== "console").join(", ");
    throw new AppError(
      "bad_input",
      `--in ${shownWord(named)} is no channel. Write PLATFORM:WORKSPACE:CHANNEL with the platform's own ids; platforms: ${platforms}.`,
    );
  }
  return { author, thread: thread.data, place: { place: "here" } };
}
