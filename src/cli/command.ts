import type { ParseArgsConfig } from "node:util";
import { parseArgs } from "node:util";
import { z } from "zod";
import type { App } from "../compose.ts";
import type { Config } from "../config.ts";
import type { Member } from "../core/conversation.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { Output } from "./output.ts";

/** Exit codes: done; failed; used wrongly; done in part (some rows were refused). */
export const exitCode = { ok: 0, failed: 1, usage: 2, partial: 3 } as const;

/** What a command works with. */
export interface CommandContext {
  readonly app: App;
  readonly org: { readonly id: Id<"org">; readonly name: string };
  /** Whoever can read the data folder is an admin of it. */
  readonly member: Member;
  readonly userName: string;
  readonly cwd: string;
  /** The moment that the command speaks of: --as-of, or now. */
  readonly asOf: Date;
  readonly output: Output;
  readonly signal: AbortSignal;
  /** Runs another command line in this app, for the service. */
  runCommand(argv: readonly string[], cwd: string, output: Output, signal: AbortSignal): Promise<number>;
}

/** One word of the command line. */
export interface Command {
  readonly usage: string;
  readonly summary: string;
  readonly options: NonNullable<ParseArgsConfig["options"]>;
  /** Refuses, before any engine is opened, what the configuration does not allow. */
  readonly check?: (config: Config, input: CommandInput) => void;
  run(context: CommandContext, input: CommandInput): Promise<number>;
}

const Values = z.record(z.string(), z.union([z.string(), z.boolean()]).optional());

/** A command's words and flags, as typed. */
export interface CommandInput {
  readonly words: readonly string[];
  flag(name: string): boolean;
  text(name: string): string | undefined;
}

/** Splits a command's arguments; an unknown flag is refused with the command's usage. */
export function readInput(command: Command, args: readonly string[]): CommandInput {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: { ...command.options }, allowPositionals: true, strict: true });
    const flags = Values.parse(values);
    return {
      words: positionals,
      flag: (name) => flags[name] === true,
      text: (name) => {
        const value = flags[name];
        return typeof value === "string" ? value : undefined;
      },
    };
  } catch (error) {
    const why = error instanceof Error ? (error.message.split(". ")[0] ?? "") : "";
    throw new AppError("bad_input", `${why}. Usage: apex ${command.usage}`, { cause: error });
  }
}

/** The only word of a command, or an error that shows the usage. */
export function onlyWord(command: Command, input: CommandInput, what: string): string {
  const [word, ...rest] = input.words;
  if (word === undefined || rest.length > 0) throw new AppError("bad_input", `Give ${what}. Usage: apex ${command.usage}`);
  return word;
}
