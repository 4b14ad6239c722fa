import { plain } from "../../adapters/draw-text.ts";
import { dayText } from "../core/day.ts";
import { AppError } from "../core/errors.ts";
import { fromUsd, toUsd } from "../core/money.ts";
import type { RepriceLine, RepriceScope } from "../core/repricing.ts";
import type { RepriceOutcome } from "../flows/reprice-usage.ts";
import { type Command, type CommandInput, exitCode } from "./command.ts";
import { dayGiven } from "./day.ts";
import { exactUsd } from "./price-text.ts";

const dayMs = 24 * 3_600_000;

function scopeOf(input: CommandInput): RepriceScope {
  const from = dayGiven("from", input.text("from"));
  const last = dayGiven("to", input.text("to"));
  if (from === undefined || last === undefined)
    throw new AppError(
      "bad_input",
      "Say which days to price again: --from DAY --to DAY, like --from 2026-11-01 --to 2026-11-30. Both days count.",
    );
  if (last < from) throw new AppError("bad_input", `--to ${dayText(last)} is before --from ${dayText(from)}: turn them round.`);
  return { from, to: new Date(last.getTime() + dayMs), provider: input.text("provider") ?? null, model: input.text("model") ?? null };
}

const sum = (lines: readonly RepriceLine[], of: (line: RepriceLine) => number): number =>
  lines.reduce((total, line) => total + of(line), 0);
const money = (lines: readonly RepriceLine[], of: (line: RepriceLine) => string): string =>
  toUsd(lines.reduce((total, line) => total + fromUsd(of(line)), 0n));

const totals = (lines: readonly RepriceLine[]) => ({
  rows: sum(lines, ({ rows }) => rows),
  rows_changed: sum(lines, ({ rowsChanged }) => rowsChanged),
  stored_cost: money(lines, ({ storedCost }) => storedCost),
  new_cost: money(lines, ({ newCost }) => newCost),
  newly_priced: sum(lines, ({ newlyPriced }) => newlyPriced),
  no_longer_priced: sum(lines, ({ noLongerPriced }) => noLongerPriced),
  still_unpriced: sum(lines, ({ stillUnpriced }) => stillUnpriced),
  charged: sum(lines, ({ charged }) => charged),
});

const documentOf = ({ from, to, provider, model }: RepriceScope, { number, takenUp, lines }: RepriceOutcome): object => ({
  applied: number !== null,
  number,
  taken_up: takenUp,
  from: dayText(from),
  to: dayText(new Date(to.getTime() - dayMs)),
  provider,
  model,
  total: totals(lines),
  by_model: lines.map((line) => ({
    provider: line.provider,
    model: line.model,
    ...totals([line]),
    price_versions_before: line.versionsBefore,
    price_versions_after: line.versionsAfter,
  })),
});

const counts = (line: ReturnType<typeof totals>): string =>
  [
    `${line.rows_changed} of ${line.rows} rows change`,
    ...(line.newly_priced > 0 ? [`${line.newly_priced} had no price and get one`] : []),
    ...(line.no_longer_priced > 0 ? [`${line.no_longer_priced} LOSE THEIR PRICE`] : []),
    ...(line.still_unpriced > 0 ? [`${line.still_unpriced} stay without a price`] : []),
    ...(line.charged > 0 ? [`${line.charged} cost what their seller charged, and keep it`] : []),
  ].join(", ");

const costs = (line: ReturnType<typeof totals>): string => `$${exactUsd(line.stored_cost)} → $${exactUsd(line.new_cost)}`;

const versions = (title: string, names: readonly string[]): readonly string[] =>
  names.map((name, at) => `    ${at === 0 ? title : ""}`.padEnd(12) + name);

function textOf(scope: RepriceScope, { number, takenUp, lines }: RepriceOutcome): string {
  const days = `${dayText(scope.from)} to ${dayText(new Date(scope.to.getTime() - dayMs))}, whole UTC days`;
  const state =
    number === null
      ? "Nothing was written. The same command with --apply does it."
      : `Written as re-pricing ${number}${takenUp ? ", which had broken off and was taken up" : ""}; it stands in the audit trail.`;
  const blocks = lines.flatMap((line) => [
    `${line.provider}/${line.model}: ${costs(totals([line]))}`,
    `  ${counts(totals([line]))}`,
    ...versions("before", line.versionsBefore),
    ...versions("after", line.versionsAfter),
  ]);
  const all = lines.length === 0 ? "There is no usage in these days.\n" : `All: ${costs(totals(lines))}; ${counts(totals(lines))}.\n`;
  return `${[`Prices of usage from ${days}:`, ...blocks].join("\n")}\n${all}${state}\n`;
}

export const reprice: Command = {
  usage: "reprice --from DAY --to DAY [--provider P] [--model M] [--apply] [--json]",
  summary: "Shows what stored usage would cost by the prices of now, and with --apply stamps it so. Both days count.",
  options: {
    from: { type: "string" },
    to: { type: "string" },
    provider: { type: "string" },
    model: { type: "string" },
    apply: { type: "boolean" },
    json: { type: "boolean" },
  },
  wordless: true,
  async run({ app, org, userName, output, signal }, input) {
    const scope = scopeOf(input);
    const outcome = await app.reprice({ orgId: org.id, scope, actor: userName, apply: input.flag("apply") }, signal);
    output.out(input.flag("json") ? `${JSON.stringify(documentOf(scope, outcome), null, 2)}\n` : plain(textOf(scope, outcome)));
    return exitCode.ok;
  },
};
