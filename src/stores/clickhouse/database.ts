import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type ClickHouseClient, ClickHouseLogLevel, type ClickHouseSettings, createClient } from "@clickhouse/client";
import { z } from "zod";
import { AppError } from "../../core/errors.ts";
import type { QueryText } from "../../core/usage-store.ts";
import { embeddedConnection } from "./embedded-connection.ts";
import { storeError } from "./errors.ts";

/** Where ClickHouse is: a server, or the engine inside this process with its files under a path. */
export type ClickHouseTarget = { readonly kind: "server"; readonly url: string } | { readonly kind: "embedded"; readonly path: string };

const timeoutMs = 60_000;
const attempts = 4;
const firstPauseMs = 100;

/** 64-bit integers and decimals come back as text, so that no digit is lost. */
const settings: ClickHouseSettings = {
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_decimals: 1,
  do_not_merge_across_partitions_select_final: 1,
  max_partitions_per_insert_block: "1000",
  max_execution_time: timeoutMs / 1_000,
};

/** Errors are told by throwing them: the client's own log would write to the console. */
const log = { level: ClickHouseLogLevel.OFF };

/** Statements on one database of ClickHouse. Each has a time-out; on a server, what may be repeated is tried again with growing, jittered pauses. */
export interface Database {
  /** The database's name, checked: the only thing that statements are put together from. */
  readonly name: string;
  /** Rows of a query, each parsed. */
  rows<Row>(row: z.ZodType<Row>, query: QueryText, what: string): Promise<readonly Row[]>;
  /** Inserts rows whose table forgets repeats. */
  insert(table: string, rows: readonly Readonly<Record<string, unknown>>[], what: string): Promise<void>;
  /** Inserts rows written in the TabSeparated format into the named columns of a table that forgets repeats. */
  insertText(table: string, columns: readonly [string, ...string[]], text: string, what: string): Promise<void>;
  /** Runs a statement once, without trying again. */
  command(statement: QueryText, what: string): Promise<void>;
  /** Runs something of several statements, again as a whole where it failed for a reason that may pass. */
  retrying<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

async function openClient(target: ClickHouseTarget): Promise<ClickHouseClient> {
  if (target.kind === "embedded") {
    return createClient({ connection: await embeddedConnection(target.path), clickhouse_settings: settings, log });
  }
  return createClient({ url: target.url, request_timeout: timeoutMs, clickhouse_settings: settings, application: "apex", log });
}

/** Gives a statement its time-out, and its errors their sentence. */
async function guarded<T>(work: (signal: AbortSignal) => Promise<T>, what: string): Promise<T> {
  try {
    return await work(AbortSignal.timeout(timeoutMs));
  } catch (error) {
    throw storeError(error, what);
  }
}

/** Runs something until it succeeds, fails for good, or has been tried often enough. */
async function persist<T>(tries: number, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= tries || !(error instanceof AppError && error.retry)) throw error;
      await sleep(firstPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random()));
    }
  }
}

/** Opens ClickHouse. The database need not exist yet. */
export async function openDatabase(target: ClickHouseTarget, name: string): Promise<Database> {
  if (!/^[A-Za-z_]\w{0,62}$/.test(name))
    throw new AppError("bad_input", `"${name}" is no database name: use letters, digits and underscores.`);
  const client = await openClient(target);
  const tries = target.kind === "server" ? attempts : 1;
  const retrying = <T>(work: () => Promise<T>): Promise<T> => persist(tries, work);
  const command: Database["command"] = (statement, what) =>
    guarded(async (abort_signal) => {
      await client.command({ query: statement.sql, query_params: { ...statement.params }, abort_signal });
    }, what);
  return {
    name,
    retrying,
    command,
    rows: (row, query, what) =>
      retrying(() =>
        guarded(async (abort_signal) => {
          const result = await client.query({ query: query.sql, query_params: { ...query.params }, format: "JSONEachRow", abort_signal });
          return z.array(row).parse(await result.json());
        }, what),
      ),
    insert: (table, rows, what) =>
      retrying(() =>
        guarded(async (abort_signal) => {
          await client.insert({ table: `${name}.${table}`, values: rows, format: "JSONEachRow", abort_signal });
        }, what),
      ),
    insertText: (table, columns, text, what) =>
      retrying(() =>
        guarded(async (abort_signal) => {
          const values = Readable.from([Buffer.from(text)], { objectMode: false });
          await client.insert({ table: `${name}.${table}`, columns: [...columns], values, format: "TabSeparated", abort_signal });
        }, what),
      ),
    close: () => client.close(),
  };
}
