import { existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { tools } from "../../../agents/tools/index.ts";

const page = readFileSync(new URL("../../../docs/tools.md", import.meta.url), "utf8");
const rows = page.split("\n").filter((line) => line.startsWith("|"));

it("has every tool in the table of docs/tools.md", () => {
  const named = rows.map((row) => row.split("|")[1] ?? "").join(" ");
  expect(Object.keys(tools).filter((name) => !new RegExp(`\\b${name}\\b`).test(named))).toEqual([]);
});

it("names only files that there are", () => {
  const files = rows.flatMap((row) => (row.split("|")[2] ?? "").match(/[\w./-]+\.ts/g) ?? []);
  expect(files.length).toBeGreaterThan(60);
  expect(files.filter((file) => !existsSync(new URL(`../../../${file}`, import.meta.url)))).toEqual([]);
});
