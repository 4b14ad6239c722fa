import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { access, chown, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { platform } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Client } from "pg";
import { z } from "zod";
import { AppError } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";
import { type Cluster, clusterOf } from "./cluster-folder.ts";
import { postgresBinaries, type ServerUser, serverUser } from "./postgres-binaries.ts";
import { stopOrphan } from "./postgres-orphan.ts";

const superuser = "apex";
const database = "apex";

/** What to start. */
export interface EmbeddedPostgresOptions {
  /** The folder that the data belongs to; hold its lock first (`lockDataDir`). */
  readonly dataDir: string;
  readonly log: Logger;
  /** Server settings over our own, such as { fsync: "off" } for a database that may be lost. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A running embedded server: `url` names its database, `stop` ends it after the open transactions are rolled back. */
export interface EmbeddedPostgres {
  readonly url: string;
  stop(): Promise<void>;
}

interface Place {
  readonly binaries: string;
  readonly user: ServerUser;
  readonly cluster: Cluster;
  /** PostgreSQL's own data directory. */
  readonly files: string;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = z.object({ port: z.number() }).parse(server.address());
  server.close();
  await once(server, "close");
  return port;
}

/** Makes the database files, beside their place first, so that a crash in the middle leaves nothing half made in it. */
async function initialise({ binaries, user, cluster, files }: Place): Promise<void> {
  const made = await access(join(files, "PG_VERSION")).then(
    () => true,
    () => false,
  );
  if (made) return;
  const draft = `${files}.new`;
  const passwordFile = join(cluster.folder, "password.new");
  await rm(draft, { recursive: true, force: true });
  await writeFile(passwordFile, cluster.password, { mode: 0o600 });
  if (user !== undefined) await chown(passwordFile, user.uid, user.gid);
  const options = [
    "-D",
    draft,
    "-U",
    superuser,
    "--auth=scram-sha-256",
    `--pwfile=${passwordFile}`,
    "--encoding=UTF8",
    "--no-locale",
    "--no-sync",
  ];
  try {
    await promisify(execFile)(join(binaries, "bin", "initdb"), options, { ...user, cwd: cluster.folder, timeout: 60_000 });
  } catch (cause) {
    throw new AppError("internal", `PostgreSQL could not make its files in ${cluster.folder}: ${String(cause)}`, { cause });
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(draft, files);
}

function launch({ binaries, user, files, cluster }: Place, port: number, settings: Readonly<Record<string, string>>): ChildProcess {
  const all = {
    port: `${port}`,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: "100",
    shared_buffers: "64MB",
    timezone: "UTC",
    log_timezone: "UTC",
    ...settings,
  };
  const flags = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  // A process group of its own: Ctrl-C in a terminal reaches us alone, and we stop the server after draining.
  return spawn(join(binaries, "bin", "postgres"), ["-D", files, ...flags], {
    ...user,
    cwd: cluster.folder,
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
}

const urlOf = (cluster: Cluster, port: number, name: string): string =>
  `postgresql://${superuser}:${cluster.password}@127.0.0.1:${port}/${name}`;

/** Waits until the server answers, and makes our database in it. */
async function prepare(cluster: Cluster, port: number, alive: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; alive() && Date.now() < end; await sleep(25)) {
    const client = new Client({ connectionString: urlOf(cluster, port, "postgres"), connectionTimeoutMillis: 5_000 });
    client.on("error", () => undefined);
    try {
      await client.connect();
      const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [database]);
      if (rowCount === 0) await client.query(`CREATE DATABASE ${database}`);
      return;
    } catch (error) {
      const answer = z.object({ code: z.string() }).safeParse(error).data?.code;
      if (answer !== "ECONNREFUSED" && answer !== "57P03") throw error;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  throw new AppError("internal", "The embedded PostgreSQL did not start.");
}

/**
 * Stops the server also where our process is killed and can do nothing any more: a shell waits on a pipe that breaks
 * then. Where there is no shell, the next start stops the server that was left.
 */
function guard(server: ChildProcess, user: ServerUser): void {
  if (platform() === "win32" || server.pid === undefined) return;
  const watcher = spawn("/bin/sh", ["-c", `read -r _; kill -INT ${server.pid}`], {
    ...user,
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  watcher.on("error", () => undefined);
  watcher.stdin.on("error", () => undefined);
  watcher.unref();
  server.once("exit", () => watcher.kill("SIGKILL"));
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, "exit");
  server.kill("SIGINT");
  const inTime = await Promise.race([ended.then(() => true), sleep(15_000, false, { ref: false })]);
  if (inTime) return;
  server.kill("SIGQUIT");
  await ended;
}

/**
 * Starts a real PostgreSQL of our own on a free port of 127.0.0.1, behind a generated password, with its files in (or
 * noted in) the data folder. A server that a killed process left behind on these files is stopped first. An AppError
 * "not_configured" where the optional package is not installed.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const user = serverUser();
  const binaries = await postgresBinaries(user);
  const cluster = await clusterOf(options.dataDir, user);
  const place = { binaries, user, cluster, files: join(cluster.folder, "data") };
  await initialise(place);
  await stopOrphan(place.files, options.log);

  const port = await freePort();
  const server = launch(place, port, options.settings ?? {});
  guard(server, user);
  let words = "";
  let running = true;
  server.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    words = (words + chunk).slice(-4_000);
  });
  server.on("error", (error) => (words += String(error)));
  server.on("exit", () => (running = false));
  try {
    await prepare(cluster, port, () => running);
  } catch (cause) {
    await stop(server);
    throw new AppError("internal", `The embedded PostgreSQL did not start on ${place.files}. Its last words: ${words.trim() || "none"}`, {
      cause,
    });
  }
  let stopping = false;
  server.on("exit", (code, signal) => {
    if (!stopping) options.log.error("The embedded PostgreSQL ended: start Apex again", { code, signal, words: words.trim() });
  });
  return {
    url: urlOf(cluster, port, database),
    async stop() {
      stopping = true;
      await stop(server);
    },
  };
}
