import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Id } from "../../src/core/ids.ts";
import type { PolicyRule } from "../../src/core/policy.ts";
import { codingRule, policyFor } from "../contract/actuator.ts";
import { deployed, sharesOf } from "../setup/litellm-admin.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";
import { type LitellmRig, startLitellm } from "./litellm-rig.ts";

describe("LiteLLM as an actuator", () => {
  let db: TestDatabase;
  let rig: LitellmRig;
  let orgId: Id<"org">;
  beforeAll(async () => {
    db = await createTestDatabase();
  });
  afterAll(() => db.drop());
  beforeEach(async () => {
    rig = await startLitellm(db.stores.snapshots);
    onTestFinished(() => rig.api.close());
    orgId = await db.stores.ensureOrg(`org-${Math.random()}`);
  });
  const policy = (version: number, rules: readonly PolicyRule[]) => policyFor(orgId, version, rules);
  /** The sentence with which an application is refused. */
  const refusal = (): Promise<string> =>
    rig
      .at()
      .apply(policy(1, [codingRule(0.1)]), orgId)
      .then(
        () => "",
        (error: unknown) => (error instanceof Error ? error.message : ""),
      );

  it("moves a team's requests by weight, and nobody else's", async () => {
    await rig.at().apply(policy(1, [codingRule(0.1)]), orgId);
    expect(sharesOf(rig.state, { team: "team-support" }, "gpt-4o")).toEqual({ "openai/gpt-4o-mini": 0.9, "openai/gpt-4o": 0.1 });
    expect(sharesOf(rig.state, { team: "team-other" }, "gpt-4o")).toEqual({ "openai/gpt-4o": 1 });
    expect(sharesOf(rig.state, { team: "team-support" }, "fast")).toEqual({ "openai/gpt-4o-mini": 1 });
    expect(rig.state.teams.get("team-other")?.router_settings).toEqual({ num_retries: 5 });
  });

  it("moves a key's requests by its own aliases, beside those that it has", async () => {
    await rig.at({ scope: { kind: "key", id: "88dc28d0" } }).apply(policy(1, [codingRule(0.25)]), orgId);
    expect(sharesOf(rig.state, { key: "88dc28d0" }, "gpt-4o")).toEqual({ "openai/gpt-4o-mini": 0.75, "openai/gpt-4o": 0.25 });
    expect(rig.state.keys.get("88dc28d0")?.aliases["house"]).toBe("gpt-4o");
    expect(sharesOf(rig.state, { team: "team-support" }, "gpt-4o")).toEqual({ "openai/gpt-4o": 1 });
  });

  it("keeps what others set in the team's router settings, also while it changes them", async () => {
    const team = rig.state.teams.get("team-support");
    if (team === undefined) throw new Error("no team");
    team.router_settings = { num_retries: 2, model_group_alias: { house: "gpt-4o" } };
    await rig.at().apply(policy(1, [codingRule(0.1)]), orgId);
    expect(team.router_settings).toMatchObject({ num_retries: 2, model_group_alias: { house: "gpt-4o" } });
    team.router_settings = { ...team.router_settings, num_retries: 4 };
    await rig.at().apply(undefined, orgId);
    expect(team.router_settings).toEqual({ num_retries: 4, model_group_alias: { house: "gpt-4o" } });
  });

  it("carries out canaries and weights, and says which strategies it cannot", async () => {
    const [control, treatment] = [
      { provider: "openai", model: "gpt-4o" },
      { provider: "openai", model: "gpt-4o-mini" },
    ];
    const canary: PolicyRule = { ...codingRule(0.1), strategy: { mode: "canary", control, treatment, share: 0.01, sticky: "user" } };
    await rig.at().apply(policy(1, [canary]), orgId);
    expect(sharesOf(rig.state, { team: "team-support" }, "gpt-4o")).toEqual({ "openai/gpt-4o-mini": 0.01, "openai/gpt-4o": 0.99 });
    const cascade: PolicyRule = {
      ...codingRule(0.1),
      strategy: { mode: "cascade", cheap: treatment, strong: control, checks: ["finished"] },
    };
    await expect(rig.at().apply(policy(2, [cascade]), orgId)).rejects.toThrow(/a cascade, which Apex's own gateway alone carries out/);
    expect(await rig.at().plan(policy(2, [cascade]))).toEqual([expect.stringMatching(/a cascade, which Apex's own gateway alone/)]);
    expect(await rig.at().readBack(orgId)).toEqual([1]);
  });

  it("says that workloads without a team or key stay as they are", async () => {
    const other = { ...codingRule(0.1), id: "rule-search", workload: "search" };
    expect((await rig.at().plan(policy(1, [other]))).join(" ")).toMatch(/nothing changes for search: LITELLM_SCOPES names no team or key/);
    const before = JSON.stringify(rig.state.models);
    await rig.at().apply(policy(1, [other]), orgId);
    expect(JSON.stringify(rig.state.models)).toBe(before);
    expect(await rig.at().readBack(orgId)).toEqual([1]);
  });

  it("divides among all deployments of a model", async () => {
    rig.state.models.push({
      ...deployed("gpt-4o", "openai/gpt-4o", { api_base: "https://eu.example.com/v1" }),
      model_info: { id: "yaml-2", db_model: false },
    });
    await rig.at().apply(policy(1, [codingRule(0.1)]), orgId);
    const ours = rig.state.models.filter(({ model_name: name }) => name.startsWith("apex-"));
    expect(ours.map(({ litellm_params: { weight, api_base } }) => [weight, api_base])).toEqual([
      [9_000, undefined],
      [500, undefined],
      [500, "https://eu.example.com/v1"],
    ]);
  });

  it("says what to do where models cannot be stored, and leaves nothing behind", async () => {
    rig.state.storeModelInDb = false;
    expect(await refusal()).toMatch(/Start it with STORE_MODEL_IN_DB=True/);
    rig.state.storeModelInDb = true;
    rig.state.forgetsModels = true;
    expect(await refusal()).toMatch(/without storing it in its database/);
    expect(rig.state.models.filter(({ model_name: name }) => name.startsWith("apex-"))).toEqual([]);
    expect(rig.state.teams.get("team-support")?.router_settings).toBeNull();
  });

  it("takes a 500 after a deployment was stored for what it is: done", async () => {
    rig.state.failsAfterSaving = true;
    await rig.at().apply(policy(1, [codingRule(0.1)]), orgId);
    expect(await rig.at().readBack(orgId)).toEqual([1]);
    expect(sharesOf(rig.state, { team: "team-support" }, "gpt-4o")).toEqual({ "openai/gpt-4o-mini": 0.9, "openai/gpt-4o": 0.1 });
  });

  it("refuses where an allow-list would turn requests down, and says what to add", async () => {
    const [team, key] = [rig.state.teams.get("team-support"), rig.state.keys.get("88dc28d0")];
    if (team === undefined || key === undefined) throw new Error("no team");
    team.models = ["gpt-4o"];
    expect(await refusal()).toMatch(/the team support may use only models of a list\. Add apex-\*/);
    team.models = ["gpt-4o", "apex-*"];
    key.models = ["gpt-4o"];
    expect(await refusal()).toMatch(/the key ci may use only models of a list/);
    key.models = ["all-team-models"];
    await rig.at().apply(policy(1, [codingRule(0.1)]), orgId);
  });

  it("refuses a split where the router does not look at weights", async () => {
    rig.state.routingStrategy = "least-busy";
    expect(await refusal()).toMatch(/picks by "least-busy", which does not look at weights/);
  });

  it("needs a credential by name, from the deployment that stands or from the settings", async () => {
    rig.state.models = rig.state.models.map(({ litellm_params: { litellm_credential_name: _gone, ...params }, ...model }) => ({
      ...model,
      litellm_params: params,
    }));
    expect(await refusal()).toMatch(/name it in LITELLM_CREDENTIALS: openai=NAME/);
    await rig.at({ credentials: new Map([["openai", "from-settings"]]) }).apply(policy(1, [codingRule(0.1)]), orgId);
    expect(rig.state.models.at(-1)?.litellm_params["litellm_credential_name"]).toBe("from-settings");
  });

  it("refuses a model that the proxy does not have", async () => {
    const missing = { ...codingRule(0.1), strategy: { mode: "single" as const, target: { provider: "openai", model: "gpt-9" } } };
    await expect(rig.at().apply(policy(1, [missing]), orgId)).rejects.toThrow(/no deployment of openai\/gpt-9\. Add the model there/);
  });

  it("keeps its snapshot sealed: no row of the database shows what stood at the place", async () => {
    await rig.at().apply(policy(1, [codingRule(0.1)]), orgId);
    expect(JSON.stringify(await db.stores.snapshots.load(orgId, "litellm"))).toContain("openai-main");
    const client = new Client({ connectionString: db.url });
    await client.connect();
    onTestFinished(() => client.end());
    const { rows } = await client.query<{ readonly snapshot: Buffer }>("SELECT snapshot FROM actuator_snapshots WHERE org_id = $1", [
      orgId,
    ]);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.snapshot.toString("latin1")).not.toContain("openai-main");
  });
});
