import { AppError } from "../../core/errors.ts";
import type { AdminApi, ExplainRefusal } from "../admin-api.ts";
import { Anything, type Deployment, KeyInfo, ModelInfo, RouterView, TeamInfo } from "./wire.ts";

/** Whose requests a rule may move: a team's or a key's. Never everybody's. */
export interface LitellmScope {
  readonly kind: "team" | "key";
  /** The team's id, or the hash of the key as LiteLLM shows it. */
  readonly id: string;
}

export interface LitellmAccess {
  readonly baseUrl: string;
  readonly masterKey: string;
}

/** The calls of LiteLLM's management API that are used here. */
export interface LitellmApi {
  deployments(signal: AbortSignal): Promise<readonly Deployment[]>;
  /** How the router picks among the deployments of a group; undefined where it does not say. */
  routingStrategy(signal: AbortSignal): Promise<string | undefined>;
  addDeployment(deployment: { readonly id: string; readonly group: string; readonly params: object }, signal: AbortSignal): Promise<void>;
  removeDeployment(id: string, signal: AbortSignal): Promise<void>;
  team(id: string, signal: AbortSignal): Promise<TeamInfo>;
  setTeamRouter(id: string, settings: object, signal: AbortSignal): Promise<void>;
  key(id: string, signal: AbortSignal): Promise<KeyInfo>;
  setKeyAliases(id: string, aliases: object, signal: AbortSignal): Promise<void>;
}

const refused = "LITELLM_MASTER_KEY must be the proxy's master key, or the key of a user with the role proxy_admin.";

/** Refusals whose text says more than their status: LiteLLM answers 500 where a setting is missing. */
export const explainLitellm: ExplainRefusal = (_status, body) => {
  if (body.includes("STORE_MODEL_IN_DB"))
    return new AppError(
      "not_configured",
      "LiteLLM does not keep models in its database, so none can be added by its API. Start it with STORE_MODEL_IN_DB=True and a database, then apply again.",
    );
  if (body.includes("config-based model"))
    return new AppError(
      "conflict",
      "LiteLLM has this model from its YAML file, which its API cannot change. Nothing was changed there; edit the file instead (`apex policy export`).",
    );
  return undefined;
};

const deploymentCalls = (
  api: AdminApi,
  call: (method: "GET" | "POST", path: string, what: string, body?: object) => Parameters<AdminApi["call"]>[0],
): Pick<LitellmApi, "deployments" | "routingStrategy" | "addDeployment" | "removeDeployment"> => ({
  async deployments(signal) {
    return (await api.call(call("GET", "model/info", "LiteLLM, asked for its models"), ModelInfo, signal)).data;
  },
  async routingStrategy(signal) {
    const view = await api.call(call("GET", "router/settings", "LiteLLM, asked for its router's settings"), RouterView, signal);
    return view.current_values?.routing_strategy ?? undefined;
  },
  async addDeployment({ id, group, params }, signal) {
    const body = { model_name: group, litellm_params: params, model_info: { id } };
    await api.call(call("POST", "model/new", `LiteLLM, told to add a deployment to ${group}`, body), Anything, signal);
  },
  async removeDeployment(id, signal) {
    await api.call(call("POST", "model/delete", `LiteLLM, told to remove the deployment ${id}`, { id }), Anything, signal);
  },
});

/** LiteLLM's management API at an address. */
export function createLitellmApi(api: AdminApi, { baseUrl, masterKey }: LitellmAccess): LitellmApi {
  const call = (method: "GET" | "POST", path: string, what: string, body?: object): Parameters<AdminApi["call"]>[0] => ({
    method,
    url: new URL(`${baseUrl.replace(/\/+$/, "")}/${path}`),
    headers: { authorization: `Bearer ${masterKey}` },
    what,
    refused,
    ...(body === undefined ? {} : { body }),
  });
  return {
    ...deploymentCalls(api, call),
    team: (id, signal) =>
      api.call(call("GET", `team/info?team_id=${encodeURIComponent(id)}`, `LiteLLM, asked for team ${id}`), TeamInfo, signal),
    async setTeamRouter(id, settings, signal) {
      const body = { team_id: id, router_settings: settings };
      await api.call(call("POST", "team/update", `LiteLLM, told to change team ${id}`, body), Anything, signal);
    },
    key: (id, signal) => api.call(call("GET", `key/info?key=${encodeURIComponent(id)}`, "LiteLLM, asked for a key"), KeyInfo, signal),
    async setKeyAliases(id, aliases, signal) {
      await api.call(call("POST", "key/update", "LiteLLM, told to change a key", { key: id, aliases }), Anything, signal);
    },
  };
}
