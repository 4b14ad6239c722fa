import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type FakeApi, startFakeApi } from "../setup/fake-api.ts";
import { answerAsOpenAi, emptyOpenAi, openAiAdminKey } from "../setup/openai-admin.ts";
import { createEmptyDatabase } from "../setup/test-database.ts";
import { createWorkspace, type Finished, type Service, type Workspace } from "./apex-process.ts";

const ServiceFile = z.looseObject({ url: z.string(), token: z.string() });
const wrongKey = "sk-proj-e2e-wrong-5be1";
const hourMs = 3_600_000;
const at = (hoursAgo: number): string => new Date(Date.now() - hoursAgo * hourMs).toISOString();
const groups = { project_id: "proj_shop", user_id: null, api_key_id: "key_1", model: "gpt-5", batch: false, service_tier: "default" };
/** gpt-5: 1,000 uncached, 200 cached and 50 out: 0.001775 USD each. */
const sums = { input_tokens: 1_200, input_cached_tokens: 200, output_tokens: 50, num_model_requests: 1 };

/** Everything that the database holds, in every table and schema, as text. */
async function dump(url: string): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      "SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')",
    );
    const lines: string[] = [];
    for (const { name } of tables.rows) {
      const rows = await client.query<{ line: string }>(`SELECT $1 || ' ' || row_to_json(held)::text AS line FROM ${name} held`, [name]);
      lines.push(...rows.rows.map(({ line }) => line));
    }
    return lines.join("\n");
  } finally {
    await client.end();
  }
}

/** Everything that lies in a folder, as text. */
async function filesIn(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return (await Promise.all(files.map((file) => readFile(file, "latin1").catch(() => "")))).join("\n");
}

