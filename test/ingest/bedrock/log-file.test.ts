import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ImportMapping } from "../../../src/core/import.ts";
import { fileSources, proposeMapping } from "../../../src/ingest/index.ts";
import { eventsOf, readAll } from "../../contract/file-source.ts";
import { gz, logLine } from "./stand-in.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "apex-bedrock-"));
});
afterAll(() => rm(folder, { recursive: true }));

const profile = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc";

async function read(lines: readonly (object | string)[], change: Partial<ImportMapping> = {}) {
  const path = join(folder, "20261101T100500123Z_log.json.gz");
  await writeFile(path, gz(lines));
  const mapping = await proposeMapping(path);
  if (mapping?.format !== "bedrock-log") throw new Error("the log was not known for what it is");
  const options = { orgId: "org_log", mapping: { ...mapping, ...change }, asOf: new Date("2026-11-03T12:00:00Z") } as const;
  return readAll(fileSources["bedrock-log"], path, options);
}

describe("an invocation log of Bedrock as a file", () => {
  it("is known by its first line and gives an event for each call, gzipped as it lies in its bucket", async () => {
    const events = eventsOf(await read([logLine("r-1"), logLine("r-2")]));
    expect(events.map(({ id, source, provider, workload }) => [id, source, provider, workload])).toEqual([
      ["r-1", "bedrock", "aws", "support-chat"],
      ["r-2", "bedrock", "aws", "support-chat"],
    ]);
  });

  it("refuses lines with their reason and none of their text, which holds prompts", async () => {
    const rows = await read([logLine("r-1"), logLine("r-2", { timestamp: "soon" }), '{"prompt": "the secret prompt", "half']);
    expect(rows.slice(1)).toMatchObject([
      { line: 2, raw: "" },
      { line: 3, refused: "the line is not whole JSON", raw: "" },
    ]);
    expect(JSON.stringify(rows)).not.toContain("secret");
  });

  it("takes what application inference profiles stand for from the mapping", async () => {
    const rows = await read([logLine("r-1", { modelId: profile })], {
      fields: { profiles: { value: `${profile}=anthropic.claude-opus-5` } },
    });
    expect(eventsOf(rows)[0]?.model).toBe("anthropic.claude-opus-5");
    await expect(read([logLine("r-1")], { fields: { model: { value: "x" } } })).rejects.toThrow(/"model" is unknown/);
  });
});
