import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type FakeApi, startFakeApi } from "../setup/fake-api.ts";
import { deployed, type LitellmState, litellmAdmin, litellmState, masterKey, sharesOf } from "../setup/litellm-admin.ts";
import { writeUsage } from "../setup/usage-file.ts";
import { createWorkspace, type Service, type Workspace } from "./apex-process.ts";

const Asked = z.looseObject({
  recommendations: z.array(z.looseObject({ approval_id: z.string().nullable() })),
});

const proxy = `model_list:
  - model_name: gpt-5
    litellm_params:
      model: openai/gpt-5
      api_key: os.environ/OPENAI_API_KEY
`;

describe("a change for traffic that goes through LiteLLM and a file in Git", () => {
  let workspace: Workspace;
  let api: FakeApi;
  let state: LitellmState;
  let files: string;
  let service: Service;

  beforeAll(async () => {
    state = litellmState();
    state.models.push(
      deployed("gpt-5", "openai/gpt-5"),
      deployed("gpt-5-mini", "openai/gpt-5-mini"),
      deployed("gpt-5-nano", "openai/gpt-5-nano"),
    );
    api = await startFakeApi(litellmAdmin(state));
    const folder = await mkdtemp(join(tmpdir(), "apex-files-"));
    workspace = await createWorkspace({
      LITELLM_BASE_URL: api.url,
      LITELLM_MASTER_KEY: masterKey,
      LITELLM_SCOPES: "checkout=team:team-support",
      APEX_EXPORT_DIR: join(folder, "patches"),
      APEX_EXPORT_LITELLM: join(folder, "proxy.yaml"),
    });
    files = folder;
    await writeFile(join(files, "proxy.yaml"), proxy);
    service = await workspace.up();
  });
  afterAll(async () => {
    await service.end("SIGTERM");
    await api.close();
    await workspace.remove();
    await rm(files, { recursive: true, force: true });
  });

  it("is approved at the command line, applied there, read back, exported, and rolled back to what stood before", async () => {
    expect(await workspace.apex("import", await writeUsage(workspace.dataDir))).toMatchObject({ code: 0 });
    const { out } = await workspace.apex("ask", "how can we cut our spend?", "--json");
    const approvalId = Asked.parse(JSON.parse(out)).recommendations.find(({ approval_id: id }) => id !== null)?.approval_id ?? "";
    const approved = await workspace.apex("approve", approvalId);
    expect(approved.out).toMatch(/In effect as policy version 1 \(gateway, litellm, read back\)\. The exported patch/);
    expect(approved.out).toMatch(/The exported patch takes effect once it is merged/);
    expect(approved.out).toMatch(/indicative and is not billed/);
    expect(Object.keys(sharesOf(state, { team: "team-support" }, "gpt-5"))).toHaveLength(2);
    expect(sharesOf(state, { team: "team-other" }, "gpt-5")).toEqual({ "openai/gpt-5": 1 });

    const plan = await workspace.apex("policy", "plan");
    expect(plan.out).toMatch(/Policy version 1 is active\.\ngateway\n.*\nlitellm\n {2}LiteLLM: for .* requests of team team-support/s);
    const exported = await workspace.apex("policy", "export", "--format", "litellm", "--name", "proxy.yaml");
    const [folder = ""] = await readdir(join(files, "patches"));
    expect(await readFile(join(files, "patches", folder, "apex-litellm-v1.patch"), "utf8")).toBe(exported.out);
    await promisify(execFile)("git", ["init", "-q"], { cwd: files });
    await promisify(execFile)("git", ["apply", "--check", join("patches", folder, "apex-litellm-v1.patch")], { cwd: files });
    expect((await workspace.apex("policy", "export", "--format", "toml")).err).toMatch(/--format litellm or --format envoy/);

    expect((await workspace.apex("rollback", approvalId)).out).toMatch(
      /was rolled back: policy version 0 is active again; the exported patch takes effect/,
    );
    expect(sharesOf(state, { team: "team-support" }, "gpt-5")).toEqual({ "openai/gpt-5": 1 });
    expect(state.models.some(({ model_name: name }) => name.startsWith("apex-"))).toBe(false);
    expect(await readdir(join(files, "patches", folder))).toEqual([]);
  }, 300_000);
});
