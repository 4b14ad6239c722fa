import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A script of this folder as a process of its own: each line that it prints can be waited for. */
export interface Child {
  readonly pid: number;
  line(): Promise<string>;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
}

/** Starts `test/setup/<name>`, which uses the built code (`npm run build`), in a process of its own. */
export function startChild(name: string, args: readonly string[]): Child {
  const file = fileURLToPath(new URL(name, import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [file, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const { stdout, pid } = child;
  if (stdout === null || pid === undefined) throw new Error(`${name} did not start.`);
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  return {
    pid,
    async line() {
      const next = await lines.next();
      if (next.done === true) throw new Error(`${name} ended: is the code built (npm run build)?`);
      return next.value;
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}
