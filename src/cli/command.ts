import type { ParseArgsConfig } from "node:util";
import { parseArgs } from "node:util";
import { z } from "zod";
import { clip, oneLine } from "../../adapters/draw-text.ts";
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

/** What a command works with that needs neither a workspace nor an engine. */
export interface LoneContext {
  readonly cwd: string;
  /** The moment that --as-of names, where it is given. */
  readonly asOf: Date | undefined;
  readonly output: Output;
  readonly signal: AbortSignal;
}

interface Words {
  readonly usage: string;
  readonly summary: string;
  readonly options: NonNullable<ParseArgsConfig["options"]>;
  /** Refuses, before any engine is opened, what the configuration does not allow. */
  readonly check?: (config: Config, input: CommandInput) => void;
  /** Takes options alone: a word is refused. */
  readonly wordless?: true;
}

/** A word of the command line that works in a workspace. */
export interface AppCommand extends Words {
  run(context: CommandContext, input: CommandInput): Promise<number>;
}

/** A word of the command line that works alone: no engine is opened for it. */
export interface LoneCommand extends Words {
  runAlone(context: LoneContext, input: CommandInput): Promise<number>;
}

/** One word of the command line. */
export type Command = AppCommand | LoneCommand;

const Values = z.record(z.string(), z.union([z.string(), z.boolean()]).optional());

/** A command's words and flags, as typed. */
export interface CommandInput {
  readonly words: readonly string[];
  flag(name: string): boolean;
  text(name: string): string | undefined;
}

/** A word as it was typed, to be shown in a sentence: on one line, and not all of it where it is long. */
export const shownWord = (word: string): string => `"${clip(oneLine(word), 60)}"`;

/** Splits a command's arguments; an unknown or repeated option, or a word too many, is refused with the command's usage. */
export function readInput(command: Command, args: readonly string[]): CommandInput {
  try {
    const { values, positionals, tokens } = parseArgs({
      args: [...args],
      options: { ...command.options },
      allowPositionals: true,
      strict: true,
      tokens: true,
    });
    refuseRepeated(tokens.flatMap((token) => (token.kind === "option" ? [token.name] : [])));
    const [extra] = positionals;
    if (command.wordless === true && extra !== undefined) throw new AppError("bad_input", `${shownWord(extra)} is one word too many`);
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

/** Refuses an option that is given more than once: which of its values counts would be a guess. */
export function refuseRepeated(names: readonly string[]): void {
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw new AppError("bad_input", `--${repeated} is given more than once`);
}

/** The only word of a command, or an error that shows the usage. */
export function onlyWord(command: Command, input: CommandInput, what: string): string {
  const [word, ...rest] = input.words;
  if (word === undefined || rest.length > 0) throw new AppError("bad_input", `Give ${what}. Usage: apex ${command.usage}`);
  return word;
}
