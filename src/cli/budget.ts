import { plain } from "../../adapters/draw-text.ts";
import { AppError } from "../core/errors.ts";
import { standingText, unpricedNotes } from "../flows/raise-budget-alerts.ts";
import { type Command, type CommandContext, type CommandInput, exitCode } from "./command.ts";
import { placeOption, settingFrom } from "./place.ts";

/** Whose budget is meant. */
function scopeOf(input: CommandInput): Readonly<Record<string, string>> {
  const [workload, team] = [input.text("workload"), input.text("team")];
  if (workload !== undefined && team !== undefined) throw new AppError("bad_input", "Give --workload or --team, not both.");
  if (workload !== undefined) return { scope: "workload", name: workload };
  return team === undefined ? {} : { scope: "team", name: team };
}

async function show({ app, org, asOf, output }: CommandContext): Promise<number> {
  const standings = await app.notices.standings(org.id, asOf);
  const lines = standings.map((standing) => [standingText(standing), ...unpricedNotes(standing)].join(" "));
  output.out(plain(lines.length === 0 ? "No budget is set. Set one with `apex budget AMOUNT`.\n" : `${lines.join("\n")}\n`));
  return exitCode.ok;
}

export const budget: Command = {
  usage: "budget [AMOUNT | off] [--workload NAME | --team NAME] [--in PLATFORM:WORKSPACE:CHANNEL]",
  summary: "Shows the budgets with what is spent and forecast, or sets or ends one: USD a month, for everything or a workload or team.",
  options: { workload: { type: "string" }, team: { type: "string" }, ...placeOption },
  async run(context, input) {
    const [amount, ...rest] = input.words;
    if (rest.length > 0) throw new AppError("bad_input", `Give one amount, or off. Usage: apex ${budget.usage}`);
    if (amount === undefined) return show(context);
    const { author, thread, place } = settingFrom(context, input);
    const values = { ...scopeOf(input), ...place, ...(amount === "off" ? { on: "off" } : { amount }) };
    context.output.out(plain(`${await context.app.notices.set({ orgId: context.org.id, author, thread, what: "budget", values })}\n`));
    return exitCode.ok;
  },
};
