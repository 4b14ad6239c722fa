import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { z } from "zod";
import { AppError } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";

const Pid = z.coerce.number().int().positive();

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return z.object({ code: z.literal("EPERM") }).safeParse(error).success;
  }
};

/** The command line of a process; empty where it cannot be told. */
async function commandOf(pid: number): Promise<string> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, "utf8")).replaceAll("\0", " ");
  } catch {
    return promisify(execFile)("ps", ["-o", "args=", "-p", `${pid}`]).then(
      ({ stdout }) => stdout,
      () => "",
    );
  }
}

async function waitForEnd(pid: number, ms: number): Promise<boolean> {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(20)) if (!isAlive(pid)) return true;
  return !isAlive(pid);
}

/**
 * Stops the server that an earlier process of ours left running on these files when it was killed. It is known by its
 * pid file and by a command line that names these very files; any other process is left alone, and a pid file that
 * names one is removed, as PostgreSQL would take it for a server of its own.
 */
export async function stopOrphan(files: string, log: Logger): Promise<void> {
  const pidFile = join(files, "postmaster.pid");
  const text = await readFile(pidFile, "utf8").catch(() => undefined);
  if (text === undefined) return;
  const pid = Pid.safeParse(text.split("\n")[0]).data;
  if (pid === undefined || !isAlive(pid) || !(await commandOf(pid)).includes(files)) {
    await rm(pidFile, { force: true });
    return;
  }
  log.info("Stopping the PostgreSQL that an earlier process left behind", { pid });
  process.kill(pid, "SIGINT");
  if (await waitForEnd(pid, 10_000)) return;
  process.kill(pid, "SIGQUIT");
  if (await waitForEnd(pid, 10_000)) return;
  throw new AppError("conflict", `Another PostgreSQL (process ${pid}) runs on ${files} and does not stop: end it and start again.`);
}
