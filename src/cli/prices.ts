import { plain } from "../../adapters/draw-text.ts";
import { dayText } from "../core/day.ts";
import { AppError } from "../core/errors.ts";
import { toUsd } from "../core/money.ts";
import { type Price, type PriceBook, Tier } from "../core/price.ts";
import { type Command, type CommandContext, type CommandInput, exitCode, shownWord } from "./command.ts";
import { dayGiven } from "./day.ts";
import { bucketsText, unitsText } from "./price-text.ts";
import { checkCommand } from "./prices-check.ts";
import { contractCommand } from "./prices-contract.ts";

const since = (at: Date): string => (at.getTime() === 0 ? "the list's beginning" : dayText(at));

/** One row of the book in words. */
function describe(price: Price): string {
  const units = unitsText(price.perUnit, price.perRequest);
  const where = [
    price.tier,
    ...(price.aboveInputTokens === 0 ? [] : [`over ${price.aboveInputTokens} input tokens`]),
    ...(price.region === "" ? [] : [`region ${price.region}`]),
  ];
  const until = price.effectiveTo === undefined ? "" : ` until ${dayText(price.effectiveTo)} (not counted)`;
  return [
    `  ${where.join(", ")}`,
    `    USD per million tokens: ${bucketsText(price.perToken) || "none known"}`,
    ...(units === "" ? [] : [`    USD each: ${units}`]),
    `    since ${since(price.effectiveFrom)}${until}; ${price.source}`,
    `    version ${price.version}`,
    "",
  ].join("\n");
}

const textOf = (prices: Readonly<Partial<Record<string, bigint>>>): Record<string, string> =>
  Object.fromEntries(Object.entries(prices).map(([name, pico]) => [name, toUsd(pico ?? 0n)]));

const documentOf = (price: Price): object => ({
  provider: price.provider,
  model: price.model,
  tier: price.tier,
  region: price.region,
  above_input_tokens: price.aboveInputTokens,
  usd_per_token: textOf(price.perToken),
  usd_per_unit: textOf(price.perUnit),
  usd_per_request: toUsd(price.perRequest),
  from: price.effectiveFrom.getTime() === 0 ? null : dayText(price.effectiveFrom),
  until: price.effectiveTo === undefined ? null : dayText(price.effectiveTo),
  source: price.source,
  version: price.version,
});

const inOrder = (a: Price, b: Price): number =>
  Tier.options.indexOf(a.tier) - Tier.options.indexOf(b.tier) ||
  (a.region < b.region ? -1 : a.region > b.region ? 1 : a.aboveInputTokens - b.aboveInputTokens);

/** The models that a word asks for: one of a provider, or all that the provider sells at that moment. */
function modelsOf(book: PriceBook, word: string, at: Date): readonly { readonly provider: string; readonly model: string }[] {
  const slash = word.indexOf("/");
  const provider = slash < 0 ? word : word.slice(0, slash);
  if (!book.providers().includes(provider)) {
    const known = [...book.providers()].sort().join(", ");
    throw new AppError("bad_input", `The price book has no provider ${shownWord(provider)}. It has: ${known}.`);
  }
  if (slash >= 0) return [{ provider, model: word.slice(slash + 1) }];
  return book.models(at).filter((facts) => facts.provider === provider);
}

function overview(book: PriceBook, { output, org }: CommandContext, at: Date, json: boolean): void {
  const sold = book.models(at);
  const rows = [...book.providers()]
    .sort()
    .map((provider) => ({ provider, models: sold.filter((facts) => facts.provider === provider).length }));
  if (json) return output.out(`${JSON.stringify({ at: dayText(at), providers: rows }, null, 2)}\n`);
  for (const { provider, models } of rows) output.out(`${provider.padEnd(28)} ${models} ${models === 1 ? "model" : "models"}\n`);
  output.out(
    `Prices of ${dayText(at)} as ${plain(org.name)} pays them. \`apex prices PROVIDER\` or \`apex prices PROVIDER/MODEL\` shows the rows.\n`,
  );
}

async function show(context: CommandContext, input: CommandInput, at: Date): Promise<void> {
  const { app, org, output } = context;
  const [word, extra] = input.words;
  if (extra !== undefined) throw new AppError("bad_input", `${shownWord(extra)} is one word too many. Usage: apex ${prices.usage}`);
  app.pricing.books.forget(org.id);
  const book = await app.pricing.books.of(org.id);
  if (word === undefined) return overview(book, context, at, input.flag("json"));
  const models = modelsOf(book, word, at);
  const found = models.map(({ provider, model }) => ({ provider, model, rows: [...book.rowsAt(provider, model, at)].sort(inOrder) }));
  if (input.flag("json"))
    return output.out(`${JSON.stringify({ at: dayText(at), rows: found.flatMap(({ rows }) => rows.map(documentOf)) }, null, 2)}\n`);
  for (const { provider, model, rows } of found) {
    if (rows.length > 0) output.out(plain(`${provider}/${model} on ${dayText(at)}\n${rows.map(describe).join("")}`));
  }
  if (found.every(({ rows }) => rows.length === 0)) {
    const unpriced = models[0] === undefined ? undefined : book.priceOf({ ...models[0], tier: "standard", inputTokens: 1, at });
    const why = unpriced !== undefined && "unpriced" in unpriced ? unpriced.unpriced : `it is not known on ${dayText(at)}`;
    throw new AppError("not_found", `There is no price: ${why}. Names are matched exactly; \`apex prices PROVIDER\` shows them.`);
  }
}

export const prices: Command = {
  usage:
    "prices [PROVIDER[/MODEL]] [--at DAY] [--json] | check DIR [--json] | contract add FILE.json | contract list | contract end ID --on DAY",
  summary: "Shows the prices in force with their source, checks them against published lists, and keeps what you pay by contract.",
  options: { at: { type: "string" }, on: { type: "string" }, json: { type: "boolean" } },
  async run(context, input) {
    const at = dayGiven("at", input.text("at")) ?? context.asOf;
    const [word] = input.words;
    if (word === "contract") await contractCommand(context, input);
    else if (word === "check") await checkCommand(context, input, at);
    else await show(context, input, at);
    return exitCode.ok;
  },
};
