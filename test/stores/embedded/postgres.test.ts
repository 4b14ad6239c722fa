import { access, chmod, mkdtemp, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { makeDataDir } from "../../../src/stores/embedded/data-dir.ts";
import { lockDataDir } from "../../../src/stores/embedded/data-lock.ts";
import { startEmbeddedPostgres } from "../../../src/stores/embedded/postgres.ts";
import { type Child, startChild } from "../../setup/child.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

async function query(url: string, sql: string): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

let dataDir: string;
let children: Child[];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "apex-embedded-"));
  children = [];
});
afterEach(async () => {
  await Promise.all(children.map((child) => child.kill()));
  await rm(dataDir, { recursive: true, force: true });
});
const start = (...args: readonly string[]): Child => {
  const child = startChild("embedded-owner.mjs", args);
  children.push(child);
  return child;
};

describe("the data folder", () => {
  it("is made with the folders above it", async () => {
    const deep = join(dataDir, "a", "b");
    await Promise.all([makeDataDir(deep), makeDataDir(deep)]);
    await makeDataDir(deep);
    expect((await stat(deep)).isDirectory()).toBe(true);
  });

  it.each([
    ["/dev/null", /\/dev\/null is not a folder: set APEX_DATA_DIR/],
    ["/dev/null/x", /cannot be made: set APEX_DATA_DIR/],
    ["/proc/x/y", /cannot be made: set APEX_DATA_DIR/],
  ])("cannot be %s, and the refusal says what to set", async (folder, sentence) => {
    await expect(makeDataDir(folder)).rejects.toThrow(sentence);
  });

  it.skipIf(process.getuid?.() === 0)("must be one that can be written", async () => {
    await chmod(dataDir, 0o500);
    await expect(makeDataDir(dataDir)).rejects.toThrow(/cannot be written: set APEX_DATA_DIR/);
  });
});

