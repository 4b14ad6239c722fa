import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { type ClickHouseClient, createClient } from "@clickhouse/client";
import { z } from "zod";
import { embeddedConnection } from "../../src/stores/clickhouse/embedded-connection.ts";
import { clickhouseFolder } from "./test-clickhouse.ts";

/** ClickHouse's HTTP interface over the embedded engine, so that CLICKHOUSE_URL can be tried where no server is. */
export interface ClickHouseBridge {
  readonly url: string;
  /** Statements answered so far. */
  statements(): number;
  close(): Promise<void>;
}

/** Parameters of the protocol; every other one that is no `param_…` is a setting. */
const ofTheProtocol = new Set(["query", "query_id", "database", "session_id", "default_format", "enable_http_compression"]);
const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f", "0": "\0" };
const unescape = (value: string): string => value.replaceAll(/\\(.)/gs, (_, char: string) => escapes[char] ?? char);

/** A parameter as it comes over HTTP (escaped text, or an array literal), as the value that it stands for. */
const valueOf = (value: string): unknown => {
  if (!value.startsWith("[")) return unescape(value);
  const items = [...value.slice(1, -1).matchAll(/'((?:[^'\\]|\\.)*)'|([^,\s]+)/gs)];
  return items.map(([, quoted, bare]) => (quoted === undefined ? Number(bare) : unescape(quoted)));
};

interface Statement {
  readonly query: string;
  readonly query_params: Record<string, unknown>;
  readonly clickhouse_settings: Record<string, string>;
  readonly values?: Readable;
}

async function read(request: IncomingMessage): Promise<Statement> {
  const { searchParams } = new URL(request.url ?? "/", "http://bridge");
  const body = await text(request);
  const given = [...searchParams];
  const query = searchParams.get("query");
  return {
    query: query ?? body,
    query_params: Object.fromEntries(
      given.filter(([name]) => name.startsWith("param_")).map(([name, value]) => [name.slice("param_".length), valueOf(value)]),
    ),
    clickhouse_settings: Object.fromEntries(given.filter(([name]) => !name.startsWith("param_") && !ofTheProtocol.has(name))),
    ...(query === null ? {} : { values: Readable.from([body]) }),
  };
}

const Failure = z.object({ code: z.coerce.string(), message: z.string(), type: z.string() });

/** Tells an error in the words of a ClickHouse server, which its client parses. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy();
  const known = Failure.safeParse(error);
  const { code, message, type } = known.success ? known.data : { code: "1001", message: String(error), type: "STD_EXCEPTION" };
  response.writeHead(500, { "X-ClickHouse-Exception-Code": code }).end(`Code: ${code}. DB::Exception: ${message} (${type})`);
}

async function answer(client: ClickHouseClient, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url?.startsWith("/ping") === true) return void response.end("Ok.\n");
  try {
    const { stream } = await client.exec(await read(request));
    response.writeHead(200, { "content-type": "application/octet-stream" });
    await pipeline(stream, response);
  } catch (error) {
    fail(response, error);
  }
}

const Names = z.array(z.object({ name: z.string() }));
const databasesOf = async (client: ClickHouseClient): Promise<readonly string[]> =>
  Names.parse(await (await client.query({ query: "SHOW DATABASES", format: "JSONEachRow" })).json()).map(({ name }) => name);

/**
 * Starts it on a free port of 127.0.0.1; the engine is this process's own, so that a test file can have one bridge. Databases that
 * are made meanwhile go with it: the next file of the process finds none of their rows.
 */
export async function startClickHouseBridge(): Promise<ClickHouseBridge> {
  const client = createClient({ connection: await embeddedConnection(clickhouseFolder()) });
  const before = new Set(await databasesOf(client));
  let statements = 0;
  // ClickHouse takes parameters in the address, and addresses of a megabyte (http_max_uri_size).
  const server = createServer({ maxHeaderSize: 1_048_576 }, (request, response) => {
    statements += 1;
    void answer(client, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    statements: () => statements,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      for (const name of (await databasesOf(client)).filter((one) => !before.has(one)))
        await client.exec({ query: `DROP DATABASE ${name} SYNC` });
      await client.close();
    },
  };
}
