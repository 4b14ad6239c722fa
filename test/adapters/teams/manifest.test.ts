import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { inflateRawSync } from "node:zlib";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { teamsCommands, teamsPath, teamsScopes } from "../../../adapters/teams/config.ts";
import { manifestVersion, teamsManifest } from "../../../adapters/teams/manifest.ts";

const root = join(import.meta.dirname, "../../..");
const folder = join(root, "manifests/teams");
const appId = "11111111-2222-4333-8444-555555555555";

/** Microsoft's own schema, from its package: draft 4, of which nothing is used that a newer reader reads otherwise. */
async function microsoftsSchema(): Promise<object> {
  const main = createRequire(import.meta.url).resolve("@microsoft/app-manifest");
  const text = await readFile(join(dirname(main), `json-schemas/teams/v${manifestVersion}/MicrosoftTeams.schema.json`), "utf8");
  const { $schema: _, ...schema } = z.looseObject({}).parse(JSON.parse(text));
  return schema;
}

/** Width and height of a PNG picture, and what kind of colours it has. */
const headOf = (png: Buffer) => ({
  magic: png.subarray(0, 8).toString("latin1"),
  size: [png.readUInt32BE(16), png.readUInt32BE(20)],
  colours: png[25],
});

/** The files of a zip, read from its local headers. */
function filesOf(zip: Buffer): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (let at = 0; zip.readUInt32LE(at) === 0x04034b50; ) {
    const [packed, name] = [zip.readUInt32LE(at + 18), zip.readUInt16LE(at + 26)];
    const from = at + 30 + name;
    files.set(zip.subarray(at + 30, from).toString(), inflateRawSync(zip.subarray(from, from + packed)));
    at = from + packed;
  }
  return files;
}

describe("Teams' manifest and its package", () => {
  it("says what the adapter uses, and nothing else (written by scripts/teams-package.mjs)", async () => {
    const written: unknown = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8"));
    expect(written).toEqual(teamsManifest("00000000-0000-0000-0000-000000000000", "apex.example.com"));
    expect(teamsPath).toBe("/teams/messages");
  });

  it("is valid against the schema that Microsoft publishes for the version that it names", async () => {
    const validate = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(await microsoftsSchema());
    const manifest = teamsManifest(appId, "apex.acme.example");
    expect([validate(manifest), validate.errors]).toEqual([true, null]);
    expect(validate({ ...manifest, bots: [{ botId: "none", scopes: ["everywhere"] }] })).toBe(false);
  });

  it("offers the bot in each of its scopes, and the words that people ask for by name", () => {
    const [bot] = teamsManifest(appId, "apex.acme.example").bots;
    expect(bot?.scopes).toEqual([...teamsScopes]);
    expect(bot?.commandLists[0]?.commands.map(({ title }) => title)).toEqual(teamsCommands.map(({ title }) => title));
    expect(teamsCommands.length).toBeLessThanOrEqual(10);
    const verbs = ["help", "status", "spend", "savings", "models", "cache", "budget", "digest", "export", "sources"];
    expect(teamsCommands.map(({ title }) => title).toSorted()).toEqual(verbs.toSorted());
  });

  it("has icons of the sizes that Teams asks for", async () => {
    const magic = "\u0089PNG\r\n\u001a\n";
    expect(headOf(await readFile(join(folder, "color.png")))).toEqual({ magic, size: [192, 192], colours: 6 });
    expect(headOf(await readFile(join(folder, "outline.png")))).toEqual({ magic, size: [32, 32], colours: 6 });
  });

  it("is packed with the bot's own id by the script, and refused without one", async () => {
    const target = join(await mkdtemp(join(tmpdir(), "apex-teams-")), "apex-teams.zip");
    const run = (...args: string[]) => promisify(execFile)(process.execPath, [join(root, "scripts/teams-package.mjs"), ...args]);
    await run(appId, "apex.acme.example", target);
    const files = filesOf(await readFile(target));
    expect([...files.keys()]).toEqual(["manifest.json", "color.png", "outline.png"]);
    expect(JSON.parse(files.get("manifest.json")?.toString() ?? "")).toMatchObject({ id: appId, bots: [{ botId: appId }] });
    expect(files.get("color.png")).toEqual(await readFile(join(folder, "color.png")));
    await expect(run("my-bot", "apex.acme.example", target)).rejects.toMatchObject({ code: 2 });
    await rm(dirname(target), { recursive: true });
  });
});
