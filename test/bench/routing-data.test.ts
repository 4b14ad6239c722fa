import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readOutcomes, readRoutingFolder } from "../../bench/routing-data.ts";

const header = "prompt,small,large";
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "apex-routing-"));
  await mkdir(join(folder, "good"));
  await mkdir(join(folder, "empty"));
  await mkdir(join(folder, "mixed"));
  await writeFile(join(folder, "good", "a.csv"), `${header}\n"Two,\nlines?",True,False\nSeen before?,True,True\n`);
  await writeFile(join(folder, "good", "b.csv"), `${header}\nOne?,false,TRUE\n`);
  await writeFile(join(folder, "good-contaminated.jsonl"), `${JSON.stringify({ train_prompt: "x", eval_prompt: "Seen before?" })}\n`);
  await writeFile(join(folder, "mixed", "a.csv"), `${header}\nOne?,True,True\n`);
  await writeFile(join(folder, "mixed", "b.csv"), "prompt,large,small\nOne?,True,True\n");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("a folder of outcomes", () => {
  it("is read file by file, without the prompts listed as contaminated beside it", async () => {
    const data = await readRoutingFolder(join(folder, "good"));
    expect(data).toMatchObject({ weak: "small", strong: "large", files: 2, contaminated: 1 });
    expect(data.examples).toEqual([
      { prompt: "Two,\nlines?", group: "a.csv", weakRight: true, strongRight: false },
      { prompt: "One?", group: "b.csv", weakRight: false, strongRight: true },
    ]);
  });

  it("may have columns of responses too, in any order", () => {
    const table = readOutcomes("g.csv", "prompt,s,l,s_response,l_response\nHow many?,True,False,7,The answer is 8\n");
    expect(table).toMatchObject({ weak: "s", strong: "l", examples: [{ weakRight: true, strongRight: false }] });
  });

  it.each([
    ["question,a,b\nx,True,True", "x.csv has no column “prompt”."],
    [header, "x.csv has no rows."],
    ["prompt,a\nx,True", "x.csv needs two columns of True and False"],
    ["prompt,a,b,c\nx,True,True,False", "it has 3."],
    [`${header}\nx,True,True\ny,True,True\nz,maybe,True`, "x.csv, row 4: “maybe” in column “small” is neither True nor False."],
    [`${header}\n,True,True`, "x.csv, row 2: the prompt is empty."],
    [`${header}\n"x,True,True`, "x.csv is no readable CSV"],
  ])("is refused with one sentence: %j", (text, sentence) => {
    expect(() => readOutcomes("x.csv", text)).toThrow(sentence);
  });

  it("is refused where it is missing, holds no file, or mixes models", async () => {
    await expect(readRoutingFolder(join(folder, "none"))).rejects.toThrow(/There is no folder .*none/);
    await expect(readRoutingFolder(join(folder, "empty"))).rejects.toThrow("holds no *.csv file");
    await expect(readRoutingFolder(join(folder, "mixed"))).rejects.toThrow("b.csv names other models than a.csv");
  });
});
