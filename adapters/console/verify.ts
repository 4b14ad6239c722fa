import type { RawRequest } from "../../src/core/delivery.ts";
import { AppError } from "../../src/core/errors.ts";

/** The longest line that is read, in characters. */
const longestLine = 1_000_000;

/** A terminal has no signature: who can run the command is the user. Only the size is checked. */
export function verifyConsole(raw: RawRequest): void {
  if (raw.body.length > longestLine)
    throw new AppError("bad_input", `The line is longer than ${longestLine} characters. Please shorten it.`);
}
