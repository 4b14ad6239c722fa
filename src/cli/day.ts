import { dayStart } from "../core/day.ts";
import { AppError } from "../core/errors.ts";
import { shownWord } from "./command.ts";

/** The start of the UTC day that an option names; undefined where it is not given; an AppError where there is no such day. */
export function dayGiven(option: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const at = dayStart(text);
  if (at === undefined)
    throw new AppError("bad_input", `--${option} ${shownWord(text)} is not a day. Write one that there is, like 2026-11-01.`);
  return at;
}
