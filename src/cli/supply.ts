import { resolve } from "node:path";
import { plain } from "../../adapters/draw-text.ts";
import { ageText, changeLines, dayOf, modelChangeText, moveText, placeText } from "../catalog/supply/supply-words.ts";
import { type Survey, surveySupply } from "../catalog/supply/survey.ts";
import { weighedLines, weightText } from "../catalog/supply/weighed-words.ts";
import { AppError } from "../core/errors.ts";
import { isId } from "../core/ids.ts";
import type { SourceOutcome } from "../flows/research-supply.ts";
import { type Command, type CommandContext, type CommandInput, exitCode, shownWord } from "./command.ts";
import { dayGiven } from "./day.ts";

const usage =
  "supply research [--file FILE|FOLDER --format LIST [--dated DAY]] | show [PROVIDER/MODEL] | report [--from DAY] | withdraw PRICE_ID";
const dayMs = 24 * 3_600_000;

const outcomeText = (outcome: SourceOutcome): string =>
  outcome.failure === undefined
    ? `${outcome.source} (${outcome.address}): ${outcome.prices} prices and ${outcome.models} models, ${outcome.changed} of them new or otherwise than before.\n`
    : `${outcome.source} (${outcome.address}): not read. ${outcome.failure}\n`;

/** Proposes what sources agree on, as a run that no conversation has: it is approved here, or where its cards are looked at. */
async function propose({ app, org, member, userName, output, asOf }: CommandContext): Promise<void> {
  const author = { platform: "console" as const, workspace: org.name, userId: userName, name: member.name };
  const thread = { platform: "console" as const, workspace: org.name, channel: "proposals", thread: `supply-${asOf.toISOString()}` };
  const proposed = await app.supply.propose({ orgId: org.id, author, thread });
  if (proposed === undefined) return output.out("No price change is proposed that does not wait already or was turned down.\n");
  for (const { id, recommendation } of await app.stores.approvals.ofRun(proposed.runId)) {
    output.out(plain(`\n${recommendation.title}\n${recommendation.evidence.map((line) => `  ${line}\n`).join("")}`));
    output.out(`  \`apex approve ${id}\` enters it; \`apex reject ${id}\` turns it down.\n`);
  }
  if (proposed.left > 0) output.out(`\n${proposed.left} more are proposed when these are decided.\n`);
}

async function research(context: CommandContext, input: CommandInput): Promise<number> {
  const { app, org, cwd, output, asOf, signal } = context;
  const [file, format] = [input.text("file"), input.text("format")];
  if ((file === undefined) !== (format === undefined))
    throw new AppError("bad_input", `Give --file and --format together. Usage: apex ${usage}`);
  const given =
    file === undefined || format === undefined
      ? undefined
      : { path: resolve(cwd, file), format, dataOf: dayGiven("dated", input.text("dated")) };
  const outcomes = await app.supply.research(org.id, asOf, given, signal);
  for (const outcome of outcomes) output.out(plain(outcomeText(outcome)));
  if (outcomes.length === 0) output.out("There is no source: name price lists in APEX_PRICE_LISTS, or one with --file and --format.\n");
  await propose(context);
  return outcomes.some(({ failure }) => failure !== undefined) ? exitCode.partial : exitCode.ok;
}

const surveyOf = async ({ app, org, asOf }: CommandContext, after: Date, filter = {}): Promise<Survey> => {
  app.pricing.books.forget(org.id);
  return surveySupply({ supply: app.stores.supply, book: await app.pricing.books.listOf(org.id) }, org.id, { after, until: asOf }, filter);
};

