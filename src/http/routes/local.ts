import { PassThrough } from "node:stream";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { AppError } from "../../core/errors.ts";
import { requireBearer } from "../plugins/bearer.ts";

/** Where a command's output goes. */
export interface CommandSink {
  out(text: string): void;
  err(text: string): void;
}

/** Runs a command line in this process; gives its exit code. */
export type RunCommand = (argv: readonly string[], cwd: string, sink: CommandSink, signal: AbortSignal) => Promise<number>;

export interface LocalDeps {
  /** The secret that only readers of the data folder know. */
  readonly token: string;
  readonly runCommand: RunCommand;
}

const CommandBody = z.strictObject({ argv: z.array(z.string()).max(1_000), cwd: z.string().min(1).max(4_096) });

function read(body: unknown): z.infer<typeof CommandBody> {
  const result = CommandBody.safeParse(body);
  if (result.success) return result.data;
  throw new AppError("bad_input", 'Send {"argv": ["ask", "…"], "cwd": "/folder"}.', { cause: result.error });
}

/** `POST /local/command` runs a command line of the same data folder and streams what it writes: {out}, {err}, at last {exit}. */
export function localRoute(app: FastifyInstance, { token, runCommand }: LocalDeps): void {
  app.post("/local/command", { onRequest: async (request) => requireBearer(request, token) }, async (request, reply) => {
    const { argv, cwd } = read(request.body);
    const lines = new PassThrough();
    const aborted = new AbortController();
    const write = (line: object) => {
      if (!lines.destroyed && !lines.writableEnded) lines.write(`${JSON.stringify(line)}\n`);
    };
    reply.raw.on("close", () => {
      if (!reply.raw.writableFinished) aborted.abort();
    });
    const sink: CommandSink = { out: (out) => write({ out }), err: (err) => write({ err }) };
    runCommand(argv, cwd, sink, aborted.signal)
      .catch((error: unknown) => {
        write({ err: `${error instanceof AppError && error.code !== "internal" ? error.message : "The command failed inside Apex."}\n` });
        return 1;
      })
      .then((exit) => {
        write({ exit });
        lines.end();
      })
      .catch(() => lines.destroy());
    return reply.type("application/x-ndjson").send(lines);
  });
}
