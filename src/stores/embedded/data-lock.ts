import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { hostname, platform, tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { AppError } from "../../core/errors.ts";

const beatMs = 2_000;
/** A note that has not been touched for so long is of a machine that is gone. */
const staleMs = 10_000;
const Note = z.object({ host: z.string(), pid: z.number().int() });
const hasCode = (error: unknown, ...codes: readonly [string, ...string[]]): boolean =>
  z.object({ code: z.enum(codes) }).safeParse(error).success;

/** A held lock on a data folder. */
export interface DataLock {
  release(): Promise<void>;
}

const inUse = (dataDir: string, by: string): AppError =>
  new AppError("conflict", `The data folder ${dataDir} is in use by ${by}: stop that one, or set APEX_DATA_DIR to another folder.`);

/** An address that one process can listen on at a time, named after the folder itself, whatever path leads to it. */
async function addressOf(dataDir: string): Promise<string> {
  const { dev, ino } = await stat(dataDir, { bigint: true });
  const name = `apex-${createHash("sha256").update(`${dev}:${ino}`).digest("hex").slice(0, 32)}`;
  if (platform() === "linux") return `\0${name}`;
  return platform() === "win32" ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

/** The process that listens there; undefined where nobody does. */
async function holderOf(address: string): Promise<string | undefined> {
  const socket = connect(address);
  socket.setTimeout(2_000, () => socket.destroy(new Error("The holder of the lock does not answer.")));
  try {
    return `process ${await text(socket)}`;
  } catch (error) {
    return hasCode(error, "ECONNREFUSED", "ENOENT") ? undefined : "another process";
  }
}

async function listen(address: string, dataDir: string): Promise<Server> {
  for (let attempt = 1; ; attempt += 1) {
    const server = createServer((socket) => socket.on("error", () => undefined).end(`${process.pid}`));
    try {
      server.listen(address);
      await once(server, "listening");
      server.unref();
      return server;
    } catch (error) {
      if (!hasCode(error, "EADDRINUSE") || attempt > 3) throw error;
      const holder = await holderOf(address);
      if (holder !== undefined) throw inUse(dataDir, holder);
      // Where sockets are files, a killed process leaves its own behind.
      if (!address.startsWith("\0")) await rm(address, { force: true });
    }
  }
}

/** Another machine or container on the same folder cannot be asked; it keeps touching its note while it lives. */
async function waitForOtherHosts(note: string, dataDir: string): Promise<void> {
  for (;;) {
    const holder = await readFile(note, "utf8")
      .then((written) => Note.parse(JSON.parse(written)))
      .catch(() => undefined);
    if (holder === undefined || holder.host === hostname()) return;
    const { mtimeMs } = await stat(note);
    if (Date.now() - mtimeMs > staleMs) return;
    await sleep(beatMs * 2);
    if ((await stat(note).catch(() => undefined))?.mtimeMs !== mtimeMs) throw inUse(dataDir, `process ${holder.pid} on ${holder.host}`);
  }
}

/**
 * Takes a data folder for this process; an AppError "conflict" that names the process which has it. The lock is an
 * address that the operating system frees when its process ends, however it ends, so that a dead one never blocks and a
 * reused process id means nothing. Containers do not see each other's addresses: for them there is a note with a heartbeat.
 */
export async function lockDataDir(dataDir: string): Promise<DataLock> {
  await mkdir(dataDir, { recursive: true });
  const note = join(dataDir, "apex.lock");
  const server = await listen(await addressOf(dataDir), dataDir);
  try {
    await waitForOtherHosts(note, dataDir);
    await writeFile(note, JSON.stringify({ host: hostname(), pid: process.pid }));
  } catch (error) {
    server.close();
    throw error;
  }
  const beat = setInterval(() => {
    utimes(note, new Date(), new Date()).catch(() => undefined);
  }, beatMs).unref();
  return {
    async release() {
      clearInterval(beat);
      await rm(note, { force: true });
      if (!server.listening) return;
      server.close();
      await once(server, "close");
    },
  };
}
