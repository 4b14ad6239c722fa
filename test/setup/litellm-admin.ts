import { z } from "zod";
import type { ApiAnswer, ApiRequest } from "./fake-api.ts";

type Json = z.infer<ReturnType<typeof z.json>>;
type Fields = Record<string, Json>;

interface StoredModel {
  readonly model_name: string;
  readonly litellm_params: Fields;
  readonly model_info: { readonly id: string; readonly db_model: boolean };
}

/** What the proxy has stored; tests look at it and change it, as another admin would. */
export interface LitellmState {
  models: StoredModel[];
  teams: Map<string, { team_alias: string; models: string[]; router_settings: Fields | null }>;
  keys: Map<string, { key_alias: string; team_id: string | null; models: string[]; aliases: Fields }>;
  storeModelInDb: boolean;
  /** As one version was seen to do: answers 200 and stores nothing in its database. */
  forgetsModels: boolean;
  /** As another was: stores a model and answers 500. */
  failsAfterSaving: boolean;
  routingStrategy: string;
}

export const masterKey = "sk-master-51c2f0aa";

export const deployed = (group: string, model: string, extra: Fields = {}): StoredModel => ({
  model_name: group,
  litellm_params: { model, api_key: "sk-provider-secret", litellm_credential_name: "openai-main", ...extra },
  model_info: { id: `yaml-${group}-${model}`, db_model: false },
});

export const litellmState = (): LitellmState => ({
  models: [deployed("gpt-4o", "openai/gpt-4o"), deployed("gpt-4o-mini", "openai/gpt-4o-mini"), deployed("fast", "openai/gpt-4o-mini")],
  teams: new Map([
    ["team-support", { team_alias: "support", models: [], router_settings: null }],
    ["team-other", { team_alias: "other", models: [], router_settings: { num_retries: 5 } }],
  ]),
  keys: new Map([["88dc28d0", { key_alias: "ci", team_id: "team-support", models: [], aliases: { house: "gpt-4o" } }]]),
  storeModelInDb: true,
  forgetsModels: false,
  failsAfterSaving: false,
  routingStrategy: "simple-shuffle",
});

const failed = (status: number, message: string): ApiAnswer => ({
  status,
  body: { error: { message, type: "error", param: null, code: String(status) } },
});
const invalid = (field: string): ApiAnswer => ({
  status: 422,
  body: { detail: [{ type: "missing", loc: ["body", field], msg: "Field required" }] },
});

const Params = z.looseObject({ model: z.string() }).catchall(z.json());
const NewModel = z.object({
  model_name: z.string(),
  litellm_params: Params,
  model_info: z.looseObject({ id: z.string().optional() }).optional(),
});

const needsDatabase = "{'error': \"Set `'STORE_MODEL_IN_DB='True'` in your env to enable this feature.\"}";

function addModel(state: LitellmState, body: unknown): ApiAnswer {
  const given = NewModel.safeParse(body);
  if (!given.success) return invalid(given.error.issues[0]?.path.join(".") ?? "");
  if (!state.storeModelInDb) return failed(500, needsDatabase);
  const { model_name, litellm_params, model_info } = given.data;
  const id = model_info?.id ?? `m-${state.models.length}`;
  if (state.models.some((one) => one.model_info.id === id)) return failed(500, "Unique constraint failed on the fields: (`model_id`)");
  const stored = { model_name, litellm_params, model_info: { id, db_model: !state.forgetsModels } };
  state.models.push(stored);
  if (state.failsAfterSaving)
    return failed(500, "Model create was saved to the database, but the model id(s) are not live in this pod's router");
  return { body: { model_id: id, ...stored } };
}

function deleteModel(state: LitellmState, body: unknown): ApiAnswer {
  const given = z.object({ id: z.string() }).safeParse(body);
  if (!given.success) return invalid("id");
  const found = state.models.find((one) => one.model_info.id === given.data.id);
  if (found === undefined) return failed(400, `{'error': 'Model with id=${given.data.id} not found in db'}`);
  if (found.model_info.id.startsWith("yaml-"))
    return failed(400, "Cannot edit config-based model. Store model in DB via /model/new first.");
  state.models = state.models.filter((one) => one !== found);
  return { body: { message: `Model: ${given.data.id} deleted successfully` } };
}

const Team = z.object({ team_id: z.string(), router_settings: z.record(z.string(), z.json()).nullish() });
const Key = z.object({ key: z.string(), aliases: z.record(z.string(), z.json()).nullish() });