describe("the embedded PostgreSQL", () => {
  it("keeps its data over a stop, and starts again within two seconds", async () => {
    const first = await startEmbeddedPostgres({ dataDir, log: quiet });
    await query(first.url, "CREATE TABLE kept AS SELECT 42 AS answer");
    await first.stop();
    const begun = Date.now();
    const second = await startEmbeddedPostgres({ dataDir, log: quiet });
    expect(Date.now() - begun).toBeLessThan(2_000);
    expect(await query(second.url, "SELECT answer FROM kept")).toEqual([{ answer: 42 }]);
    await second.stop();
    await second.stop();
  });

  it("says what to do where the note with its password is lost, and makes no other", async () => {
    const { stop } = await startEmbeddedPostgres({ dataDir, log: quiet });
    await stop();
    const note = join(dataDir, "postgres.json");
    const kept = await readFile(note);
    await rm(note);
    await expect(startEmbeddedPostgres({ dataDir, log: quiet })).rejects.toThrow(/postgres\.json is missing.*put it back/);
    await writeFile(note, kept);
    await (await startEmbeddedPostgres({ dataDir, log: quiet })).stop();
  });

  it("listens on the loopback alone and wants its password", async () => {
    const { url, stop } = await startEmbeddedPostgres({ dataDir, log: quiet });
    expect(await query(url, "SHOW listen_addresses")).toEqual([{ listen_addresses: "127.0.0.1" }]);
    const stranger = new URL(url);
    stranger.password = "guess";
    await expect(query(stranger.href, "SELECT 1")).rejects.toThrow(/password authentication failed/);
    await stop();
  });

  it("goes down when its owner is killed, and starts again with its data", async () => {
    const url = await start(dataDir, "postgres").line();
    await query(url, "CREATE TABLE kept AS SELECT 42 AS answer");
    const open = new Client({ connectionString: url });
    const cut = new Promise<unknown>((resolve) => open.on("error", resolve));
    await open.connect();
    await children[0]?.kill();
    await cut;

    const lock = await lockDataDir(dataDir);
    const next = await startEmbeddedPostgres({ dataDir, log: quiet });
    expect(await query(next.url, "SELECT answer FROM kept")).toEqual([{ answer: 42 }]);
    await next.stop();
    await lock.release();
  });

  it("stops a server that was left running on its files, and no other", async () => {
    const left = await startEmbeddedPostgres({ dataDir, log: quiet });
    await query(left.url, "CREATE TABLE kept AS SELECT 42 AS answer");
    const elsewhere = await mkdtemp(join(tmpdir(), "apex-embedded-"));
    const other = await startEmbeddedPostgres({ dataDir: elsewhere, log: quiet });
    const next = await startEmbeddedPostgres({ dataDir, log: quiet });
    expect(await query(next.url, "SELECT answer FROM kept")).toEqual([{ answer: 42 }]);
    await expect(query(left.url, "SELECT 1")).rejects.toThrow(/ECONNREFUSED/);
    expect(await query(other.url, "SELECT 1 AS still")).toEqual([{ still: 1 }]);
    await Promise.all([next.stop(), other.stop(), left.stop()]);
    await rm(elsewhere, { recursive: true, force: true });
  });

  it("starts where a pid file names a process that is not its server", async () => {
    const first = await startEmbeddedPostgres({ dataDir, log: quiet });
    const pidFile = join(dataDir, "postgres", "data", "postmaster.pid");
    const { pid } = process;
    const text = await readFile(pidFile, "utf8");
    await first.stop();
    await writeFile(pidFile, text.replace(/^\d+/, `${pid}`));
    await chmod(pidFile, 0o644);
    const second = await startEmbeddedPostgres({ dataDir, log: quiet });
    expect(await query(second.url, "SELECT 1 AS up")).toEqual([{ up: 1 }]);
    await second.stop();
  });

  it.runIf(process.getuid?.() === 0)("runs as root on a data folder that is closed to others (as root only)", async () => {
    const closedHome = await mkdtemp(join(homedir(), ".apex-test-"));
    await chmod(closedHome, 0o700);
    const folder = join(closedHome, "data");
    const { url, stop } = await startEmbeddedPostgres({ dataDir: folder, log: quiet });
    expect(await query(url, "SELECT 1 AS up")).toEqual([{ up: 1 }]);
    await stop();
    const note = z.object({ folder: z.string() }).parse(JSON.parse(await readFile(join(folder, "postgres.json"), "utf8")));
    await expect(access(join(note.folder, "data", "PG_VERSION"))).resolves.toBeUndefined();
    await rm(note.folder, { recursive: true, force: true });
    await rm(closedHome, { recursive: true, force: true });
  });
});

describe("the lock on the data folder", () => {
  it("tells a second process who has the folder, and lets it in when that one is gone", async () => {
    const child = start(dataDir);
    expect(await child.line()).toBe("locked");
    await expect(lockDataDir(dataDir)).rejects.toThrow(`process ${child.pid}`);
    await child.kill();
    const lock = await lockDataDir(dataDir);
    await expect(lockDataDir(dataDir)).rejects.toMatchObject({ code: "conflict" });
    await lock.release();
    await (await lockDataDir(dataDir)).release();
  });

  it("knows the folder by another path", async () => {
    const lock = await lockDataDir(dataDir);
    await symlink(dataDir, `${dataDir}-link`);
    await expect(lockDataDir(`${dataDir}-link`)).rejects.toMatchObject({ code: "conflict" });
    await rm(`${dataDir}-link`);
    await lock.release();
  });

  it("waits for a living process of another machine, and not for a dead one", { timeout: 30_000 }, async () => {
    const note = join(dataDir, "apex.lock");
    await writeFile(note, JSON.stringify({ host: "elsewhere", pid: 7 }));
    const beat = setInterval(() => {
      utimes(note, new Date(), new Date()).catch(() => undefined);
    }, 1_000);
    await expect(lockDataDir(dataDir)).rejects.toThrow("process 7 on elsewhere");
    clearInterval(beat);
    const long = new Date(Date.now() - 60_000);
    await utimes(note, long, long);
    await (await lockDataDir(dataDir)).release();
  });
});
