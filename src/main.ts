import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { exitCode, readInput, shownWord } from "./cli/command.ts";
import { commandNamed, helpText } from "./cli/index.ts";
import { type Output, processOutput } from "./cli/output.ts";
import { findService, runRemotely } from "./cli/remote.ts";
import { readCommandLine, reportError, runCommand } from "./cli/run-command.ts";
import { type Config, readConfig } from "./config.ts";
import { AppError } from "./core/errors.ts";
import { createLogger } from "./telemetry.ts";

/** The project's folder: the nearest one above that holds package.json, from the sources as from the build. */
function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

/** A clock that stands at `asOf` now and runs on from there; the true clock without it. */
function clockAt(asOf: Date | undefined): () => Date {
  if (asOf === undefined) return () => new Date();
  const offset = asOf.getTime() - Date.now();
  return () => new Date(Date.now() + offset);
}

/** How long a service that is told to stop may take, in milliseconds: more than its work is given to end. */
const stopLimitMs = 60_000;

/** Ends the process where what it depends on is gone, so that it cannot end in order. */
function endAtLast(output: Output): void {
  setTimeout(() => {
    output.err(
      "Stopping took over a minute: something Apex depends on does not answer. The process ends now; what is queued goes on at the next start.\n",
    );
    process.exit(exitCode.failed);
  }, stopLimitMs).unref();
}

interface Words {
  readonly argv: readonly string[];
  readonly asOf: Date | undefined;
  /** The command that serves others instead of being sent to a service. */
  readonly serves: boolean;
}

async function runHere(config: Config, { argv, asOf, serves }: Words, output: Output): Promise<number> {
  const service = serves ? undefined : await findService(config.dataDir);
  if (service !== undefined) {
    if (asOf === undefined) return runRemotely(service, argv, process.cwd(), output);
    throw new AppError(
      "conflict",
      `A service (process ${service.pid}) runs on ${config.dataDir} with the true clock: stop it to use --as-of, or set APEX_DATA_DIR to another folder.`,
    );
  }
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => {
      stop.abort();
      if (serves) endAtLast(output);
    });
  const log = createLogger(serves ? config.logLevel : config.logLevel === "info" ? "error" : config.logLevel);
  // Loaded only where it is needed: a command that a running service answers starts at once.
  const { compose } = await import("./compose.ts");
  const app = await compose({ config, log, now: clockAt(asOf) });
  try {
    return await runCommand(app, argv, process.cwd(), output, stop.signal);
  } finally {
    await app.close();
  }
}

/** The process: one command of the command line. */
async function main(argv: readonly string[]): Promise<number> {
  const output = processOutput();
  try {
    const { name, args, asOf } = readCommandLine(argv);
    const command = name === undefined ? undefined : commandNamed(name);
    if (command === undefined) {
      const asked = name === undefined || ["help", "--help", "-h"].includes(name);
      (asked ? output.out : output.err)(asked ? helpText() : `There is no command ${shownWord(name)}.\n\n${helpText()}`);
      return asked ? exitCode.ok : exitCode.usage;
    }
    const input = readInput(command, args);
    if ("runAlone" in command)
      return await command.runAlone({ cwd: process.cwd(), asOf, output, signal: new AbortController().signal }, input);
    const config = readConfig(projectRoot());
    command.check?.(config, input);
    return await runHere(config, { argv, asOf, serves: name === "up" }, output);
  } catch (error) {
    return reportError(error, output);
  }
}

process.exitCode = await main(process.argv.slice(2));
