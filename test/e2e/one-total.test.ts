import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "@clickhouse/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type ClickHouseBridge, startClickHouseBridge } from "../setup/clickhouse-bridge.ts";
import { createEmptyDatabase, testSecretKey } from "../setup/test-database.ts";
import { createWorkspace, type Service, type Workspace } from "./apex-process.ts";

const hourMs = 3_600_000;
const weekMs = 7 * 24 * hourMs;
/** The first day of 1970 was a Thursday. */
const mondayMs = 3 * 24 * hourMs;
const now = Date.now();

/** Three weeks up to now: each row at an odd moment, every seventh of a model that has no price. */
const rows = Array.from({ length: 500 }, (_, index) => {
  const at = new Date(now - index * 3_637_000 + (index % 13) * 61);
  const model = index % 7 === 3 ? "acme-9000" : index % 2 === 0 ? "gpt-5" : "gpt-5-mini";
  return [at.toISOString(), model, 1_000 + index, index % 100, 50 + (index % 9), `w${index % 5}`].join(",");
});

const mapping = {
  format: "csv",
  fields: {
    at: { column: "time" },
    provider: { value: "openai" },
    model: { column: "model" },
    "tokens.input": { column: "prompt_tokens" },
    "tokens.cache_read": { column: "cached_tokens" },
    "tokens.output": { column: "completion_tokens" },
    workload: { column: "feature" },
  },
  time: { unit: "iso", origin: "file" },
  inputIncludesCached: true,
  outputIncludesReasoning: false,
};

const Total = z.object({ usd: z.string(), requests: z.number(), unpriced_requests: z.number(), unpriced_tokens: z.number() });
const SpendDocument = z.object({ zone: z.string(), total: Total, days: z.array(z.object({ day: z.string(), ...Total.shape })) });
const DigestDocument = z.object({ spend: SpendDocument });
const AskDocument = z.object({ figures: z.array(z.object({ name: z.string(), value: z.string() })) });

interface Seen {
  readonly usd: string;
  readonly unpriced: number;
}

const seen = ({ usd, unpriced_requests: unpriced }: z.infer<typeof Total>): Seen => ({ usd, unpriced });

