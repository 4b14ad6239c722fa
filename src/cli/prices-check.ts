import { resolve } from "node:path";
import { plain, tableLines } from "../../adapters/draw-text.ts";
import type { Claim, Disagreement } from "../catalog/compare-lists.ts";
import { dayText } from "../core/day.ts";
import { AppError } from "../core/errors.ts";
import { checkPrices, type PriceCheck } from "../flows/check-prices.ts";
import type { CommandContext, CommandInput } from "./command.ts";

/** Sources that differ by more than this agree no longer, in percent. */
const tolerance = 1;

const bandText = (above: number): string => (above === 0 ? "" : ` over ${above}`);

/** Who says it: the book, or a list with its date, or its file where it has no date. */
const claimText = ({ source, file, asOf }: Claim): string => {
  if (file === "") return "the book";
  const named = asOf === "" && file.endsWith(".json") ? (file.split("/").at(-1) ?? "") : asOf;
  return `${source} ${named}`.trim();
};

const row = (found: Disagreement): readonly string[] => [
  `${found.provider}/${found.model}`,
  `${found.bucket}${found.tier === "standard" ? "" : ` ${found.tier}`}${bandText(found.aboveInputTokens)}${found.region === "" ? "" : ` ${found.region}`}`,
  `${found.first.usd}`,
  claimText(found.first),
  `${found.other.usd}`,
  claimText(found.other),
  `${found.percent > 0 ? "+" : ""}${found.percent} %${found.pastPrice ? " *" : ""}`,
];

function tell(check: PriceCheck, { output }: CommandContext, at: Date): void {
  const { compared, agreed, unknown, disagreements, lists, unread } = check;
  const head = ["model", "price of", "USD", "says", "USD", "says", "differs"];
  if (disagreements.length > 0) {
    const lines = tableLines(head, disagreements.map(row), Math.max(output.columns, 150));
    output.out(plain(`${lines.join("\n")}\n\n`));
    output.out("USD are for a million tokens, or for one unit (web_search and the like).\n");
  }
  if (disagreements.some(({ pastPrice }) => pastPrice))
    output.out("* What the list says is what the book has for the day the list is of: the price has changed since.\n");
  const read = lists.map(({ list, files, figures }) => `${list} (${figures} figures in ${files} ${files === 1 ? "file" : "files"})`);
  output.out(`Read ${read.join(", ")}; set against the book's prices of ${dayText(at)}.\n`);
  output.out(
    `${compared} figures were compared with the book: ${agreed} agree within ${tolerance} %. ${unknown} have no price in the book, and were compared among the lists. ${disagreements.length} disagreements.\n`,
  );
  for (const { path, why } of unread.slice(0, 10)) output.err(plain(`Not read: ${path}: ${why}\n`));
  if (unread.length > 10) output.err(`Not read: ${unread.length - 10} more files.\n`);
}

const documentOf = ({ disagreements, ...check }: PriceCheck, at: Date): object => ({
  at: dayText(at),
  tolerance_percent: tolerance,
  lists: check.lists,
  compared: check.compared,
  agreed: check.agreed,
  without_price_in_book: check.unknown,
  disagreements: disagreements.map(({ aboveInputTokens, pastPrice, first, other, ...found }) => ({
    ...found,
    above_input_tokens: aboveInputTokens,
    first: { source: first.source, file: first.file, as_of: first.asOf, usd: first.usd },
    other: { source: other.source, file: other.file, as_of: other.asOf, usd: other.usd },
    was_so_then: pastPrice,
  })),
  unread: check.unread,
});

/** `apex prices check DIR`. Contracts are left out: lists are compared with the list. */
export async function checkCommand(context: CommandContext, input: CommandInput, at: Date): Promise<void> {
  const [, directory, extra] = input.words;
  if (directory === undefined || extra !== undefined)
    throw new AppError("bad_input", "Name one directory that holds price lists: apex prices check DIR");
  const check = await checkPrices(context.app.pricing.list, { directory: resolve(context.cwd, directory), at, tolerance });
  if (input.flag("json")) context.output.out(`${JSON.stringify(documentOf(check, at), null, 2)}\n`);
  else tell(check, context, at);
}
