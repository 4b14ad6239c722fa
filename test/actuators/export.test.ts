import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { createExportActuator } from "../../src/actuators/export/index.ts";
import { type ExportFormat, exportFormats, patchOf } from "../../src/actuators/export/patch.ts";
import type { PolicyRule } from "../../src/core/policy.ts";
import { codingRule, policyFor } from "../contract/actuator.ts";

const run = promisify(execFile);
const orgId = "org_export";
const policy = (version: number, rules: readonly PolicyRule[] = [codingRule(0.1)]) => policyFor(orgId, version, rules);

const proxy = `# Our proxy. Ask #platform before you change it.
general_settings:
  master_key: os.environ/MASTER_KEY   # rotated monthly

model_list:
  # The expensive one.
  - model_name: gpt-4o
    litellm_params:
      model: openai/gpt-4o
      api_key: "os.environ/OPENAI_API_KEY"  # prod
      timeout: 30

  - model_name: "claude"
    litellm_params: {model: anthropic/claude-haiku-4-5, api_key: os.environ/ANTHROPIC_API_KEY}

litellm_settings: {drop_params: true}
`;

const tagged = `${proxy}router_settings:\n  enable_tag_filtering: true\n`;

const route = `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: ai
---
apiVersion: aigateway.envoyproxy.io/v1beta1
kind: AIGatewayRoute
metadata:
  name: models   # every team's
spec:
  parentRefs:
    - name: ai
      kind: Gateway
      group: gateway.networking.k8s.io
  rules:
    # OpenAI
    - matches:
        - headers:
            - type: Exact
              name: x-ai-eg-model
              value: gpt-4o
      backendRefs:
        - name: openai
      timeouts:
        request: 120s
    - matches:
        - headers:
            - type: Exact
              name: x-ai-eg-model
              value: claude-haiku-4-5
      backendRefs:
        - name: anthropic
`;

/** What a file becomes when Git applies the patch in a repository of its own. */
async function applied(format: ExportFormat, name: string, text: string, patch: string): Promise<string> {
  const repository = await mkdtemp(join(tmpdir(), "apex-git-"));
  onTestFinished(() => rm(repository, { recursive: true, force: true }));
  await mkdir(dirname(join(repository, name)), { recursive: true });
  await writeFile(join(repository, name), text);
  await writeFile(join(repository, `${format}.patch`), patch);
  await run("git", ["init", "-q"], { cwd: repository });
  await run("git", ["apply", "--check", "--whitespace=error-all", `${format}.patch`], { cwd: repository });
  await run("git", ["apply", `${format}.patch`], { cwd: repository });
  return readFile(join(repository, name), "utf8");
}

