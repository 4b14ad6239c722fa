import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { createWorkspace, type Service, type Workspace } from "./apex-process.ts";

const AskDocument = z.strictObject({
  run_id: z.string().startsWith("run_"),
  triage: z.strictObject({ category: z.string(), intents: z.array(z.string()), entities: z.looseObject({}) }),
  agents: z.array(z.string()),
  tools: z.array(z.strictObject({ name: z.string(), ms: z.number() })),
  figures: z.array(
    z.strictObject({
      name: z.string(),
      value: z.string(),
      unit: z.string(),
      period: z.looseObject({}),
      filters: z.looseObject({}),
      query: z.string(),
    }),
  ),
  recommendations: z.array(z.looseObject({ id: z.string(), approval_id: z.string().nullable() })),
  missing: z.array(z.string()),
  report: z.strictObject({ title: z.string(), summary: z.string(), blocks: z.array(z.looseObject({ type: z.string() })) }),
});

const ServiceFile = z.looseObject({ url: z.string(), token: z.string() });

const hour = (hoursAgo: number): string => new Date(Date.now() - hoursAgo * 3_600_000).toISOString();

/** 100 requests of gpt-5 in one workload: 1,000 uncached and 200 cached tokens in, 50 out, each. */
const usageCsv = (): string =>
  [
    "time,model,prompt_tokens,cached_tokens,completion_tokens,feature",
    ...Array.from({ length: 100 }, (_, i) => `${hour(i % 40)},gpt-5,1200,200,50,checkout`),
  ].join("\n");

/** gpt-5 at 1.25, 0.125 and 10 USD per million tokens in, cached and out. */
const expectedUsd = "0.177500000000";

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

describe("the command line without a running service", () => {
  let workspace: Workspace;
  let csv: string;
  let map: string;

  beforeAll(async () => {
    workspace = await createWorkspace();
    const files = join(workspace.dataDir, "files");
    await mkdir(files, { recursive: true });
    csv = join(files, "usage.csv");
    map = join(files, "mapping.json");
    await writeFile(csv, usageCsv());
    await writeFile(map, JSON.stringify(mapping));
  });
  afterAll(() => workspace.remove());

  it("answers a question about imported usage with exact figures, as one JSON document", { timeout: 90_000 }, async () => {
    const imported = await workspace.apex("import", csv, "--mapping", map);
    expect(imported).toMatchObject({ code: 0 });
    expect(imported.out).toContain("100 rows imported, 0 refused, 0 without a price");

    const again = await workspace.apex("import", csv, "--mapping", map);
    expect(again).toMatchObject({ code: 0 });
    expect(again.out).toContain("nothing changed");

    const asked = await workspace.apex("ask", "what did we spend by model over the last 7 days?", "--json");
    expect(asked).toMatchObject({ code: 0, err: "" });
    const document = AskDocument.parse(JSON.parse(asked.out));
    expect(document.figures.filter((figure) => figure.unit === "USD").map((figure) => figure.value)).toContain(expectedUsd);
    expect(document.agents).toContain("data_analysis");
    expect(document.tools.map((tool) => tool.name)).toContain("cost_analyzer");
  });

  it("refuses a second process on the same data folder, naming the first, or passes the command to it", async () => {
    const service = await workspace.up();
    try {
      const through = await workspace.apex("ask", "what did we spend by model over the last 7 days?", "--json");
      expect(through).toMatchObject({ code: 0 });
      AskDocument.parse(JSON.parse(through.out));
      const second = await workspace.apex("up");
      expect(second.code).not.toBe(0);
      expect(second.err).toContain(String(service.child.pid));
      const { url, token } = ServiceFile.parse(JSON.parse(await readFile(join(workspace.dataDir, "service.json"), "utf8")));
      const inside = await fetch(`${url}/local/command`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({ argv: ["--org", "default", "up"], cwd: "/" }),
      });
      expect(await inside.text()).toMatch(/already[^]*"exit":1/);
    } finally {
      expect(await service.end("SIGTERM")).toBe(0);
    }
  });
});