describe("apex source", () => {
  const admin = emptyOpenAi();
  const printed: string[] = [];
  let api: FakeApi;
  let database: Awaited<ReturnType<typeof createEmptyDatabase>>;
  let workspace: Workspace;
  let service: Service;
  let files: string;

  beforeAll(async () => {
    [api, database] = await Promise.all([startFakeApi(answerAsOpenAi(admin)), createEmptyDatabase()]);
    workspace = await createWorkspace({ DATABASE_URL: database.url, LOG_LEVEL: "debug" });
    files = await mkdtemp(join(tmpdir(), "apex-secrets-"));
    await writeFile(join(files, "right"), `${openAiAdminKey}\n`);
    admin.usage["completions"] = [at(30), at(5), at(400)].map((time) => ({ at: time, groups, sums }));
    admin.costs.push({ at: at(30), groups: { project_id: "proj_shop", line_item: "gpt-5, input" }, sums: { value: 0.0018 } });
    service = await workspace.up();
  });
  afterAll(async () => {
    await service.end("SIGTERM");
    await Promise.all([workspace.remove(), api.close(), rm(files, { recursive: true })]);
    await database.drop();
  });

  const apex = async (...argv: string[]): Promise<Finished> => {
    const finished = await workspace.apex(...argv);
    printed.push(finished.out, finished.err);
    return finished;
  };
  const adding = (adminKey: string): string[] => ["source", "add", "openai", `adminKey=${adminKey}`, `baseUrl=${api.url}/v1`];

  /** What the running service prints for a command that is handed to it, without the start of a process. */
  const inside = async (...argv: string[]): Promise<string> => {
    const { url, token } = ServiceFile.parse(JSON.parse(await readFile(join(workspace.dataDir, "service.json"), "utf8")));
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const body = JSON.stringify({ argv: ["--org", "default", ...argv], cwd: "/" });
    const text = await (await fetch(`${url}/local/command`, { method: "POST", headers, body })).text();
    printed.push(text);
    return text;
  };

  it("connects, tries, reads and forgets a source, and its secret is nowhere to be found", { timeout: 240_000 }, async () => {
    const refused = await apex(...adding(wrongKey));
    expect(refused.code).not.toBe(0);
    expect(refused.err).toMatch(/admin key.*api\.usage\.read/);
    expect(await inside("source", "add", "openai", `baseUrl=${api.url}/v1`)).toMatch(
      /needs the setting adminKey: .*docs\/sources\/openai\.md/,
    );
    expect((await apex("source", "list")).out).toMatch(/^No source is connected/);

    const from = at(24 * 12).slice(0, 10);
    const added = await apex(...adding(`@${join(files, "right")}`), "--from", from);
    expect(added).toMatchObject({ code: 0, err: "" });
    const id = /src_[\w-]+/.exec(added.out)?.[0] ?? "";
    expect(added.out).toMatch(/is connected to the OpenAI organisation with the project Shop/);
    expect(added.out).toMatch(/reasoning tokens/);
    expect(added.out).toMatch(/day 13 of 13: 2 rows of usage \(0 without a price\), 1 billed lines, 0 left out/);

    const listed = await apex("source", "list");
    expect(listed.out).toMatch(new RegExp(`^${id}  openai  baseUrl=${api.url}/v1\\n  read up to \\d{4}-`));
    expect((await apex("source", "test", id)).out).toMatch(/^It works: the OpenAI organisation with the project Shop/);
    expect(await inside(...adding(`@${join(files, "right")}`))).toMatch(/connected already/);

    admin.usage["completions"]?.push({ at: at(2), groups, sums });
    expect(await apex("source", "sync", id)).toMatchObject({ code: 0 });
    const asked = await inside("ask", "what did we spend by model over the last 7 days?");
    // Three requests of 0.001775 USD.
    expect(asked).toContain("$0.005325");

    expect(await inside("source", "set", id, `adminKey=${wrongKey}`)).toMatch(/api\.usage\.read/);
    expect((await apex("source", "set", id, `adminKey=@${join(files, "right")}`)).out).toMatch(/is connected to the OpenAI organisation/);
    expect(await inside("source", "sync", id, "--from", from)).toMatch(/day 13 of 13: /);

    const held = await dump(database.url);
    expect(held).toMatch(/source_connections .*sealed_secrets/);
    expect(held).toMatch(/audit_entries .*source\.added/);
    expect(held).toMatch(/audit_entries .*source\.changed/);
    const everything = [held, ...printed, service.output(), await filesIn(workspace.dataDir)].join("\n");
    expect(service.output()).toContain("Read a source of usage");
    for (const secret of [openAiAdminKey, wrongKey])
      for (const form of [secret, Buffer.from(secret).toString("hex"), Buffer.from(secret).toString("base64").replace(/=+$/, "")])
        expect(everything.includes(form)).toBe(false);

    expect((await apex("source", "remove", id)).out).toContain("is forgotten, with its secrets");
    expect(await inside("source", "list")).toMatch(/No source is connected/);
    expect(await inside("source", "sync", id)).toMatch(/There is no source/);
    const after = await dump(database.url);
    expect(after).not.toMatch(/source_connections /);
    expect(after).toMatch(/audit_entries .*source\.removed/);
  });

  it("says what to do with words that it cannot use", { timeout: 60_000 }, async () => {
    const tries: readonly (readonly [string[], RegExp])[] = [
      [["source"], /Say what to do with a source/],
      [["source", "add", "mainframe"], /Name what to connect: openai, anthropic/],
      [["source", "add", "openai", "adminKey"], /write name=value, or name=@FILE/],
      [["source", "add", "openai", "adminKey=@/no/such/file"], /file for adminKey cannot be read/],
      [["source", "add", "openai", "colour=red"], /no setting .*colour/],
      [["source", "add", "openai", "adminKey=x", "--from", "yesterday"], /is not a day/],
      [["source", "test", "openai"], /Name the source by its id/],
    ];
    for (const [argv, sentence] of tries) {
      const told = await inside(...argv);
      expect([argv.join(" "), sentence.test(told), /"exit":0/.test(told)]).toEqual([argv.join(" "), true, false]);
    }
  });
});