describe("one ledger, one total", () => {
  let database: Awaited<ReturnType<typeof createEmptyDatabase>>;
  let clickhouse: ClickHouseBridge;
  let workspace: Workspace;
  let service: Service;
  let key: string;

  beforeAll(async () => {
    [database, clickhouse] = await Promise.all([createEmptyDatabase(), startClickHouseBridge()]);
    const env = { DATABASE_URL: database.url, CLICKHOUSE_URL: clickhouse.url, APEX_SECRET_KEY: testSecretKey.toString("base64") };
    workspace = await createWorkspace(env);
    service = await workspace.up();
    const [csv, map] = [join(workspace.dataDir, "usage.csv"), join(workspace.dataDir, "mapping.json")];
    await writeFile(csv, ["time,model,prompt_tokens,cached_tokens,completion_tokens,feature", ...rows].join("\n"));
    await writeFile(map, JSON.stringify(mapping));
    expect(await workspace.apex("import", csv, "--mapping", map)).toMatchObject({ code: 0, err: "" });
    key = (await workspace.apex("read-key", "the test")).out.trim();
  }, 120_000);
  afterAll(async () => {
    await service.end("SIGTERM");
    await workspace.remove();
    await clickhouse.close();
    await database.drop();
  });

  /** The sum over the stored rows, by hand. */
  const byHand = async (from: string, to: string): Promise<Seen> => {
    const client = createClient({ url: clickhouse.url });
    const query = `SELECT toString(sum(cost)) AS usd, toString(sumIf(requests, isNull(cost))) AS unpriced
      FROM apex.usage_facts FINAL WHERE at >= parseDateTime64BestEffort('${from}', 3, 'UTC') AND at < parseDateTime64BestEffort('${to}', 3, 'UTC')`;
    const [row] = z
      .array(z.object({ usd: z.string(), unpriced: z.string() }))
      .parse(await (await client.query({ query, format: "JSONEachRow" })).json());
    await client.close();
    const [whole = "0", fraction = ""] = (row?.usd ?? "0").split(".");
    return { usd: `${whole}.${fraction.padEnd(12, "0")}`, unpriced: Number(row?.unpriced) };
  };
  const get = (path: string, authorization = `Bearer ${key}`) => fetch(`${service.url}${path}`, { headers: { authorization } });
  const api = async (query: string): Promise<z.infer<typeof SpendDocument>> =>
    SpendDocument.parse(await (await get(`/api/usage/spend?${query}`)).json());
  const page = async (query: string): Promise<Seen> => {
    const html = await (await get(`/spend?${query}`, `Basic ${Buffer.from(`me:${key}`).toString("base64")}`)).text();
    const value = (id: string): string => new RegExp(`id="${id}" value="([^"]*)"`).exec(html)?.[1] ?? "";
    return { usd: value("total"), unpriced: Number(value("unpriced")) };
  };
  const cli = async (...argv: string[]): Promise<z.infer<typeof SpendDocument>> => {
    const { out, err, code } = await workspace.apex("spend", "--json", ...argv);
    if (code !== 0) throw new Error(err);
    return SpendDocument.parse(JSON.parse(out));
  };
  const chat = async (question: string): Promise<Seen> => {
    const { out } = await workspace.apex("ask", question, "--json");
    const { figures } = AskDocument.parse(JSON.parse(out));
    const value = (name: string): string => figures.find((figure) => figure.name === name)?.value ?? "";
    return { usd: value("spend"), unpriced: Number(value("unpriced requests")) };
  };
  const digest = async (): Promise<Seen> =>
    seen(DigestDocument.parse(JSON.parse((await workspace.apex("digest", "--json")).out)).spend.total);

  it.each([
    ["UTC", 0],
    ["Asia/Kolkata", 5.5],
    ["America/Phoenix", -7],
  ])(
    "langwatch #7034, litellm #8585, paperclip #3931: last week in %s has the same total to the pico-dollar wherever it is asked for",
    { timeout: 180_000 },
    async (zone, ahead) => {
      expect(await workspace.apex("zone", zone)).toMatchObject({ code: 0 });
      const monday = Math.floor((now + ahead * hourMs + mondayMs) / weekMs) * weekMs - mondayMs - weekMs;
      const [from, to] = [monday, monday + weekMs].map((local) => new Date(local - ahead * hourMs).toISOString());
      const [first, last] = [monday, monday + weekMs - 1].map((local) => new Date(local).toISOString().slice(0, 10));
      const truth = await byHand(from ?? "", to ?? "");
      expect(truth.unpriced).toBeGreaterThan(10);
      const week = `from=${first}&to=${last}`;
      const printed = await cli("--from", first ?? "", "--to", last ?? "", "--by", "model,workload");
      const fetched = await api(`${week}&by=workload`);
      const { out: digested } = await workspace.apex("digest");
      expect({
        cli: seen(printed.total),
        api: seen(fetched.total),
        "api, as instants": seen((await api(`from=${from}&to=${to}`)).total),
        "api, zone named": seen((await api(`${week}&zone=${zone}`)).total),
        page: await page(week),
        digest: await digest(),
        "chat, in words": await chat("what did we spend by model last week?"),
        "chat, with days": await chat(`what did we spend between ${first} and ${last} by workload?`),
      }).toEqual({
        cli: truth,
        api: truth,
        "api, as instants": truth,
        "api, zone named": truth,
        page: truth,
        digest: truth,
        "chat, in words": truth,
        "chat, with days": truth,
      });
      expect(digested).toContain(`Exactly ${truth.usd} USD.`);
      expect(digested).toContain(`${truth.unpriced} requests with`);
      expect(printed.days).toHaveLength(7);
      expect(printed.days).toEqual(fetched.days);
    },
  );

  it("shows the reader's own workspace alone, and nothing without a key that is in force", async () => {
    for (const authorization of [
      "",
      "Bearer ",
      "Bearer apexread_nonsense",
      `Bearer ${"x".repeat(5_000)}`,
      "Basic bWU6",
      `Basic ${btoa("me:wrong")}`,
    ]) {
      for (const path of ["/api/usage/spend", "/spend"]) {
        const response = await get(path, authorization);
        expect([response.status, await response.text()]).toEqual([401, expect.not.stringContaining("usd")]);
        expect(response.headers.get("www-authenticate") !== null).toBe(path === "/spend");
      }
    }
    // A key of the gateway reads nothing, and a read key is none of the gateway's.
    const gatewayKey = (await workspace.apex("key", "app", "--workload", "chat")).out.trim();
    expect((await get("/api/usage/spend", `Bearer ${gatewayKey}`)).status).toBe(401);
    expect((await get("/v1/models", `Bearer ${key}`)).status).toBe(401);
    expect((await get("/api/usage/spend?from=yesterday")).status).toBe(400);
    expect((await get("/api/usage/spend?zone=Mars/Olympus")).status).toBe(400);
    expect((await get("/api/usage/spend?by=secret")).status).toBe(400);
    expect((await get("/api/usage/spend?org=other")).status).toBe(400);
    const made = await workspace.apex("read-key", "short-lived");
    const id = /rdk_[\w-]+/.exec(made.err)?.[0] ?? "";
    expect((await get("/api/usage/spend", `Bearer ${made.out.trim()}`)).status).toBe(200);
    expect(await workspace.apex("read-key", "--revoke", id)).toMatchObject({ code: 0 });
    expect((await get("/api/usage/spend", `Bearer ${made.out.trim()}`)).status).toBe(401);
  }, 60_000);

  it("reconciles without a bill in words, and refuses a zone that there is not", async () => {
    const { code, out } = await workspace.apex("reconcile");
    expect(code).toBe(0);
    expect(out).toMatch(/openai +\d{4}-\d{2}-\d{2} .*no bill +– +– +no bill/);
    expect(out).toContain("No bill is connected.");
    const refused = await workspace.apex("zone", "Mars/Olympus");
    expect(refused.code).toBe(2);
    expect(refused.err).toContain("no time zone");
  }, 60_000);
});
