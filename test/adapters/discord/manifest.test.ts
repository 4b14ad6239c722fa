import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { discordCommands, questionOfCommand } from "../../../adapters/discord/commands.ts";
import { discordPath } from "../../../adapters/discord/config.ts";
import { discordManifest } from "../../../adapters/discord/manifest.ts";
import { refusedBySchema } from "./wire-limits.ts";

describe("Discord's manifest and its commands", () => {
  it("says what the adapter uses, and nothing else (written by scripts/discord-manifest.mjs)", async () => {
    const text = await readFile(new URL("../../../manifests/discord/manifest.json", import.meta.url), "utf8");
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(discordManifest())));
    expect(text).toContain(`https://apex.example.com${discordPath}`);
  });

  it("asks for no privileged intent, and for no permission but to see, write, attach, read back and use threads", () => {
    const { install, gateway } = discordManifest();
    expect(gateway.privileged_intents).toEqual([]);
    expect(BigInt(install.permissions)).toBe((1n << 10n) | (1n << 11n) | (1n << 15n) | (1n << 16n) | (1n << 35n) | (1n << 38n));
  });

  it.each(discordCommands.map((command) => [command.name, command] as const))("registers %s within Discord's limits", (name, command) => {
    // Discord takes the permissions as text; its schema writes the number.
    const permissions = command.default_member_permissions === null ? null : Number(command.default_member_permissions);
    expect(refusedBySchema("ApplicationCommandUpdateRequest", { ...command, default_member_permissions: permissions })).toEqual([]);
    expect(name).toMatch(/^[-_'\p{Ll}\p{N}]{1,32}$/u);
    expect(JSON.stringify(command).length).toBeLessThan(8_000);
  });

  it("names each command once, and fewer than a hundred", () => {
    expect(new Set(discordCommands.map(({ name }) => name)).size).toBe(discordCommands.length);
    expect(discordCommands.length).toBeLessThanOrEqual(100);
  });

  it("has a command for each thing that people ask for by name", () => {
    const verbs = [
      "help",
      "status",
      "spend",
      "savings",
      "models",
      "cache",
      "budget",
      "digest",
      "approve",
      "rollback",
      "import",
      "export",
      "sources",
    ];
    expect(discordCommands.map(({ name }) => name)).toEqual(["apex", ...verbs.map((verb) => `apex-${verb}`)]);
    expect(questionOfCommand("apex-spend", "last month")).toBe("spend last month");
    expect(questionOfCommand("apex-help", "")).toBe("help");
    expect(questionOfCommand("apex", " why? ")).toBe("why?");
    expect(questionOfCommand("apexes", "why?")).toBeUndefined();
  });

  it("shows commands that change something to those who manage the server alone, unless its admins say otherwise", () => {
    const guarded = discordCommands.filter((command) => command.default_member_permissions !== null).map(({ name }) => name);
    expect(guarded).toEqual(["apex-approve", "apex-rollback", "apex-import"]);
  });
});
