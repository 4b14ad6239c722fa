import { userInfo } from "node:os";
import { parseArgs } from "node:util";
import { clip, plain } from "../../adapters/draw-text.ts";
import type { App } from "../compose.ts";
import { AppError } from "../core/errors.ts";
import { type CommandContext, exitCode, readInput, refuseRepeated, shownWord } from "./command.ts";
import { commandNamed, helpText } from "./index.ts";
import type { Output } from "./output.ts";

/** The words of a command line, with the options that every command takes. */
export interface CommandLine {
  readonly name: string | undefined;
  readonly args: readonly string[];
  readonly org: string | undefined;
  readonly asOf: Date | undefined;
}

/** Takes --org and --as-of out of the arguments; the rest is the command's own. */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const { tokens } = parseArgs({
    args: [...argv],
    options: { org: { type: "string" }, "as-of": { type: "string" } },
    strict: false,
    tokens: true,
  });
  refuseRepeated(
    tokens.flatMap((token) => (token.kind === "option" && (token.name === "org" || token.name === "as-of") ? [token.name] : [])),
  );
  const taken = new Set<number>();
  const value = (name: string): string | undefined => {
    const token = tokens.findLast((candidate) => candidate.kind === "option" && candidate.name === name);
    if (token?.kind !== "option") return undefined;
    taken.add(token.index);
    if (token.inlineValue === false) taken.add(token.index + 1);
    if (token.value === undefined || token.value === "") throw new AppError("bad_input", `--${name} needs a value.`);
    return token.value;
  };
  const org = value("org");
  const asOfText = value("as-of");
  const asOf = asOfText === undefined ? undefined : new Date(asOfText);
  if (asOf !== undefined && Number.isNaN(asOf.getTime())) {
    throw new AppError("bad_input", `--as-of ${shownWord(asOfText ?? "")} is not a time. Write it like 2026-11-23T12:00:00Z.`);
  }
  const [name, ...args] = argv.filter((_, index) => !taken.has(index));
  return { name, args, org, asOf };
}

/** The longest message that is shown, in characters. */
const longestMessage = 2_000;

/** What is wrong, in a sentence, and the exit code that goes with it. Its text may quote files and arguments: nothing in it steers the terminal. `signal` tells that the command was stopped. */
export function reportError(error: unknown, output: Output, signal?: AbortSignal): number {
  if (error instanceof AppError && error.code !== "internal") {
    output.err(`${clip(plain(error.message), longestMessage)}\n`);
    return error.code === "bad_input" || error.code === "not_configured" ? exitCode.usage : exitCode.failed;
  }
  if (signal?.aborted === true) {
    output.err("Stopped before the end. What is stored is kept: give the same command again to finish it.\n");
    return exitCode.failed;
  }
  output.err(`Something went wrong inside Apex: ${error instanceof Error ? error.message : String(error)}\n`);
  return exitCode.failed;
}

/** Runs one command of the command line in an app; never throws. */
export async function runCommand(app: App, argv: readonly string[], cwd: string, output: Output, signal: AbortSignal): Promise<number> {
  try {
    const line = readCommandLine(argv);
    const command = line.name === undefined ? undefined : commandNamed(line.name);
    if (command === undefined) {
      output.err(line.name === undefined ? helpText() : `There is no command ${shownWord(line.name)}.\n\n${helpText()}`);
      return exitCode.usage;
    }
    const input = readInput(command, line.args);
    if ("runAlone" in command) return await command.runAlone({ cwd, asOf: line.asOf, output, signal }, input);
    return await command.run(await contextOf(app, line, cwd, output, signal), input);
  } catch (error) {
    return reportError(error, output, signal);
  }
}

async function contextOf(app: App, line: CommandLine, cwd: string, output: Output, signal: AbortSignal): Promise<CommandContext> {
  const org = await app.chooseOrg(line.org);
  if (org.note !== undefined) output.err(`${org.note}\n`);
  const userName = userInfo().username;
  const member = await app.admitLocalAdmin(org, userName);
  return {
    app,
    org,
    member,
    userName,
    cwd,
    asOf: line.asOf ?? app.now(),
    output,
    signal,
    runCommand: (argv, inFolder, sink, stop) => runInside(app, argv, inFolder, sink, stop),
  };
}

/** Runs a command for the service: never a second service in its process. */
async function runInside(app: App, argv: readonly string[], cwd: string, output: Output, signal: AbortSignal): Promise<number> {
  if (nameOf(argv) === "up") {
    return reportError(new AppError("conflict", "A service runs on this data folder already: stop it before another is started."), output);
  }
  return runCommand(app, argv, cwd, output, signal);
}

/** The command's name; undefined where the command line cannot be read, which running it will say. */
function nameOf(argv: readonly string[]): string | undefined {
  try {
    return readCommandLine(argv).name;
  } catch {
    return undefined;
  }
}
