import { AppError } from "../core/errors.ts";
import { fromUsd, type PicoUsd, showUsd } from "../core/money.ts";
import { type Command, type CommandInput, exitCode } from "./command.ts";

/** What is set, in words. */
const said = (minimum: PicoUsd | undefined): string => {
  if (minimum === undefined) return "One admin is enough for every change.";
  const which = minimum <= 0n ? "Every change" : `A change that may move ${showUsd(minimum)} a month or more`;
  return `${which} needs two different admins.`;
};

function wanted({ words }: CommandInput): { readonly minimum: PicoUsd | undefined } {
  const [word, amount, ...rest] = words;
  if (word === "on" && amount === undefined) return { minimum: 0n };
  if (word === "off" && amount === undefined) return { minimum: undefined };
  if (word === "min-usd" && amount !== undefined && rest.length === 0 && /^\d+(\.\d{1,2})?$/.test(amount))
    return { minimum: fromUsd(amount) };
  throw new AppError("bad_input", `Say on, off, or from how many USD a month two admins must approve. Usage: apex ${twoPerson.usage}`);
}

export const twoPerson: Command = {
  usage: "two-person [on | off | min-usd AMOUNT]",
  summary: "Shows or sets whether changes need two different admins: all of them, none, or those that may move AMOUNT a month or more.",
  options: {},
  async run({ app, org, userName, output }, input) {
    const { settings } = app.stores;
    if (input.words.length > 0) await settings.setTwoPersonFrom(org.id, wanted(input).minimum, userName);
    output.out(`${said(await settings.twoPersonFrom(org.id))}\n`);
    return exitCode.ok;
  },
};
