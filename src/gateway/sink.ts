import type { ServerResponse } from "node:http";
import type { ClientWatch } from "./exchange.ts";

/** Headers as a provider sends them, or as the caller gets them. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Where an answer goes, in the caller's format. */
export interface AnswerSink {
  /** Whether the caller has been sent any of it: no other answer can take its place then. */
  begun(): boolean;
  /** Starts a stream of bytes. */
  start(status: number, headers: Headers): void;
  /** Resolves when more can be taken. */
  write(bytes: Buffer): Promise<void>;
  end(rest?: string): void;
  /** Sends a whole answer. */
  whole(status: number, headers: Headers, body: string | Buffer): void;
}

/** Headers that belong to one connection, or to the provider's site alone. */
const notPassed = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "content-length",
  "content-encoding",
  "set-cookie",
  "upgrade",
  "trailer",
  "te",
  "proxy-authenticate",
  "alt-svc",
  "location",
]);

/** Passes a provider's headers on, but for those that the gateway has set itself: a key's own limits go before the provider's. */
const passHeaders = (headers: Headers, res: ServerResponse): void => {
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !notPassed.has(name) && !res.hasHeader(name)) res.setHeader(name, value);
  }
};

export interface CallerSinkOptions {
  readonly res: ServerResponse;
  readonly client: ClientWatch;
  /** How long the caller may take nothing, in milliseconds. */
  readonly stallMs: number;
  /** Called when the first byte of the body goes out. */
  readonly onFirstByte: () => void;
  /** Keeps the head of a stream back until its first byte, so that a stream that breaks before can be replaced. */
  readonly lateHead: boolean;
}

/** The caller itself. Once it has hung up, what comes is dropped. */
export function callerSink({ res, client, stallMs, onFirstByte, lateHead }: CallerSinkOptions): AnswerSink {
  let head: (() => void) | undefined;
  let begun = false;
  const begin = (): void => {
    head?.();
    head = undefined;
    begun = true;
  };
  return {
    begun: () => begun,
    start(status, headers) {
      head = () => {
        passHeaders(headers, res);
        res.writeHead(status);
        res.flushHeaders();
      };
      if (!lateHead && !client.gone()) begin();
    },
    async write(bytes) {
      if (bytes.length === 0 || client.gone()) return;
      begin();
      onFirstByte();
      if (!res.write(bytes)) await client.drained(stallMs);
    },
    end(rest) {
      if (client.gone()) return;
      begin();
      res.end(rest);
    },
    whole(status, headers, body) {
      if (client.gone()) return;
      begun = true;
      passHeaders(headers, res);
      onFirstByte();
      res.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
      res.end(body);
    },
  };
}

/** An answer as it was written to a sink. */
export interface Written {
  readonly status: number;
  readonly headers: Headers;
  readonly streamed: boolean;
  readonly body: Buffer;
}

/** A sink that keeps what is written to it. */
export interface KeepingSink extends AnswerSink {
  /** What was written; undefined where it has not ended, or is larger than the sink keeps. */
  written(): Written | undefined;
}

/** Keeps up to `maxBytes` of an answer; passes it on at once to `to`, where that is given. */
export function keepingSink(maxBytes: number, to?: AnswerSink): KeepingSink {
  let head: Pick<Written, "status" | "headers" | "streamed"> | undefined;
  let chunks: Buffer[] = [];
  let size = 0;
  let ended = false;
  const keep = (bytes: Buffer): void => {
    size += bytes.length;
    if (size <= maxBytes) chunks.push(bytes);
    else chunks = [];
  };
  return {
    begun: () => to?.begun() ?? false,
    start(status, headers) {
      head = { status, headers, streamed: true };
      to?.start(status, headers);
    },
    async write(bytes) {
      keep(bytes);
      await to?.write(bytes);
    },
    end(rest) {
      if (rest !== undefined) keep(Buffer.from(rest));
      ended = true;
      to?.end(rest);
    },
    whole(status, headers, body) {
      head = { status, headers, streamed: false };
      keep(Buffer.from(body));
      ended = true;
      to?.whole(status, headers, body);
    },
    written: () => (head === undefined || !ended || size > maxBytes ? undefined : { ...head, body: Buffer.concat(chunks) }),
  };
}

/** Drops what is written to it. */
export const droppingSink = (): AnswerSink => keepingSink(0);

/** Sends on what was kept. */
export async function release({ status, headers, streamed, body }: Written, to: AnswerSink): Promise<void> {
  if (!streamed) return to.whole(status, headers, body);
  to.start(status, headers);
  await to.write(body);
  to.end();
}
