import { createServer, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";

/** A request as a stand-in of a provider's API gets it. */
export interface ApiRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface ApiAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body: string | Uint8Array | object;
}

/** A stand-in of a provider's API, ours, that follows the provider's documents. */
export interface FakeApi {
  readonly url: string;
  readonly requests: readonly ApiRequest[];
  /** The next so many answers are these instead; `change` alters what would have been answered where `path` fits. */
  failNext(answer: ApiAnswer, times?: number): void;
  /** From the nth request since the last reset on, so many answers are these instead. */
  failFrom(nth: number, answer: ApiAnswer, times: number): void;
  /** The next so many requests get no answer at all. */
  hangNext(times: number): void;
  change(path: RegExp, alter: (body: string) => string): void;
  reset(): void;
  close(): Promise<void>;
}

const bytesOf = (body: ApiAnswer["body"]): string | Uint8Array =>
  typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);

/** Serves `answer` on loopback. */
export async function startFakeApi(answer: (request: ApiRequest) => ApiAnswer | Promise<ApiAnswer>): Promise<FakeApi> {
  let requests: ApiRequest[] = [];
  let failures: ApiAnswer[] = [];
  let later: { readonly from: number; readonly to: number; readonly answer: ApiAnswer } | undefined;
  let hanging = 0;
  let changes: { readonly path: RegExp; readonly alter: (body: string) => string }[] = [];
  const server = createServer((incoming, response) => {
    const handle = async (): Promise<void> => {
      const url = new URL(incoming.url ?? "/", "http://127.0.0.1");
      const request: ApiRequest = { method: incoming.method ?? "GET", url, headers: incoming.headers, body: await text(incoming) };
      requests.push(request);
      if (hanging > 0) {
        hanging -= 1;
        return;
      }
      const at = requests.length;
      const broken = later !== undefined && at >= later.from && at < later.to ? later.answer : undefined;
      const given = failures.shift() ?? broken ?? (await answer(request));
      const change = changes.find(({ path }) => path.test(url.pathname));
      const raw = bytesOf(given.body);
      const body = change === undefined || typeof raw !== "string" ? raw : change.alter(raw);
      response.writeHead(given.status ?? 200, { "content-type": "application/json", ...given.headers }).end(body);
    };
    handle().catch((error: unknown) => response.writeHead(599).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the stand-in does not listen");
  return {
    url: `http://127.0.0.1:${address.port}`,
    get requests() {
      return requests;
    },
    failNext(failure, times = 1) {
      failures.push(...Array.from({ length: times }, () => failure));
    },
    failFrom(nth, failure, times) {
      later = { from: nth, to: nth + times, answer: failure };
    },
    hangNext(times) {
      hanging = times;
    },
    change(path, alter) {
      changes.push({ path, alter });
    },
    reset() {
      requests = [];
      failures = [];
      changes = [];
      later = undefined;
      hanging = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