describe("bad input to the command line", () => {
  let workspace: Workspace;
  let service: Service;
  const file = async (name: string, content: string): Promise<string> => {
    const path = join(workspace.dataDir, name);
    await writeFile(path, content);
    return path;
  };

  beforeAll(async () => {
    workspace = await createWorkspace();
    service = await workspace.up();
  });
  afterAll(async () => {
    await service.end("SIGTERM");
    await workspace.remove();
  });

  it.each([
    [["ask", ""], /question is empty/],
    [["ask", "x".repeat(100_000)], /100000 characters/],
    [["ask"], /question is empty/],
    [["approve", "apr_nonsense"], /no approval|not found|There is no/i],
    [["approve", "banana"], /not an approval id/],
    [["approve"], /Usage: apex approve/],
    [["rollback", "apr_nonsense"], /no approval|not found|There is no/i],
    [["apply", "apr_nonsense"], /There is no approval/],
    [["reject", "apr_nonsense", "--reason", "x".repeat(501)], /reason has 501 characters/],
    [["two-person", "maybe"], /Say on, off/],
    [["import"], /at least one file/],
    [["import", "/nowhere/usage.csv"], /usage\.csv/],
    [["import-map", "/nowhere/usage.csv"], /usage\.csv/],
    [["savings", "--yaml"], /Usage: apex savings/],
    [["import", "/dev/zero"], /not a file/],
    [["import", "/dev/null"], /not a file/],
    [["import-map", "/dev/zero"], /not a file/],
    [["import", "package.json", "--mapping", "/dev/zero"], /mapping file \/dev\/zero cannot be read/],
    [["frobnicate"], /no command "frobnicate"/],
    [["ask", "hello", "--as-of", "tomorrow-ish"], /not a time/],
  ])("apex %j says what is wrong and fails", async (argv, sentence) => {
    const { code, err, out } = await workspace.apex(...argv);
    expect(err + out).toMatch(sentence);
    expect(code).not.toBe(0);
    expect(err).not.toMatch(/at .+\.js:\d+/);
  });

  it("refuses bad rows with their line and reason, takes the good ones, and exits with 3", async () => {
    const csv = await file(
      "broken.csv",
      `${usageCsv()}\nnot-a-time,gpt-5,1,0,1,checkout\n${hour(1)},gpt-5,-4,0,1,checkout\n${hour(1)},gpt-5,10,20,1,checkout\n`,
    );
    const { code, out } = await workspace.apex("import", csv, "--mapping", await file("m.json", JSON.stringify(mapping)));
    expect(code).toBe(3);
    expect(out).toContain("100 rows imported, 3 refused");
    for (const line of [102, 103, 104]) expect(out).toContain(`line ${line}:`);
    const rejects = /reasons: (\S+)/.exec(out)?.[1] ?? "";
    expect((await readFile(rejects, "utf8")).trim().split("\n")).toHaveLength(3);
  });

  it("refuses a pipe that nobody writes to, an empty file and UTF-16 before it looks for a mapping", async () => {
    const pipe = join(workspace.dataDir, "pipe.csv");
    await promisify(execFile)("mkfifo", [pipe]);
    const utf16 = join(workspace.dataDir, "utf16.csv");
    await writeFile(utf16, Buffer.from(`\uFEFF${usageCsv()}`, "utf16le"));
    for (const [argv, sentence] of [
      [["import", pipe], "not a file"],
      [["import-map", pipe], "not a file"],
      [["import", await file("nothing.csv", "")], "is empty"],
      [["import", utf16], "UTF-16"],
    ] as const) {
      const { code, err } = await workspace.apex(...argv);
      expect(code).toBe(2);
      expect(err).toContain(sentence);
    }
  });

  it("refuses half a JSON line and a mapping that is not one", async () => {
    const jsonl = await file("half.jsonl", `{"time":"${hour(1)}","model":"gpt-5","prompt_tokens":5\n`);
    const half = await workspace.apex("import", jsonl, "--mapping", await file("mj.json", JSON.stringify({ ...mapping, format: "jsonl" })));
    expect(half.code).not.toBe(0);
    expect(half.out + half.err).toMatch(/line 1/);
    const wrong = await workspace.apex("import", jsonl, "--mapping", await file("wrong.json", '{"format":"xls"}'));
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.err).toContain("mapping file");
  });

  it("prices no model that it does not know, and says so", async () => {
    const csv = await file("unknown.csv", usageCsv().replaceAll("gpt-5", "gpt-999-imaginary"));
    const { out } = await workspace.apex("import", csv, "--mapping", await file("m2.json", JSON.stringify(mapping)));
    expect(out).toContain("100 without a price");
    const asked = await workspace.apex("ask", "what is unpriced?");
    expect(asked.out).toContain("gpt-999-imaginary");
  });
});
