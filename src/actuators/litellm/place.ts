import type { PlaceValue } from "../../core/actuator-snapshot.ts";
import { canonicalJson } from "../../core/canonical.ts";
import { AppError } from "../../core/errors.ts";
import type { SettingsPlace } from "../kept-settings.ts";
import type { LitellmApi, LitellmScope } from "./api.ts";
import type { Deployment } from "./wire.ts";

type JsonObject = { readonly [member: string]: PlaceValue };

const isObject = (value: PlaceValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Parameters of a deployment that are no secrets and that LiteLLM shows as they were given. */
const shownParams: ReadonlySet<string> = new Set(
  `model custom_llm_provider api_base api_version organization litellm_credential_name
  region_name aws_region_name vertex_project vertex_location watsonx_region_name
  timeout stream_timeout max_retries weight`.split(/\s+/),
);

/** What of a deployment is compared and copied. */
export const shownOf = ({ litellm_params: params }: Deployment): JsonObject =>
  Object.fromEntries(Object.entries(params).filter(([name, value]) => shownParams.has(name) && value !== null));

/** The name of the setting that is one deployment of ours. */
export const deploymentKey = (id: string): string => `deployment ${id}`;
/** The name of the setting that sends a scope's requests for a model to another group. */
export const aliasKey = ({ kind, id }: LitellmScope, model: string): string => `alias ${kind} ${id} ${model}`;

type Parsed =
  | { readonly kind: "deployment"; readonly id: string }
  | { readonly kind: "alias"; readonly scope: LitellmScope; readonly model: string };

function parsed(key: string): Parsed {
  const [what = "", ...rest] = key.split(" ");
  if (what === "deployment") return { kind: "deployment", id: rest.join(" ") };
  const [kind, id = "", ...model] = rest;
  return { kind: "alias", scope: { kind: kind === "key" ? "key" : "team", id }, model: model.join(" ") };
}

const aliasesOf = (settings: PlaceValue | undefined): JsonObject => (isObject(settings) ? settings : {});

/** Where a scope's aliases stand: in a team's router settings, or among a key's own. */
interface AliasHome {
  readonly aliases: JsonObject;
  set(next: JsonObject, signal: AbortSignal): Promise<void>;
}

async function homeOf(api: LitellmApi, { kind, id }: LitellmScope, signal: AbortSignal): Promise<AliasHome> {
  if (kind === "key") {
    const { info } = await api.key(id, signal);
    return { aliases: info.aliases ?? {}, set: (next, during) => api.setKeyAliases(id, next, during) };
  }
  const { model_group_alias: aliases, ...others } = (await api.team(id, signal)).team_info.router_settings ?? {};
  return {
    aliases: aliasesOf(aliases),
    // Without aliases the member goes too: what stood before is then there again to the letter.
    set: (next, during) => api.setTeamRouter(id, Object.keys(next).length === 0 ? others : { ...others, model_group_alias: next }, during),
  };
}

const foreign = (what: string): AppError =>
  new AppError("conflict", `Somebody changes ${what} at LiteLLM at this moment; it was not overwritten. Try again.`);

async function writeAlias(
  api: LitellmApi,
  scope: LitellmScope,
  model: string,
  change: { from: PlaceValue; to: PlaceValue },
  signal: AbortSignal,
) {
  const home = await homeOf(api, scope, signal);
  if (canonicalJson(home.aliases[model] ?? null) !== canonicalJson(change.from))
    throw foreign(`the alias of ${model} of ${scope.kind} ${scope.id}`);
  const { [model]: _gone, ...others } = home.aliases;
  await home.set(change.to === null ? others : { ...others, [model]: change.to }, signal);
}

const describeKey = (key: string): string => {
  const one = parsed(key);
  return one.kind === "deployment" ? `the deployment ${one.id}` : `the alias of ${one.model} of ${one.scope.kind} ${one.scope.id}`;
};

/** What one of our deployments is made of. */
const groupOf = (value: PlaceValue): { readonly group: string; readonly params: JsonObject } | undefined => {
  if (!isObject(value)) return undefined;
  const { group, params } = value;
  return typeof group === "string" && isObject(params) ? { group, params } : undefined;
};

const standing = async (api: LitellmApi, id: string, signal: AbortSignal): Promise<Deployment | undefined> =>
  (await api.deployments(signal)).find(({ model_info: info }) => info.id === id);

async function removeDeployment(api: LitellmApi, id: string, signal: AbortSignal): Promise<void> {
  try {
    await api.removeDeployment(id, signal);
  } catch (error) {
    // The answer to a removal that worked may have been lost: a second one is refused.
    if ((await standing(api, id, signal)) !== undefined) throw error;
  }
}

async function writeDeployment(api: LitellmApi, id: string, to: PlaceValue, signal: AbortSignal): Promise<void> {
  const wanted = groupOf(to);
  if (wanted === undefined) return removeDeployment(api, id, signal);
  const added = api.addDeployment({ id, ...wanted }, signal);
  // LiteLLM was seen to answer 500 though it had stored the deployment, and 200 though it had not: what stands is what counts.
  const failure = await added.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  );
  const stands = await standing(api, id, signal);
  if (stands === undefined)
    throw failure ?? new AppError("provider_down", `LiteLLM took the deployment ${id} and does not show it. Look at its log.`);
  if (stands.model_info.db_model === false) {
    await api.removeDeployment(id, signal).catch(() => undefined);
    throw new AppError(
      "not_configured",
      "LiteLLM took a deployment without storing it in its database: it would be gone with the next restart. Set STORE_MODEL_IN_DB=True (and store_model_in_db in its general settings), then apply again.",
    );
  }
}

/** LiteLLM as settings: deployments of ours, and which group a team's or key's requests for a model go to. */
export function createLitellmPlace(api: LitellmApi, settleMs: number): SettingsPlace {
  return {
    title: "LiteLLM",
    settleMs,
    describe: describeKey,
    // Deployments are there before anything is sent to them, and go when nothing is any more.
    rank: (key, to) => (parsed(key).kind === "alias" ? 1 : to === null ? 2 : 0),

    async read(keys, signal) {
      const all = keys.map((key) => ({ key, ...parsed(key) }));
      const values = new Map<string, PlaceValue>();
      const deployments = all.some(({ kind }) => kind === "deployment") ? await api.deployments(signal) : [];
      const homes = new Map<string, AliasHome>();
      for (const one of all) {
        if (one.kind === "deployment") {
          const stands = deployments.find(({ model_info: info }) => info.id === one.id);
          values.set(one.key, stands === undefined ? null : { group: stands.model_name, params: shownOf(stands) });
          continue;
        }
        const name = `${one.scope.kind} ${one.scope.id}`;
        const home = homes.get(name) ?? (await homeOf(api, one.scope, signal));
        homes.set(name, home);
        values.set(one.key, home.aliases[one.model] ?? null);
      }
      return values;
    },

    write(key, from, to, signal) {
      const one = parsed(key);
      return one.kind === "deployment"
        ? writeDeployment(api, one.id, to, signal)
        : writeAlias(api, one.scope, one.model, { from, to }, signal);
    },
  };
}
