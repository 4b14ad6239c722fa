import { readdir } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { maxFileBytes } from "../../src/flows/receive-file.ts";
import { type RunningApp, startApp } from "../setup/running-app.ts";

const Summary = z.object({
  importId: z.string(),
  path: z.string(),
  alreadyDone: z.boolean(),
  accepted: z.number(),
  refused: z.number(),
  unpriced: z.number(),
  firstRefusals: z.array(z.object({ line: z.number(), reason: z.string() })),
  assumption: z.string(),
});
const Problem = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

const csvOf = (workload: string, rows: number, model = "gpt-5"): string =>
  [
    "timestamp,model,prompt_tokens,completion_tokens,feature",
    ...Array.from(
      { length: rows },
      (_, i) => `${new Date(Date.UTC(2026, 10, 1) + i * 60_000).toISOString()},${model},${1_000 + i},80,${workload}`,
    ),
  ].join("\n");

describe("POST /api/usage/files of the running application", () => {
  let running: RunningApp;
  let key: string;

  beforeAll(async () => {
    running = await startApp();
    key = await newKey("ingest");
  });
  afterAll(() => running.close());

  const newKey = async (purpose: "ingest" | "gateway"): Promise<string> =>
    (await running.app.stores.gateway.createKey(running.orgId, { label: "tests", workload: "", team: "", purpose })).secret;
  const post = (query: string, body: string | Uint8Array | undefined, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    fetch(`${running.url}/api/usage/files${query}`, {
      method: "POST",
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : Buffer.from(body) }),
      headers: { authorization: `Bearer ${key}`, "content-type": "text/csv", ...headers },
    });
  const imported = async (response: Response) => {
    expect(response.status).toBe(200);
    return Summary.parse(await response.json());
  };
  const problem = async (response: Response): Promise<readonly [number, string]> => [
    response.status,
    Problem.parse(await response.json()).error.message,
  ];
  const requests = async (workload: string): Promise<number> => {
    const { rows } = await running.usage.spend({
      orgId: running.orgId,
      period: { from: new Date("2026-01-01T00:00:00Z"), to: new Date("2028-01-01T00:00:00Z") },
      filters: { workload: [workload] },
      by: [],
      grain: "total",
    });
    return rows[0]?.requests ?? 0;
  };
  const leftBehind = (): Promise<readonly string[]> => readdir(join(running.dataDir, "uploads")).catch(() => []);

  it("imports the file and says what was assumed; the same file again changes nothing", async () => {
    const first = await imported(await post("?name=usage.csv", csvOf("first", 50)));
    expect(first).toMatchObject({ path: "usage.csv", alreadyDone: false, accepted: 50, refused: 0, unpriced: 0 });
    expect(first.assumption).toContain("openai");
    const again = await imported(await post("?name=other-name.csv", csvOf("first", 50)));
    expect(again).toMatchObject({ importId: first.importId, alreadyDone: true, accepted: 50 });
    expect(await requests("first")).toBe(50);
    expect(await leftBehind()).toEqual([]);
  });

  it("takes JSON Lines, gzip, and a mapping of the sender's", async () => {
    const lines = Array.from({ length: 5 }, (_, i) =>
      JSON.stringify({ when: 1_793_500_000 + i, sold_by: "openai", llm: "gpt-5", tin: 10, tout: 1 }),
    );
    const mapping = {
      format: "jsonl",
      fields: {
        at: { column: "when" },
        provider: { column: "sold_by" },
        model: { column: "llm" },
        workload: { value: "mapped" },
        "tokens.input": { column: "tin" },
        "tokens.output": { column: "tout" },
      },
      time: { unit: "seconds", origin: "file" },
      inputIncludesCached: true,
      outputIncludesReasoning: true,
    };
    const query = `?name=usage.jsonl.gz&mapping=${encodeURIComponent(JSON.stringify(mapping))}`;
    expect(await imported(await post(query, gzipSync(lines.join("\n")), { "content-type": "application/gzip" }))).toMatchObject({
      accepted: 5,
    });
    expect(await requests("mapped")).toBe(5);
  });

  it("gives refused rows back with line and reason, a hundred at most, and takes the others", async () => {
    const bad = Array.from({ length: 150 }, (_, i) => `2026-11-01T00:00:${String(i % 60).padStart(2, "0")}Z,gpt-5,minus,80,refusing`);
    const summary = await imported(await post("?name=bad.csv", [csvOf("refusing", 3), ...bad].join("\n")));
    expect(summary).toMatchObject({ accepted: 3, refused: 150 });
    expect(summary.firstRefusals).toHaveLength(100);
    expect(summary.firstRefusals[0]?.line).toBe(5);
    expect(summary.firstRefusals[0]?.reason).toContain("tokens.input");
    expect(await leftBehind()).toEqual([]);
  });

  it("takes files that come together, also the same one", async () => {
    const files = [csvOf("together", 40), csvOf("together", 40), csvOf("together too", 30), csvOf("together", 40)];
    const responses = await Promise.all(files.map((file, i) => post(`?name=${i}.csv`, file)));
    for (const response of responses) await imported(response);
    expect([await requests("together"), await requests("together too")]).toEqual([40, 30]);
  });

  it("leaves nothing of a file whose sender goes away midway", async () => {
    const { port } = new URL(running.url);
    const sending = request({
      host: "127.0.0.1",
      port: Number(port),
      path: "/api/usage/files?name=half.csv",
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-length": "1000000" },
    });
    sending.on("error", () => undefined);
    sending.write(csvOf("half", 100));
    await expect.poll(async () => (await leftBehind()).length, { timeout: 5_000 }).toBe(1);
    sending.destroy();
    await expect.poll(leftBehind, { timeout: 5_000 }).toEqual([]);
    expect(await requests("half")).toBe(0);
  });

  it("says what is wrong with a file, and never where it lay", async () => {
    const answers = [
      await post("?name=empty.csv", ""),
      await post("?name=none.csv", "colour,size\nred,3\n"),
      await post("?name=photo.csv", Buffer.from([0x50, 0x4b, 3, 4, 0, 0])),
      await post("?name=cut.csv.gz", gzipSync(csvOf("cut", 500)).subarray(0, 200)),
      await post("", csvOf("nameless", 3)),
      await post("?name=x.csv&mapping=%7B", csvOf("x", 3)),
      await post(`?name=x.csv&mapping=${encodeURIComponent('{"format":"csv"}')}`, csvOf("x", 3)),
    ];
    const said = await Promise.all(answers.map(problem));
    expect(said).toEqual([
      [400, expect.stringContaining("empty.csv is empty")],
      [400, expect.stringContaining("The columns seen are: colour, size.")],
      [400, expect.stringContaining("photo.csv is a ZIP archive")],
      [400, expect.stringContaining("broken or cut off")],
      [400, expect.stringContaining("Name the file")],
      [400, expect.stringContaining("The mapping is not JSON")],
      [400, expect.stringContaining('wrong at "fields"')],
    ]);
    expect(JSON.stringify(said)).not.toContain("uploads");
    expect(await leftBehind()).toEqual([]);
  });

  it("refuses a file that is too large before it is sent, with 413", async () => {
    const { port } = new URL(running.url);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sending = request(
        {
          host: "127.0.0.1",
          port: Number(port),
          path: "/api/usage/files?name=huge.csv",
          method: "POST",
          headers: { authorization: `Bearer ${key}`, "content-length": String(maxFileBytes + 1) },
        },
        (response) => {
          resolve(response.statusCode);
          sending.destroy();
        },
      );
      sending.on("error", reject);
      sending.flushHeaders();
    });
    expect(status).toBe(413);
  });

  it("lets nobody in without a key that may send usage", async () => {
    expect(await problem(await post("?name=a.csv", csvOf("stranger", 2), { authorization: "" }))).toEqual([
      401,
      expect.stringContaining("--ingest"),
    ]);
    expect(await problem(await post("?name=a.csv", csvOf("stranger", 2), { authorization: `Bearer ${await newKey("gateway")}` }))).toEqual([
      403,
      expect.stringContaining("cannot send usage"),
    ]);
    expect(await requests("stranger")).toBe(0);
  });
});
