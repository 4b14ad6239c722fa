import type { IncomingMessage, ServerResponse } from "node:http";
import { refuse } from "./errors.ts";

/** Limits of what a client may send, and how long it may take. */
export interface BodyLimits {
  readonly bodyLimitBytes: number;
  readonly bodyTimeoutMs: number;
}

/** Reads a request's whole body; refuses one that is too large or too slow. */
export function readBody(req: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const tooLarge = (): Error =>
    refuse.tooLarge(
      `The request body is larger than ${Math.floor(limits.bodyLimitBytes / 1024 / 1024)} MB. Send less, or link to files instead of inlining them.`,
    );
  if (Number(req.headers["content-length"] ?? 0) > limits.bodyLimitBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      req.off("data", onData).off("end", onEnd).off("error", onBroken).off("close", onBroken);
      act();
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limits.bodyLimitBytes) settle(() => reject(tooLarge()));
      else chunks.push(chunk);
    };
    const onEnd = (): void => settle(() => resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)));
    const onBroken = (): void => settle(() => reject(refuse.badRequest("The connection broke before the request was whole.")));
    const timer = setTimeout(
      () => settle(() => reject(refuse.slowRequest(`The request body did not arrive within ${limits.bodyTimeoutMs / 1000} s.`))),
      limits.bodyTimeoutMs,
    );
    req.on("data", onData).on("end", onEnd).on("error", onBroken).on("close", onBroken);
  });
}

/** A header's text, trimmed; empty where it is absent. */
export const headerOf = (req: Pick<IncomingMessage, "headers">, name: string): string => {
  const value = req.headers[name];
  return (Array.isArray(value) ? value[0] : value)?.trim() ?? "";
};

/** Sends a whole JSON answer. */
export const sendJson = (res: ServerResponse, status: number, body: string | Buffer): void => {
  res.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  res.end(body);
};

/** How long the rest of a refused request is still taken in, in milliseconds: who is cut off in mid-sending may never read the refusal. */
const lingerMs = 10_000;

/** Sends an error's JSON body. The rest of a request that has not come to its end is thrown away as it comes, for a bounded time. */
export const sendError = (req: IncomingMessage, res: ServerResponse, status: number, body: string): void => {
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  if (!req.complete) {
    req.resume();
    const timer = setTimeout(() => req.destroy(), lingerMs);
    req.once("close", () => clearTimeout(timer));
  }
  sendJson(res, status, body);
};

/** The client's end of an exchange. */
export interface ClientWatch {
  /** True once the client has hung up before its answer was whole. */
  gone(): boolean;
  /** Calls back when that happens, at once where it has. */
  onGone(act: () => void): void;
  /** Resolves when the client has taken what was written, or is gone; a client that takes nothing for `stallMs` is hung up on. */
  drained(stallMs: number): Promise<void>;
}

/** Watches for the client to hang up. */
export function watchClient(res: ServerResponse): ClientWatch {
  const acts: (() => void)[] = [];
  let gone = false;
  res.once("close", () => {
    gone = !res.writableFinished;
    if (gone) for (const act of acts) act();
  });
  return {
    gone: () => gone,
    onGone: (act) => {
      if (gone) act();
      else acts.push(act);
    },
    drained: (stallMs) =>
      new Promise((resolve) => {
        if (gone || !res.writableNeedDrain) return resolve();
        const timer = setTimeout(() => res.destroy(), stallMs);
        const done = (): void => {
          clearTimeout(timer);
          res.off("drain", done).off("close", done);
          resolve();
        };
        res.once("drain", done).once("close", done);
        return undefined;
      }),
  };
}
