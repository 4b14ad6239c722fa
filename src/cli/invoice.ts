import { plain } from "../../adapters/draw-text.ts";
import { Month } from "../core/billing-terms.ts";
import { AppError } from "../core/errors.ts";
import { fromUsd, type PicoUsd, showUsd, toUsd } from "../core/money.ts";
import type { Invoice } from "../flows/invoice.ts";
import { type Command, type CommandContext, type CommandInput, exitCode } from "./command.ts";
import { monthFrom } from "./statement.ts";

const show = (amount: string): string => showUsd(fromUsd(amount));

/** An invoice as a terminal shows it. */
export function invoiceText(invoice: Invoice): string {
  return [
    `Invoice ${invoice.number} for ${invoice.org}, ${invoice.month}${invoice.final ? "" : " (a draft: the month is not settled)"}`,
    `AI spend ${show(invoice.spend)}: tier ${invoice.tier}, ${invoice.price}`,
    "",
    ...invoice.lines.map(({ what, billed, feeBasisPoints, amount }) =>
      billed === null || feeBasisPoints === null
        ? `  ${what}: ${show(amount)}`
        : `  ${what}: ${feeBasisPoints / 100} % of ${show(billed)} = ${show(amount)}`,
    ),
    ...(invoice.lines.length === 0 ? ["  Nothing was measured in this month."] : []),
    "",
    `Total ${show(invoice.total)}, exactly ${invoice.total} USD`,
    `It follows from the statement with sha256 ${invoice.statementHash}.`,
    "",
  ].join("\n");
}

/** A share in percent, with two decimals at most, in basis points. */
function basisPoints(text: string): number {
  const share = /^\d{1,3}(\.\d{1,2})?$/.test(text) ? Math.round(Number(text) * 100) : Number.NaN;
  if (!(share >= 0 && share <= 10_000))
    throw new AppError("bad_input", `--share "${text.slice(0, 40)}" is not a percentage. Write it like 12.5.`);
  return share;
}

function amount(text: string): PicoUsd {
  const value = fromUsd(text);
  if (value < 0n) throw new AppError("bad_input", "--platform-fee is an amount in USD from 0 on.");
  return value;
}

/** Shows the terms that hold, or adds new ones: what is not named stays as it was. */
async function agree({ app, org, asOf, output }: CommandContext, input: CommandInput): Promise<number> {
  const from = Month.parse(monthFrom(input, asOf));
  const standing = await app.savings.terms(org.id, from);
  const [share, fee] = [input.text("share"), input.text("platform-fee")];
  const terms = {
    from,
    feeBasisPoints: share === undefined ? (standing?.feeBasisPoints ?? null) : basisPoints(share),
    platformFee: fee === undefined ? (standing?.platformFee ?? null) : toUsd(amount(fee)),
  };
  if (share !== undefined || fee !== undefined) await app.savings.agree(org.id, terms);
  const said = terms.feeBasisPoints === null ? "the share of the price list" : `${terms.feeBasisPoints / 100} % of the billed saving`;
  output.out(
    `From ${share === undefined && fee === undefined ? (standing?.from ?? from) : from} on: ${said}, ${terms.platformFee === null ? "no platform fee agreed" : `${show(terms.platformFee)} a month for the platform`}.\n`,
  );
  return exitCode.ok;
}

export const invoice: Command = {
  usage: "invoice [--month YYYY-MM] [--json] | invoice terms [--share PERCENT] [--platform-fee USD] [--month YYYY-MM]",
  summary: "Shows what a month is invoiced, from the savings ledger alone; or shows or adds the terms that are agreed from a month on.",
  options: { month: { type: "string" }, json: { type: "boolean" }, share: { type: "string" }, "platform-fee": { type: "string" } },
  async run(context, input) {
    const [word, ...rest] = input.words;
    if (word === "terms" && rest.length === 0) return agree(context, input);
    if (word !== undefined || input.text("share") !== undefined || input.text("platform-fee") !== undefined)
      throw new AppError("bad_input", `There is only \`invoice\` and \`invoice terms\`. Usage: apex ${invoice.usage}`);
    const { app, org, asOf, output } = context;
    const made = await app.savings.invoice(org, monthFrom(input, asOf), asOf);
    output.out(input.flag("json") ? `${JSON.stringify(made, null, 2)}\n` : plain(invoiceText(made)));
    return exitCode.ok;
  },
};