async function show(context: CommandContext, [word]: readonly string[]): Promise<number> {
  const { app, org, output, asOf } = context;
  const slash = word?.indexOf("/") ?? -1;
  if (word !== undefined && slash < 1) throw new AppError("bad_input", `${shownWord(word)} is no PROVIDER/MODEL. Usage: apex ${usage}`);
  const filter = word === undefined ? {} : { provider: word.slice(0, slash), model: word.slice(slash + 1) };
  const survey = await surveyOf(context, asOf, filter);
  if (word !== undefined) {
    if (survey.weighed.length === 0) output.out(plain(`No source says what ${word} costs. Names are matched exactly.\n`));
    for (const weighed of survey.weighed) output.out(plain(`${weighedLines(weighed).join("\n  ")}\n`));
    return exitCode.ok;
  }
  for (const age of survey.ages) output.out(plain(`${ageText(age)} (${age.address})\n`));
  for (const { id, change, approvedBy, enteredAt, withdrawn } of await app.stores.approvedPrices.list(org.id)) {
    const state = withdrawn === null ? "" : `; withdrawn by ${withdrawn.by} on ${dayOf(withdrawn.at)}`;
    output.out(plain(`${id}  ${placeText({ ...change, region: "" })} from ${change.effectiveFrom}: ${changeLines(change).join("; ")}\n`));
    output.out(plain(`  approved by ${approvedBy}, entered on ${dayOf(enteredAt)}${state}\n`));
  }
  output.out(`${weightText(survey.weighed)}\n`);
  return exitCode.ok;
}

const section = (title: string, lines: readonly string[], none: string): string =>
  `${title}\n${lines.length === 0 ? `  ${none}\n` : lines.map((line) => `  ${line}\n`).join("")}`;

async function report(context: CommandContext, input: CommandInput): Promise<number> {
  const { output, asOf } = context;
  const from = dayGiven("from", input.text("from")) ?? new Date(asOf.getTime() - 30 * dayMs);
  const { sources, ages, moves, changes, weighed, proposals } = await surveyOf(context, new Date(from.getTime() - 1));
  output.out(`Prices and models from ${dayOf(from)} to ${dayOf(asOf)} (UTC)\n`);
  if (sources.length === 0) output.out("No source was ever read: `apex supply research` reads them.\n");
  output.out(plain(section("Prices that moved", moves.map(moveText), "None, by what sources say.")));
  output.out(plain(section("Models", changes.map(modelChangeText), "No source lists other models than before.")));
  const differing = weighed.filter(({ verdict }) => verdict === "differ");
  output.out(
    plain(
      section(
        "Against the book",
        differing.map((one) => weighedLines(one).join(" ")),
        "No source with fresh data differs from it.",
      ),
    ),
  );
  output.out(
    plain(
      section(
        "Agreed against the book",
        proposals.map((one) => `${placeText({ ...one, region: "" })} from ${one.effectiveFrom}: ${changeLines(one).join("; ")}`),
        "Nothing.",
      ),
    ),
  );
  output.out(plain(section("How old the data is", ages.map(ageText), "")));
  output.out(`${weightText(weighed)}\n`);
  return exitCode.ok;
}

async function withdraw({ app, org, userName, output }: CommandContext, [id]: readonly string[]): Promise<number> {
  if (id === undefined || !isId("approvedPrice", id))
    throw new AppError("bad_input", "Name the price by its id, like prc_…: `apex supply show` shows them.");
  const { change } = await app.supply.withdraw(org.id, id, userName);
  output.out(
    plain(
      `${id} is withdrawn: ${placeText({ ...change, region: "" })} is priced as if it had never been entered. Usage that is stored already keeps its cost: \`apex reprice\` shows what would change.\n`,
    ),
  );
  return exitCode.ok;
}

export const supply: Command = {
  usage,
  summary:
    "Reads what published lists and providers say of prices and models, shows how old and how far from the book it is, and proposes what they agree on; a price enters the book only when it is approved.",
  options: { file: { type: "string" }, format: { type: "string" }, dated: { type: "string" }, from: { type: "string" } },
  async run(context, input) {
    const [verb = "show", ...rest] = input.words;
    const most = { research: 0, show: 1, report: 0, withdraw: 1 };
    if (!Object.hasOwn(most, verb) || rest.length > 1 || ((verb === "research" || verb === "report") && rest.length > 0))
      throw new AppError("bad_input", `${shownWord(input.words.join(" "))} is none of the words of this command. Usage: apex ${usage}`);
    if (verb === "research") return research(context, input);
    if (verb === "report") return report(context, input);
    return verb === "withdraw" ? withdraw(context, rest) : show(context, rest);
  },
};
