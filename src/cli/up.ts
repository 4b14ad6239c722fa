import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type Command, exitCode } from "./command.ts";
import { announceService, withdrawService } from "./remote.ts";

export const up: Command = {
  usage: "up",
  summary: "Runs the service on one port (PORT, default 8000) until it is told to stop.",
  options: {},
  async run({ app, output, signal, runCommand }) {
    const token = randomBytes(32).toString("hex");
    const { url } = await app.listen({
      http: true,
      gateway: true,
      local: {
        token,
        runCommand: (argv, cwd, sink, commandSignal) => runCommand(argv, cwd, { ...sink, columns: 100, interactive: false }, commandSignal),
      },
    });
    await app.startWorker();
    await announceService(app.config.dataDir, { pid: process.pid, url, token });
    output.out(`Apex is ready at ${url}\n`);
    for (const line of app.parts()) output.out(`  ${line}\n`);
    if (!signal.aborted) await once(signal, "abort");
    output.out("Stopping: no new work is taken, what has begun is finished.\n");
    await withdrawService(app.config.dataDir);
    return exitCode.ok;
  },
};
