import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { checkRole, dutiesOf, readRole } from "../roles.ts";
import { type Command, type CommandContext, exitCode } from "./command.ts";
import { announceService, withdrawService } from "./remote.ts";

/** What lets command lines on this data folder run in this process. */
const localDeps = ({ runCommand }: CommandContext, token: string) => ({
  token,
  runCommand: (
    argv: readonly string[],
    cwd: string,
    sink: Pick<CommandContext["output"], "out" | "err">,
    signal: AbortSignal,
  ): Promise<number> => runCommand(argv, cwd, { ...sink, columns: 100, interactive: false }, signal),
});

export const up: Command = {
  usage: "up [--role all|api|worker|gateway]",
  summary: "Runs the service on one port (PORT, default 8000) until it is told to stop; --role runs a part of it, beside other processes.",
  options: { role: { type: "string" } },
  wordless: true,
  check: (config, input) => checkRole(readRole(input.text("role")), config),
  async run(context, input) {
    const { app, output, signal } = context;
    const role = readRole(input.text("role"));
    const { chat, gateway, worker } = dutiesOf[role];
    const token = role === "all" ? randomBytes(32).toString("hex") : undefined;
    const { url } = await app.listen({ http: chat, gateway, ...(token === undefined ? {} : { local: localDeps(context, token) }) });
    if (worker) await app.startWorker();
    if (token !== undefined) await announceService(app.config.dataDir, { pid: process.pid, url, token });
    output.out(`Apex is ready at ${url}${role === "all" ? "" : ` (role ${role})`}\n`);
    for (const line of app.parts(role)) output.out(`  ${line}\n`);
    if (!signal.aborted) await once(signal, "abort");
    output.out("Stopping: no new work is taken, what has begun is finished.\n");
    if (token !== undefined) await withdrawService(app.config.dataDir);
    return exitCode.ok;
  },
};
