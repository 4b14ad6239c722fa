import type { PlaceValue } from "../../core/actuator-snapshot.ts";
import { canonicalJson, sha256 } from "../../core/canonical.ts";
import { AppError } from "../../core/errors.ts";
import type { PolicyRule, RoutingPolicy } from "../../core/policy.ts";
import type { Target } from "../../core/strategy.ts";
import type { Desired } from "../kept-settings.ts";
import { refuseOverlap, type Split, splitOf, weightOf } from "../split.ts";
import type { LitellmApi, LitellmScope } from "./api.ts";
import { aliasKey, deploymentKey, shownOf } from "./place.ts";
import type { Deployment } from "./wire.ts";

/** How rules meet LiteLLM. */
export interface LitellmMapping {
  /** The team or key whose requests a workload's rules move. */
  readonly scopes: ReadonlyMap<string, LitellmScope>;
  /** The credential stored in LiteLLM that deployments of a provider use, where those that stand name none. */
  readonly credentials: ReadonlyMap<string, string>;
}

/** What the groups that Apex makes are called; an allow-list of `apex-*` lets requests through to them. */
const prefix = "apex-";

/** The group that carries out a rule: another split is another group, so that a change is one switch. */
export const groupName = (rule: PolicyRule, split: Split): string =>
  `${prefix}${sha256(canonicalJson([rule.workload, rule.requestedModel, split])).slice(0, 16)}`;

/** Rules that LiteLLM carries out, each with whose requests it moves. */
export const mappedRules = (policy: RoutingPolicy | undefined, { scopes }: LitellmMapping) =>
  (policy?.rules ?? []).flatMap((rule) => {
    const scope = scopes.get(rule.workload);
    return scope === undefined ? [] : [{ rule, scope }];
  });

/** LiteLLM's name of a provider's model: "openai/gpt-5"; a name without a slash is taken for the whole. */
function serves({ litellm_params: params }: Deployment, { provider, model }: Target): boolean {
  const { model: named, custom_llm_provider: by } = params;
  if (typeof named !== "string") return false;
  return named === `${provider}/${model}` || (named === model && (by === provider || by === undefined || by === null));
}

/** The deployments that stand for a target: those that callers reach under the asked name first. */
function templatesOf(all: readonly Deployment[], target: Target, asked: string): readonly Deployment[] {
  const fit = all.filter((one) => !one.model_name.startsWith(prefix) && serves(one, target));
  const group = fit.find(({ model_name: name }) => name === asked)?.model_name ?? fit.map(({ model_name: name }) => name).toSorted()[0];
  const found = fit.filter(({ model_name: name }) => name === group);
  if (found.length > 0) return found;
  throw new AppError(
    "not_found",
    `LiteLLM has no deployment of ${target.provider}/${target.model}. Add the model there (Models, Add Model), then apply again.`,
  );
}

/** Parameters of a deployment of ours: those of one that stands, with a credential by name, as LiteLLM shows nobody its keys. */
function paramsOf(template: Deployment, target: Target, weight: number, { credentials }: LitellmMapping): PlaceValue {
  const shown = shownOf(template);
  const credential = shown["litellm_credential_name"] ?? credentials.get(target.provider);
  if (credential === undefined) {
    throw new AppError(
      "not_configured",
      `LiteLLM shows nobody the key of ${target.provider}/${target.model}, so Apex cannot add a deployment with it. Store the key as a credential in LiteLLM ` +
        `(Models, LLM Credentials) and name it in LITELLM_CREDENTIALS: ${target.provider}=NAME. Then apply again.`,
    );
  }
  return { ...shown, litellm_credential_name: credential, weight };
}

const admits = (models: readonly string[] | null | undefined, group: string): boolean =>
  models === null || models === undefined || models.length === 0 || models.some((model) => all.has(model) || matches(model, group));

const all: ReadonlySet<string> = new Set(["*", "all-proxy-models", "all-team-models"]);

const matches = (pattern: string, group: string): boolean =>
  pattern === group || (pattern.endsWith("*") && group.startsWith(pattern.slice(0, -1)));

/** Refuses where requests would be turned down for the new group's sake: LiteLLM checks allow-lists of teams and keys. */
async function refuseShutOut(api: LitellmApi, { kind, id }: LitellmScope, group: string, signal: AbortSignal): Promise<void> {
  const shutOut: string[] = [];
  if (kind === "key") {
    const { info } = await api.key(id, signal);
    if (!admits(info.models, group)) shutOut.push(`the key ${info.key_alias ?? id.slice(0, 12)}`);
  } else {
    const { team_info: team, keys } = await api.team(id, signal);
    if (!admits(team.models, group)) shutOut.push(`the team ${team.team_alias ?? id}`);
    for (const key of keys ?? []) {
      if (!admits(key.models, group)) shutOut.push(`the key ${key.key_alias ?? key.key_name ?? "without a name"}`);
    }
  }
  if (shutOut.length === 0) return;
  throw new AppError(
    "forbidden",
    `Requests would be refused: ${shutOut.join(", ")} may use only models of a list. Add ${prefix}* to it in LiteLLM, then apply again. Nothing was changed.`,
  );
}

/** Refuses splits where the router does not look at weights. */
async function refuseUnweighed(api: LitellmApi, signal: AbortSignal): Promise<void> {
  const strategy = await api.routingStrategy(signal).catch((error: unknown) => {
    if (error instanceof AppError && error.code === "not_found") return undefined;
    throw error;
  });
  if (strategy === undefined || strategy === "simple-shuffle") return;
  throw new AppError(
    "conflict",
    `LiteLLM's router picks by "${strategy}", which does not look at weights: no share could be held out. Set routing_strategy to simple-shuffle, then apply again.`,
  );
}

/** What a policy asks of LiteLLM: a group of weighted deployments for each rule, and the alias that leads to it. */
export async function wantedAt(
  api: LitellmApi,
  mapping: LitellmMapping,
  policy: RoutingPolicy | undefined,
  signal: AbortSignal,
): Promise<Desired> {
  const wanted = new Map<string, PlaceValue>();
  const rules = mappedRules(policy, mapping);
  if (rules.length === 0) return wanted;
  const deployments = await api.deployments(signal);
  if (rules.some(({ rule }) => splitOf(rule).length > 1)) await refuseUnweighed(api, signal);
  for (const { rule, scope } of rules) {
    const sharing = rules.filter((other) => other.scope.kind === scope.kind && other.scope.id === scope.id).map((other) => other.rule);
    refuseOverlap(sharing, `LiteLLM's ${scope.kind} ${scope.id}`);
    const split = splitOf(rule);
    const group = groupName(rule, split);
    await refuseShutOut(api, scope, group, signal);
    for (const { target, share } of split) {
      const templates = templatesOf(deployments, target, rule.requestedModel);
      for (const [index, template] of templates.entries()) {
        const params = paramsOf(template, target, weightOf(share, templates.length), mapping);
        wanted.set(deploymentKey(`${group}-${sha256(canonicalJson([index, params])).slice(0, 8)}`), { group, params });
      }
    }
    wanted.set(aliasKey(scope, rule.requestedModel), group);
  }
  return wanted;
}
