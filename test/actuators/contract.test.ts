import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAdminApi } from "../../src/actuators/admin-api.ts";
import { createExportActuator } from "../../src/actuators/export/index.ts";
import { createGatewayActuator } from "../../src/actuators/gateway/index.ts";
import { createPortkeyActuator } from "../../src/actuators/portkey/index.ts";
import type { ActuatorName } from "../../src/core/actuator-words.ts";
import { type ActuatorCase, actuatorContract } from "../contract/actuator.ts";
import { completion, json, listen, startRig } from "../gateway/rig.ts";
import { startFakeApi } from "../setup/fake-api.ts";
import { masterKey } from "../setup/litellm-admin.ts";
import { portkeyAdmin, portkeyKey, portkeyState } from "../setup/portkey-admin.ts";
import { startLitellm } from "./litellm-rig.ts";

const gateway: ActuatorCase = {
  confirms: true,
  overNetwork: false,
  billing: /to measure the saving/,
  async start({ db, orgId }) {
    const { fleet } = db.stores;
    const upstream = await listen((_req, res) => json(res, 200, completion("gpt-4o")));
    const rig = await startRig({ upstreamUrl: upstream.url, fleet, limits: { refreshMs: 60_000 } });
    const settings = await rig.snapshot();
    return {
      actuator: createGatewayActuator({ refresh: rig.gateway.refresh, fleet }),
      state: () => rig.gateway.effectiveVersion(orgId),
      activate(policy) {
        const policies = new Map(policy === undefined ? [] : [[policy.orgId, policy]]);
        rig.snapshot = () => Promise.resolve({ ...settings, policies });
        return Promise.resolve();
      },
      close: () => rig.gateway.close(),
    };
  },
};

const litellm = (kind: "team" | "key"): ActuatorCase => ({
  confirms: true,
  overNetwork: true,
  billing: /indicative and is not billed/,
  async start({ db }) {
    const rig = await startLitellm(db.stores.snapshots);
    const scope = kind === "team" ? ({ kind, id: "team-support" } as const) : ({ kind, id: "88dc28d0" } as const);
    return {
      actuator: rig.at({ scope }),
      // `null` and `{}` are the same router settings: LiteLLM takes no `null` for them.
      state: () => ({
        models: rig.state.models.toSorted((a, b) => (a.model_info.id < b.model_info.id ? -1 : 1)),
        teams: [...rig.state.teams].map(([id, team]) => [id, { ...team, router_settings: team.router_settings ?? {} }]),
        keys: [...rig.state.keys],
      }),
      close: () => rig.api.close(),
      network: {
        api: rig.api,
        wrongKey: rig.at({ scope, key: "sk-wrong" }),
        impatient: rig.at({ scope, timeoutMs: 50 }),
        secrets: [masterKey, "sk-provider-secret"],
        setting: /LITELLM_MASTER_KEY/,
        meddle() {
          const [team, key] = [rig.state.teams.get("team-support"), rig.state.keys.get("88dc28d0")];
          if (kind === "team" && team) team.router_settings = { model_group_alias: { "gpt-4o": "fast" } };
          if (kind === "key" && key) key.aliases = { "gpt-4o": "fast" };
        },
        isWrite: ({ method }) => method !== "GET",
      },
    };
  },
});

const portkey: ActuatorCase = {
  confirms: true,
  overNetwork: true,
  billing: /indicative and is not billed/,
  async start({ db }) {
    const { snapshots } = db.stores;
    const stored = portkeyState();
    const api = await startFakeApi(portkeyAdmin(stored));
    const at = (apiKey: string, timeoutMs = 5_000) =>
      createPortkeyActuator({
        baseUrl: `${api.url}/v1`,
        apiKey,
        configs: new Map([["coding", "pc-support-1a2b"]]),
        api: createAdminApi({ firstPauseMs: 1, timeoutMs }),
        snapshots,
      });
    return {
      actuator: at(portkeyKey),
      state: () => [...stored.configs].map(([slug, versions]) => [slug, versions.at(-1)]),
      close: () => api.close(),
      network: {
        api,
        wrongKey: at("pk-wrong"),
        impatient: at(portkeyKey, 50),
        secrets: [portkeyKey],
        setting: /PORTKEY_API_KEY/,
        meddle: () => stored.configs.get("pc-support-1a2b")?.push({ provider: "@openai-eu" }),
        isWrite: ({ method }) => method !== "GET",
      },
    };
  },
};

const yaml = `model_list:
  - model_name: gpt-4o
    litellm_params:
      model: openai/gpt-4o
      api_key: os.environ/OPENAI_API_KEY
`;

const exported: ActuatorCase = {
  confirms: false,
  overNetwork: false,
  billing: /indicative and is not billed/,
  async start({ orgId }) {
    const dir = await mkdtemp(join(tmpdir(), "apex-export-"));
    const path = join(dir, "proxy.yaml");
    await writeFile(path, yaml);
    const patches = join(dir, "patches");
    const files = [{ format: "litellm" as const, path, name: "proxy.yaml" }];
    const actuator = createExportActuator({ dir: patches, files });
    await actuator.apply(undefined, orgId);
    return {
      actuator,
      state: () => readdirSync(join(patches, orgId)).map((name) => [name, readFileSync(join(patches, orgId, name), "utf8")]),
      close: () => rm(dir, { recursive: true, force: true }),
    };
  },
};

const cases = {
  gateway: { "our own gateway": gateway },
  litellm: { "LiteLLM, by team": litellm("team"), "LiteLLM, by key": litellm("key") },
  portkey: { Portkey: portkey },
  export: { "a file in Git": exported },
} satisfies Record<ActuatorName, Record<string, ActuatorCase>>;

for (const [name, testCase] of Object.values(cases).flatMap((of) => Object.entries<ActuatorCase>(of))) actuatorContract(name, testCase);
