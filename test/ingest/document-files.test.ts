import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fileSources, proposeMapping } from "../../src/ingest/index.ts";
import { eventsOf, readAll, refusalsOf } from "../contract/file-source.ts";
import { logLine } from "./bedrock/stand-in.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "apex-documents-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function imported(name: string, lines: readonly unknown[]) {
  const path = join(folder, name);
  await writeFile(path, lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"));
  const mapping = await proposeMapping(path);
  if (mapping === undefined) throw new Error("no mapping was proposed");
  return {
    mapping,
    rows: await readAll(fileSources[mapping.format], path, { orgId: "org_one", mapping, asOf: new Date("2026-11-23T00:00:00Z") }),
  };
}

describe("a provider's own documents in a file", () => {
  it("reads Bedrock's invocation log as it lies in the bucket, and shows no prompt where a line is refused", async () => {
    const broken = JSON.stringify(logLine("r-2")).slice(0, -40);
    const { mapping, rows } = await imported("log.jsonl", [logLine("r-1"), broken, logLine("r-3", { modelId: 7 })]);
    expect(mapping.format).toBe("bedrock-log");
    expect(eventsOf(rows).map(({ id, model }) => [id, model])).toEqual([["r-1", "anthropic.claude-opus-5"]]);
    expect(refusalsOf(rows).map(([line]) => line)).toEqual([2, 3]);
    expect(JSON.stringify(rows)).not.toMatch(/secret prompt|secret answer/);
  });

  it("reads Gemini's responses with the time beside them, with or without an offset", async () => {
    const response = { modelVersion: "gemini-2.5-flash", usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 2 } };
    const { mapping, rows } = await imported("batch.jsonl", [
      { processed_time: "2026-11-22T10:00:00.123456", response },
      { processed_time: "2026-11-22T10:00:00+02:00", response },
      { response },
    ]);
    expect(mapping).toMatchObject({ format: "gemini-responses", fields: { at: { column: "processed_time" } } });
    expect(eventsOf(rows).map(({ at }) => at.toISOString())).toEqual(["2026-11-22T10:00:00.123Z", "2026-11-22T08:00:00.000Z"]);
    expect(refusalsOf(rows)).toEqual([[3, "createTime: the time is missing"]]);
  });
});
