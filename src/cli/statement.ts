import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { plain } from "../../adapters/draw-text.ts";
import { Month } from "../core/billing-terms.ts";
import { AppError } from "../core/errors.ts";
import { fromUsd, showUsd } from "../core/money.ts";
import type { SavingsStatement, StatementLine } from "../core/savings-statement.ts";
import { customerTiers } from "../core/tiers.ts";
import { type Command, type CommandInput, exitCode } from "./command.ts";

const show = (amount: string): string => showUsd(fromUsd(amount));
const percent = (basisPoints: number): string => `${basisPoints / 100} %`;

/** The month that a command names; the one that `asOf` lies in where it names none. */
export function monthFrom(input: CommandInput, asOf: Date): Month {
  const text = input.text("month") ?? asOf.toISOString().slice(0, 7);
  const month = Month.safeParse(text);
  if (!month.success) throw new AppError("bad_input", `--month "${text.slice(0, 40)}" is not a month. Write it like 2026-11.`);
  return month.data;
}

const overheadOf = ({ costs }: StatementLine): string =>
  showUsd(costs.reduce((sum, { part, cost }) => (part === "judge" || part === "shadow" ? sum + fromUsd(cost) : sum), 0n));

function lineText(line: StatementLine): readonly string[] {
  const { measured, windows, plan, proposal } = line;
  const out = windows.filter(({ state }) => state !== "earns");
  return [
    `${proposal.title} (${line.approvalId}, policy version ${line.policyVersion})`,
    `  ${plan.workload}: ${plan.baselineModel} → ${plan.treatmentModel}, ${percent(plan.holdoutShare * 10_000)} of ${plan.unit}s held out`,
    ...(measured === null
      ? ["  not measured: none of its windows earns"]
      : [
          `  saved      ${show(measured.point)} (95 % interval ${show(measured.low)} to ${show(measured.high)}) over ${windows.length - out.length} windows`,
          `  arms       treatment ${measured.treatment.requests} requests of ${measured.treatment.units} ${plan.unit}s, control ${measured.control.requests} of ${measured.control.units}`,
          `  our own    ${overheadOf(line)} for judge and shadow calls, deducted`,
        ]),
    ...out.map(({ from, to, why, apart }) => `  out        ${from} to ${to}: ${why} Counts ${show(apart)}.`),
    `  counts     ${show(line.counted)}; billed ${show(line.billed)}, fee ${show(line.fee)} at ${percent(line.feeBasisPoints)}`,
    "",
  ];
}

/** What Apex itself spent on models, as far as it did. */
const ownText = ({ ownModels }: SavingsStatement): readonly string[] =>
  ownModels === undefined
    ? []
    : [
        `Apex's own models: ${ownModels.requests} calls, ${show(ownModels.cost)}, deducted${ownModels.unpricedRequests === 0 ? "" : `; the cost of ${ownModels.unpricedRequests} of them is unknown`}`,
      ];

/** A statement as a terminal shows it. */
export function statementText(statement: SavingsStatement): string {
  const { lines, indicative, tier } = statement;
  return [
    `Savings statement of ${statement.org}, ${statement.month}${statement.final ? "" : " (not final)"}, as of ${statement.asOf}`,
    `AI spend of the month ${show(statement.spend)}: tier ${tier}, ${customerTiers[tier].price}`,
    "",
    ...(lines.length === 0 ? ["Nothing was measured in this month.", ""] : lines.flatMap(lineText)),
    ...ownText(statement),
    `Sum ${show(statement.counted)}, billed ${show(statement.billed)}, fee ${show(statement.fee)}; exactly ${statement.billed} and ${statement.fee} USD`,
    ...(indicative.length === 0 ? [] : ["", "Indicative only, never billed and in no sum:"]),
    ...indicative.map(
      ({ level, workload, baselineModel, point, method, caveat }) =>
        `  level ${level}  ${workload} on ${baselineModel}: ${point === null ? "cannot be told" : show(point)}. ${method} ${caveat}`,
    ),
    "",
    ...statement.rules.map((rule) => `- ${rule}`),
    "",
    `sha256 ${statement.hash}; recompute it from stored rows with \`apex statement --month ${statement.month} --out FILE\` and \`apex verify FILE\``,
    "",
  ].join("\n");
}

export const statement: Command = {
  usage: "statement [--month YYYY-MM] [--json | --out FILE]",
  summary: "Shows what was saved in a month, what of it is billed and why, or writes it to a file that `verify` recomputes.",
  options: { month: { type: "string" }, json: { type: "boolean" }, out: { type: "string" } },
  wordless: true,
  async run({ app, org, asOf, cwd, output }, input) {
    const made = await app.savings.statement(org, monthFrom(input, asOf), asOf);
    const text = `${JSON.stringify(made, null, 2)}\n`;
    const out = input.text("out");
    if (out !== undefined) {
      const path = resolve(cwd, out);
      await writeFile(path, text).catch((cause: unknown) => {
        throw new AppError("bad_input", `${path} cannot be written. Name a file in a folder that exists.`, { cause });
      });
      output.out(`Written to ${plain(path)}. Recompute it from stored rows with \`apex verify ${plain(out)}\`.\n`);
      return exitCode.ok;
    }
    output.out(input.flag("json") ? text : plain(statementText(made)));
    return exitCode.ok;
  },
};