/** Unknown fields are answered with 200 and do nothing, as LiteLLM does. */
function updateTeam(state: LitellmState, body: unknown): ApiAnswer {
  const given = Team.safeParse(body);
  if (!given.success) return invalid(given.error.issues[0]?.path.join(".") ?? "");
  const team = state.teams.get(given.data.team_id);
  if (team === undefined) return failed(404, `{'error': 'Team not found, passed team_id=${given.data.team_id}'}`);
  if (given.data.router_settings) team.router_settings = given.data.router_settings;
  return { body: { data: { team_id: given.data.team_id, ...team } } };
}

function updateKey(state: LitellmState, body: unknown): ApiAnswer {
  const given = Key.safeParse(body);
  if (!given.success) return invalid(given.error.issues[0]?.path.join(".") ?? "");
  const key = state.keys.get(given.data.key);
  if (key === undefined) return failed(404, "Team not found");
  if (given.data.aliases) key.aliases = given.data.aliases;
  return { body: { key: given.data.key, ...key } };
}

/** Deployments as they are shown: without keys. */
const shown = (state: LitellmState): ApiAnswer => ({
  body: {
    data: state.models.map(({ litellm_params: { api_key: _secret, ...params }, ...model }) => ({
      ...model,
      litellm_params: { ...params, use_in_pass_through: false },
    })),
  },
});

function teamInfo(state: LitellmState, id: string): ApiAnswer {
  const team = state.teams.get(id);
  if (team === undefined) return failed(404, `{'message': 'Team not found, passed team id: ${id}.'}`);
  const keys = [...state.keys.values()].filter((key) => key.team_id === id).map(({ key_alias, models }) => ({ key_alias, models }));
  return { body: { team_id: id, team_info: { team_id: id, ...team }, keys, team_memberships: [] } };
}

/**
 * A LiteLLM proxy's management API, ours, that follows its documents and what its issues tell of it: deployments with ids, YAML
 * models that cannot be changed, router settings and aliases replaced whole, refusals in its own words.
 */
export function litellmAdmin(state: LitellmState): (request: ApiRequest) => ApiAnswer {
  return ({ method, url, headers, body }) => {
    if (headers.authorization !== `Bearer ${masterKey}`) return failed(401, "Authentication Error, Invalid proxy server token passed.");
    const given: unknown = body === "" ? undefined : JSON.parse(body);
    switch (`${method} ${url.pathname}`) {
      case "GET /model/info":
        return shown(state);
      case "POST /model/new":
        return addModel(state, given);
      case "POST /model/delete":
        return deleteModel(state, given);
      case "GET /team/info":
        return teamInfo(state, url.searchParams.get("team_id") ?? "");
      case "POST /team/update":
        return updateTeam(state, given);
      case "GET /key/info": {
        const key = state.keys.get(url.searchParams.get("key") ?? "");
        return key === undefined ? failed(404, "Key not found in database") : { body: { key: url.searchParams.get("key"), info: key } };
      }
      case "POST /key/update":
        return updateKey(state, given);
      case "GET /router/settings":
        return { body: { fields: [], current_values: { routing_strategy: state.routingStrategy } } };
      default:
        return { status: 404, body: { detail: "Not Found" } };
    }
  };
}

/** The share of a caller's requests for a model that go to each provider's model, by the proxy's rules: its alias, then weights in the group. */
export function sharesOf(
  state: LitellmState,
  caller: { readonly team?: string; readonly key?: string },
  model: string,
): Record<string, number> {
  const router = z
    .record(z.string(), z.string())
    .safeParse(state.teams.get(caller.team ?? "")?.router_settings?.["model_group_alias"] ?? {});
  const keyAliases = z.record(z.string(), z.string()).parse(state.keys.get(caller.key ?? "")?.aliases ?? {});
  const group = keyAliases[model] ?? router.data?.[model] ?? model;
  const among = state.models.filter(({ model_name }) => model_name === group);
  const weights = among.map(({ litellm_params: { weight } }) => (typeof weight === "number" ? weight : 1));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const shares: Record<string, number> = {};
  for (const [index, { litellm_params: params }] of among.entries()) {
    const served = z.string().parse(params["model"]);
    shares[served] = (shares[served] ?? 0) + (weights[index] ?? 0) / all;
  }
  return shares;
}
