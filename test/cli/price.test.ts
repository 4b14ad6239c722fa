import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { readInput } from "../../src/cli/command.ts";
import { price } from "../../src/cli/price.ts";

if (!("runAlone" in price)) throw new Error("apex price needs no engine");
const { runAlone } = price;

const folder = mkdtempSync(join(tmpdir(), "apex-price-"));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return name;
};

async function run(args: readonly string[], asOf?: Date): Promise<string> {
  let said = "";
  const output = {
    out: (text: string) => void (said += text),
    err: (text: string) => void (said += text),
    columns: 80,
    interactive: false,
  };
  await runAlone({ cwd: folder, asOf, output, signal: new AbortController().signal }, readInput(price, args));
  return said;
}

const row = (input_price: string) => ({
  body: { model: "o3", usage: { prompt_tokens: 1000, completion_tokens: 0 } },
  extracted: [
    { usage: { input_tokens: 1000 }, extractors: [{ provider_id: "openai", api_flavor: "chat", input_price, output_price: "0" }] },
  ],
});

describe("apex price", () => {
  it("prints exactly the outcome as JSON", async () => {
    const rows = file("rows.json", JSON.stringify([row("0.002"), row("0.003"), "garbage"]));
    const outcome: unknown = JSON.parse(await run([rows, "--json"]));
    const book = z.string().regex(/^input_price, total_price: the book has openai\/o3\/standard\/2025-06-10\//);
    const shape = z.string().regex(/^the row is not \{ body, extracted/);
    expect(
      z
        .object({
          differing: z.array(z.looseObject({ why: book })),
          refused: z.array(z.looseObject({ why: shape })),
        })
        .safeParse(outcome).success,
    ).toBe(true);
    expect(outcome).toMatchObject({
      agreed: 1,
      differing: [
        {
          row: 1,
          provider: "openai/chat",
          expected: { usage: { input_tokens: 1000 }, input_price: "0.003", output_price: "0" },
          ours: { usage: { input_tokens: 1000 }, input_price: "0.002000000000", output_price: "0.000000000000" },
        },
      ],
      refused: [{ row: 2 }],
    });
  });

  it("prices at the moment that --as-of names", async () => {
    const rows = file("old.json", JSON.stringify([row("0.01")]));
    expect(await run([rows], new Date("2025-06-09T00:00:00Z"))).toMatch(/^1 readings agree, 0 differ, 0 are refused/);
    expect(await run([rows])).toMatch(/^0 readings agree, 1 differ/);
  });

  it("says in a line each what differs and what is refused, and lets no text of the file steer the terminal", async () => {
    const evil = { ...row("0.002"), extracted: [{ usage: {}, extractors: [{ provider_id: "\u001b[2Jopenai", api_flavor: "chat" }] }] };
    const said = await run([file("evil.json", JSON.stringify([evil]))]);
    expect(said).toBe(
      '0 readings agree, 0 differ, 1 are refused.\n  row 0 refused: [2Jopenai/chat: there is no provider "[2Jopenai" whose usage can be read\n',
    );
  });

  it.each([
    [["nothing.json"], /^There is no file .*nothing\.json\.$/],
    [["."], /is not a file\.$/],
    [[file("text.json", "{ not json")], /text\.json is not JSON\.$/],
    [[file("object.json", '{"body":1}')], /is not a list of rows/],
    [[file("empty.json", "[]")], /is an empty list/],
    [[], /^Give one file\. Usage: apex price FILE/],
    [["a", "b"], /^Give one file/],
    [["a", "--yaml"], /Usage: apex price FILE/],
  ])("refuses %j in a sentence", async (args, sentence) => {
    await expect(run(args)).rejects.toThrow(sentence);
  });

  it("opens no engine and keeps nothing", async () => {
    const data = join(folder, "data");
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["apex.mjs", "price", "test/fixtures/genai-usages/usages.json", "--json"],
      { env: { ...process.env, APEX_DATA_DIR: data }, maxBuffer: 64 * 1024 * 1024 },
    );
    const outcome = z.looseObject({ agreed: z.number() }).parse(JSON.parse(stdout));
    expect([Object.keys(outcome), outcome.agreed]).toEqual([["agreed", "differing", "refused"], 9510]);
    expect(existsSync(data)).toBe(false);
  }, 60_000);
});
