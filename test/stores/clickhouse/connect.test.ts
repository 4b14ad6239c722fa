import { readdir } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { connectClickHouse } from "../../../src/stores/clickhouse/connect.ts";
import { openDatabase } from "../../../src/stores/clickhouse/database.ts";
import { createTestClickHouse } from "../../setup/test-clickhouse.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A server that answers like ClickHouse does when something is wrong with it. */
async function failing(status: number, code: string, body: string): Promise<{ readonly url: string; calls(): number }> {
  let calls = 0;
  const server = createServer((_, response) => {
    calls += 1;
    response.writeHead(status, { "X-ClickHouse-Exception-Code": code }).end(body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no address");
  return { url: `http://127.0.0.1:${address.port}`, calls: () => calls };
}

describe("connecting to ClickHouse", () => {
  it("says so when no server answers", async () => {
    const refused = connectClickHouse({ target: { kind: "server", url: "http://127.0.0.1:9" }, database: "apex" });
    await expect(refused).rejects.toMatchObject({ name: "AppError", code: "provider_down" });
    await expect(refused).rejects.toThrow(/check CLICKHOUSE_URL/);
  });

  it("tries again while the server is overloaded, and gives up in the end", async () => {
    const server = await failing(503, "202", "Code: 202. DB::Exception: Too many simultaneous queries. (TOO_MANY_SIMULTANEOUS_QUERIES)");
    await expect(connectClickHouse({ target: { kind: "server", url: server.url }, database: "apex" })).rejects.toMatchObject({
      code: "busy",
    });
    expect(server.calls()).toBe(4);
  });

  it("does not try again what cannot succeed", async () => {
    const server = await failing(403, "516", "Code: 516. DB::Exception: default: Authentication failed. (AUTHENTICATION_FAILED)");
    await expect(connectClickHouse({ target: { kind: "server", url: server.url }, database: "apex" })).rejects.toThrow(
      /Authentication failed/,
    );
    expect(server.calls()).toBe(1);
  });

  it("refuses a database name that is none", async () => {
    await expect(openDatabase({ kind: "embedded", path: "/nowhere" }, "apex; DROP DATABASE apex")).rejects.toThrow(/no database name/);
  });

  it("applies each migration once, and refuses one that was changed afterwards", async () => {
    const clickhouse = await createTestClickHouse();
    const again = await connectClickHouse(clickhouse);
    const files = (await readdir("src/stores/clickhouse/migrations")).sort().map((name) => ({ name }));
    expect(await clickhouse.run(`SELECT name FROM ${clickhouse.database}.schema_migrations ORDER BY name`)).toEqual(files);
    await again.close();
    await clickhouse.run(`INSERT INTO ${clickhouse.database}.schema_migrations (name, checksum) VALUES ('001_usage.sql', 'other')`);
    await clickhouse.run(`OPTIMIZE TABLE ${clickhouse.database}.schema_migrations FINAL`);
    await expect(connectClickHouse(clickhouse)).rejects.toThrow(/was changed after it was applied/);
    await clickhouse.drop();
  });
});
