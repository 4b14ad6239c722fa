import { createWriteStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { firstLines, readLines } from "../../src/ingest/read-lines.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "apex-gzip-"));
});
afterAll(() => rm(folder, { recursive: true }));

const text = Array.from({ length: 40_000 }, (_, index) => `{"line":${index},"name":"München ${"é".repeat(index % 7)}"}`).join("\n");

async function linesOf(name: string, bytes: Uint8Array): Promise<readonly string[]> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  const lines: string[] = [];
  for await (const line of readLines(path)) lines.push(line.text);
  return lines;
}

describe("a gzipped file", () => {
  it("is read as what it holds, whatever its name", async () => {
    expect(await linesOf("usage.jsonl", gzipSync(text))).toEqual(text.split("\n"));
  });

  it("may be several archives, one after the other, as logs are that were appended to", async () => {
    const [first, second] = [text.slice(0, 100_001), text.slice(100_001)];
    expect(await linesOf("appended.gz", Buffer.concat([gzipSync(first), gzipSync(second)]))).toEqual(text.split("\n"));
  });

  it("shows its header without being read to its end", async () => {
    const path = join(folder, "header.gz");
    await writeFile(path, gzipSync(text));
    expect(await firstLines(path, 1)).toEqual([text.split("\n")[0]]);
  });

  it("that is cut off or damaged is refused with a sentence", async () => {
    const bytes = gzipSync(text);
    await expect(linesOf("cut.gz", bytes.subarray(0, bytes.length / 2))).rejects.toThrow(/cut\.gz ends in the middle of its gzip archive/);
    const broken = Uint8Array.from(bytes, (byte, at) => (at > 1_000 && at < 1_100 ? byte ^ 0xff : byte));
    await expect(linesOf("broken.gz", broken)).rejects.toThrow(/broken\.gz cannot be unpacked: its gzip archive is damaged/);
    await expect(linesOf("short.gz", bytes.subarray(0, 5))).rejects.toThrow(/ends in the middle/);
  });

  it("that would fill the machine is not read on", { timeout: 60_000 }, async () => {
    const path = join(folder, "bomb.gz");
    const zeros = Buffer.from(`${"0".repeat(1_000_000)}\n`);
    await pipeline(Readable.from(Array.from({ length: 300 }, () => zeros)), createGzip({ level: 6 }), createWriteStream(path));
    let lines = 0;
    const read = async (): Promise<void> => {
      for await (const { tooLong } of readLines(path)) lines += tooLong ? 0 : 1;
    };
    await expect(read()).rejects.toThrow(/unpacks to more than 300 times its size/);
    expect(lines).toBeGreaterThan(0);
  });

  it("stops when it is told to", async () => {
    const path = join(folder, "stopped.gz");
    await writeFile(path, gzipSync(text.repeat(20)));
    const stop = new AbortController();
    const read = async (): Promise<void> => {
      for await (const { line } of readLines(path, stop.signal)) if (line === 10) stop.abort();
    };
    await expect(read()).rejects.toThrow(/abort/i);
  });
});