describe("a policy as a patch for files in Git", () => {
  it.each([
    ["litellm", "deploy/proxy.yaml", proxy],
    ["litellm", "deploy/proxy.yaml", tagged],
    ["litellm", "proxy.yaml", proxy.trimEnd()],
    ["envoy", "k8s/route.yaml", route],
  ] as const)("%s: git applies it, only lines are added, and the patch of no policy takes them out again", async (format, name, text) => {
    const patch = patchOf(format, { name, text }, policy(3));
    const made = await applied(format, name, text, patch);
    const gone = patch.split("\n").filter((line) => /^-(?!--)/.test(line) && line.slice(1).trim() !== "" && !text.endsWith(line.slice(1)));
    expect(gone).toEqual([]);
    expect(patchOf(format, { name, text: made }, policy(3))).toBe("");
    const back = await applied(format, name, made, patchOf(format, { name, text: made }, undefined));
    expect(back).toBe(text);
    const next = await applied(format, name, made, patchOf(format, { name, text: made }, policy(4, [codingRule(0.5)])));
    expect(next).not.toBe(made);
    expect(await applied(format, name, next, patchOf(format, { name, text: next }, undefined))).toBe(text);
  });

  it("LiteLLM: divides the group by weight, with the key of the deployment that stands, and warns that it is everybody's", () => {
    const patch = patchOf("litellm", { name: "proxy.yaml", text: proxy }, policy(3));
    expect(patch).toMatch(/# Apex begin: policy version 3, ALL requests for gpt-4o, whoever sends them: 90 % to gpt-4o-mini at openai/);
    const made: unknown = parse(exportFormats.litellm(proxy, policy(3)));
    expect(made).toMatchObject({
      model_list: [
        { model_name: "gpt-4o", litellm_params: { model: "openai/gpt-4o", timeout: 30, weight: 1_000 } },
        {
          model_name: "gpt-4o",
          litellm_params: { model: "openai/gpt-4o-mini", api_key: "os.environ/OPENAI_API_KEY", timeout: 30, weight: 9_000 },
          model_info: { id: "apex-v3-coding-1" },
        },
        { model_name: "claude" },
      ],
      litellm_settings: { drop_params: true },
    });
  });

  it("LiteLLM with tag filtering: only requests that are tagged with the workload are divided", () => {
    const made: unknown = parse(exportFormats.litellm(tagged, policy(3)));
    expect(made).toMatchObject({
      model_list: [
        { litellm_params: { model: "openai/gpt-4o", tags: ["default"] } },
        { litellm_params: { model: "openai/gpt-4o-mini", weight: 9_000, tags: ["coding"] } },
        { litellm_params: { model: "openai/gpt-4o", weight: 1_000, tags: ["coding"] } },
        { model_name: "claude" },
      ],
    });
  });

  it("Envoy: a rule of its own for the workload's header, before the one that stands", () => {
    const made: unknown = parseAllDocuments(exportFormats.envoy(route, policy(3)))[1]?.toJS();
    expect(made).toMatchObject({
      apiVersion: "aigateway.envoyproxy.io/v1beta1",
      spec: {
        rules: [
          {
            matches: [
              {
                headers: [
                  { type: "Exact", name: "x-ai-eg-model", value: "gpt-4o" },
                  { type: "Exact", name: "x-apex-workload", value: "coding" },
                ],
              },
            ],
            backendRefs: [
              { name: "openai", modelNameOverride: "gpt-4o-mini", weight: 9_000 },
              { name: "openai", weight: 1_000 },
            ],
          },
          { matches: [{ headers: [{ value: "gpt-4o" }] }], backendRefs: [{ name: "openai" }], timeouts: { request: "120s" } },
          { matches: [{ headers: [{ value: "claude-haiku-4-5" }] }] },
        ],
      },
    });
  });

  it.each([
    ["litellm", "model_list: [", /is not YAML/],
    ["litellm", "services: {}\n", /no model_list/],
    [
      "litellm",
      "model_list:\n  - model_name: other\n    litellm_params:\n      model: openai/other\n",
      /no deployment that is called gpt-4o/,
    ],
    ["litellm", proxy.replace("timeout: 30", "weight: 5"), /have weights of their own/],
    ["litellm", `${proxy}# Apex begin: x\n`, /without "# Apex end"/],
    ["envoy", "kind: Gateway\n", /holds no AIGatewayRoute/],
    ["envoy", route.replace("value: gpt-4o", "value: gpt-4.1"), /No AIGatewayRoute in the Envoy file matches x-ai-eg-model: gpt-4o/],
    ["envoy", route.replace("        - name: openai\n", "        - name: openai\n        - name: azure\n"), /leads to several backends/],
  ] as const)("%s: what it cannot edit it says, and what to do", (format, text, words) => {
    expect(() => patchOf(format, { name: "f.yaml", text }, policy(1))).toThrow(words);
  });

  it("puts the patch of the newest version alone, and waits until traffic shows it", async () => {
    const dir = await mkdtemp(join(tmpdir(), "apex-export-"));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const path = join(dir, "proxy.yaml");
    await writeFile(path, proxy);
    const actuator = createExportActuator({ dir: join(dir, "out"), files: [{ format: "litellm", path, name: "deploy/proxy.yaml" }] });
    await actuator.apply(policy(1), orgId);
    await actuator.apply(policy(2, [codingRule(0.5)]), orgId);
    expect(await readdir(join(dir, "out", orgId))).toEqual(["apex-litellm-v2.patch"]);
    expect(await actuator.readBack(orgId)).toEqual([]);
    expect(actuator.trace?.(policy(2), codingRule(0.5))).toEqual({ source: "litellm", requestedModel: "gpt-4o", model: "gpt-4o-mini" });
    await rm(path);
    await expect(actuator.apply(policy(3), orgId)).rejects.toThrow(/cannot be read. Check its path/);
    expect(await readdir(join(dir, "out", orgId))).toEqual(["apex-litellm-v2.patch"]);
  });
});
