import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const script = join(import.meta.dirname, "../../apex.mjs");

/** What a finished command printed. */
export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A data folder of its own, as a user with no address configured has it. */
export interface Workspace {
  readonly dataDir: string;
  readonly env: NodeJS.ProcessEnv;
  /** Runs `apex …` to its end. */
  apex(...argv: string[]): Promise<Finished>;
  /** Starts `apex up …` and waits until it is ready. */
  up(env?: Record<string, string>, ...argv: string[]): Promise<Service>;
  remove(): Promise<void>;
}

/** A running `apex up`. */
export interface Service {
  readonly url: string;
  readonly child: ChildProcess;
  output(): string;
  /** Ends it with a signal; gives the exit code. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<number | null>;
}

const collect = (child: ChildProcess): { out: () => string; err: () => string } => {
  let out = "";
  let err = "";
  child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (err += chunk.toString()));
  return { out: () => out, err: () => err };
};

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode);
    else child.once("exit", (code) => resolve(code));
  });

/** Makes a workspace; `extra` is added to its environment. */
export async function createWorkspace(extra: Record<string, string> = {}): Promise<Workspace> {
  const dataDir = await mkdtemp(join(tmpdir(), "apex-e2e-"));
  const { DATABASE_URL: _d, REDIS_URL: _r, CLICKHOUSE_URL: _c, ...inherited } = process.env;
  const env = { ...inherited, APEX_DATA_DIR: dataDir, PORT: "0", ...extra };
  const start = (argv: readonly string[], more: Record<string, string> = {}): ChildProcess =>
    spawn(process.execPath, [script, ...argv], { env: { ...env, ...more }, stdio: ["ignore", "pipe", "pipe"] });
  return {
    dataDir,
    env,
    async apex(...argv) {
      const child = start(argv);
      const { out, err } = collect(child);
      const code = await ended(child);
      return { code, out: out(), err: err() };
    },
    async up(more, ...argv) {
      const child = start(["up", ...argv], more);
      const { out, err } = collect(child);
      const url = await readyUrl(child, out, err);
      return {
        url,
        child,
        output: () => out() + err(),
        async end(signal) {
          child.kill(signal);
          return ended(child);
        },
      };
    },
    remove: () => rm(dataDir, { recursive: true, force: true }),
  };
}

async function readyUrl(child: ChildProcess, out: () => string, err: () => string): Promise<string> {
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    const url = /ready at (http\S+)/.exec(out())?.[1];
    if (url !== undefined) return url;
    if (child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`apex up did not become ready:\n${out()}\n${err()}`);
}
