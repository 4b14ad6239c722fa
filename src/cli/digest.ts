import { plain } from "../../adapters/draw-text.ts";
import { AppError } from "../core/errors.ts";
import { digestText } from "../flows/digest-content.ts";
import { digestDocument } from "../flows/weekly-digest.ts";
import { type Command, type CommandContext, type CommandInput, exitCode } from "./command.ts";
import { placeOption, settingFrom } from "./place.ts";

/** Sets when and where whoever uses this terminal gets the digest. */
async function schedule(context: CommandContext, input: CommandInput): Promise<number> {
  const [, first, hour, zone, ...rest] = input.words;
  if (first === undefined || rest.length > 0) throw new AppError("bad_input", `Give a weekday, or off. Usage: apex ${digest.usage}`);
  const { author, thread, place } = settingFrom(context, input);
  const time = { weekday: first, ...(hour === undefined ? {} : { hour }), ...(zone === undefined ? {} : { zone }) };
  const values = { ...(first === "on" || first === "off" ? { on: first } : time), ...place };
  context.output.out(plain(`${await context.app.notices.set({ orgId: context.org.id, author, thread, what: "digest", values })}\n`));
  return exitCode.ok;
}

export const digest: Command = {
  usage: "digest [--json] | digest schedule WEEKDAY [HOUR] [ZONE] [--in PLATFORM:WORKSPACE:CHANNEL] | digest schedule off",
  summary: "Shows the last whole week: spend, what moved and why, what waits, what was saved; or sets when and where you get it in chat.",
  options: { json: { type: "boolean" }, ...placeOption },
  async run(context, input) {
    const { app, org, asOf, output } = context;
    const [word] = input.words;
    if (word === "schedule") return schedule(context, input);
    if (word !== undefined)
      throw new AppError("bad_input", `There is only \`digest\` and \`digest schedule\`. Usage: apex ${digest.usage}`);
    const week = await app.spending.digest(org.id, org.name, asOf);
    output.out(input.flag("json") ? `${JSON.stringify(digestDocument(week), null, 2)}\n` : plain(digestText(week)));
    return exitCode.ok;
  },
};
