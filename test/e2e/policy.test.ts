import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { runCommand } from "../../src/cli/run-command.ts";
import { type RunningApp, startApp } from "../setup/running-app.ts";

const Schema = z.object({ properties: z.record(z.string(), z.unknown()) });

let running: RunningApp;
beforeAll(async () => {
  running = await startApp({}, { http: false });
});
afterAll(() => running.close());

/** Runs a command line in the application, as the service does for one that is typed beside it. */
async function apex(...argv: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const said = { out: "", err: "" };
  const output = {
    out: (text: string) => void (said.out += text),
    err: (text: string) => void (said.err += text),
    columns: 120,
    interactive: false,
  };
  const code = await runCommand(running.app, argv, running.dataDir, output, new AbortController().signal);
  return { code, ...said };
}

const write = async (name: string, document: unknown): Promise<string> => {
  const path = join(running.dataDir, name);
  await writeFile(path, typeof document === "string" ? document : JSON.stringify(document));
  return path;
};

const draft = (model: string) => ({
  rules: [{ workload: "chat", requestedModel: "gpt-5", strategy: { mode: "single", target: { provider: "openai", model } } }],
});

describe("apex policy", () => {
  it("prints the JSON schema, checks files, and says where one is wrong", async () => {
    const schema = await apex("policy", "schema");
    expect([schema.code, Object.keys(Schema.parse(JSON.parse(schema.out)).properties)]).toEqual([
      0,
      ["id", "orgId", "version", "rules", "createdAt"],
    ]);
    const good = await apex("policy", "check", await write("good.json", draft("gpt-5-mini")));
    expect([good.code, good.out]).toEqual([0, expect.stringContaining("Requests of chat for gpt-5 go to gpt-5-mini at openai.")]);
    const bad = await apex("policy", "check", await write("bad.json", draft("")));
    expect([bad.code, bad.err]).toEqual([2, expect.stringMatching(/rules\[0\]\.strategy\.target\.model: /)]);
    const none = await apex("policy", "check", "no-such.json");
    expect([none.code, none.err]).toEqual([2, 'There is no file "no-such.json".\n']);
    const odd = await apex("policy", "frobnicate");
    expect([odd.code, odd.err]).toEqual([2, expect.stringContaining("Usage: apex policy show")]);
  });

  it("shows what is active and how changes go live, and sets it", async () => {
    expect((await apex("policy", "show")).out).toBe("No policy is active: every request goes to the model that it asks for.\n");
    expect((await apex("policy", "rollout")).out).toContain("in stages");
    expect((await apex("policy", "rollout", "at-once")).out).toContain("at once");
    expect((await apex("policy", "rollout", "slowly")).code).toBe(2);
    expect((await apex("policy", "rollout")).out).toContain("at once");
  });

  it("tries a policy on a day's imported usage", async () => {
    const usage = await write(
      "usage.jsonl",
      [0, 1, 2]
        .map((n) =>
          JSON.stringify({
            id: `u${n}`,
            timestamp: "2026-11-23T10:00:00Z",
            provider: "openai",
            model: "gpt-5",
            workload: "chat",
            input_tokens: 100_000,
            output_tokens: 0,
          }),
        )
        .join("\n"),
    );
    const imported = await apex("import", usage);
    expect([imported.code, imported.err]).toEqual([0, ""]);
    const tried = await apex("policy", "dry-run", await write("good.json", draft("gpt-5-mini")), "--day", "2026-11-23");
    expect(tried.out).toContain("Dry run on the traffic of 2026-11-23 (UTC). Nothing is changed.");
    expect(tried.out).toContain("Moved: 3 of 3 requests");
    expect(tried.out).toContain("$0.38 as it was, $0.08 by estimate ($0.30 less), taking the same tokens at the new model's price.");
    expect((await apex("policy", "dry-run", "apr_unknown")).code).toBe(1);
  });

  it("proposes a rule, which an approval puts live", async () => {
    await running.app.stores.gateway.setUpstream(running.orgId, { provider: "openai", baseUrl: "http://127.0.0.1:9/v1", apiKey: "none" });
    const nameless = await apex("policy", "propose");
    expect([nameless.code, nameless.err]).toEqual([2, "Name the file. Usage: apex policy propose FILE\n"]);
    const bad = await apex(
      "policy",
      "propose",
      await write("foreign.json", JSON.stringify(draft("gpt-5-mini")).replace('"openai"', '"anthropic"')),
    );
    expect([bad.code, bad.err]).toEqual([2, expect.stringContaining("rules[0]: The gateway has no upstream for anthropic.")]);
    const proposed = await apex("policy", "propose", await write("good.json", draft("gpt-5-mini")), "--as-of", "2026-11-24T12:00:00Z");
    expect([proposed.code, proposed.err]).toEqual([0, ""]);
    expect(proposed.out).toContain("Route gpt-5 of chat to gpt-5-mini");
    expect(proposed.out).toContain("Estimated saving: $9.00 a month (between $0.00 and $9.00).");
    const [id = ""] = /apr_[\w-]+/.exec(proposed.out) ?? [];
    const approved = await apex("approve", id);
    expect([approved.code, approved.err]).toEqual([0, ""]);
    expect((await apex("policy", "show")).out).toContain(`Requests of chat for gpt-5 go to gpt-5-mini at openai. (${id})`);
  });
});
