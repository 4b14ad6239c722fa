import type { PlaceValue } from "../../core/actuator-snapshot.ts";
import { AppError } from "../../core/errors.ts";
import type { PolicyRule } from "../../core/policy.ts";
import { splitOf } from "../split.ts";

/** A Portkey config: https://portkey.ai/docs/api-reference/inference-api/config-object. */
export type PortkeyConfig = { readonly [member: string]: PlaceValue };

/** Members that say where requests go; the others (retry, cache, guardrails, time-outs) hold for all of a config's targets. */
const routing: ReadonlySet<string> = new Set(
  `strategy targets provider virtual_key api_key override_params weight custom_host
  aws_access_key_id aws_secret_access_key aws_session_token aws_region vertex_project_id vertex_region vertex_service_account_json
  openai_project openai_organization azure_model_name azure_auth_mode resource_name deployment_id api_version`.split(/\s+/),
);

const isConfig = (value: PlaceValue | undefined): value is PortkeyConfig =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const part = (config: PortkeyConfig, wanted: (member: string) => boolean): PortkeyConfig =>
  Object.fromEntries(Object.entries(config).filter(([member]) => wanted(member)));

/** Whether a target below names a model of its own: it would win over the one of a rule. */
const namesModel = (config: PortkeyConfig): boolean =>
  (isConfig(config["override_params"]) && config["override_params"]["model"] !== undefined) ||
  (Array.isArray(config["targets"]) && config["targets"].some((target) => isConfig(target) && namesModel(target)));

/** A condition on the model that is asked for, and the target that it leads to. */
const conditionOn = (model: string, target: string): PlaceValue =>
  Object.fromEntries(
    new Map<string, PlaceValue>([
      ["query", { "params.model": { $eq: model } }],
      ["then", target],
    ]),
  );
const asStands = "apex-as-before";
const nameOf = (index: number): string => `apex-rule-${index + 1}`;

/** The targets of a rule: where requests went before, once for each model, by weight. */
function ruleTarget(stands: PortkeyConfig, rule: PolicyRule, index: number): PortkeyConfig {
  const targets = splitOf(rule).map(({ target, share }) => ({
    ...stands,
    weight: Number(share.toFixed(4)),
    override_params: { ...(isConfig(stands["override_params"]) ? stands["override_params"] : {}), model: target.model },
  }));
  return { name: nameOf(index), strategy: { mode: "loadbalance" }, targets };
}

const elsewhere = (rule: PolicyRule, provider: string, to: string): AppError =>
  new AppError(
    "bad_input",
    `The rule for ${rule.workload} leads from ${provider} to ${to}, and a Portkey config names its providers by credentials that Apex does not know. ` +
      "Only changes within one provider are made there: ask for a proposal within it, or edit the config yourself.",
  );

function refuseUnfit(config: PortkeyConfig, rules: readonly PolicyRule[]): void {
  for (const rule of rules) {
    const providers = [...new Set(splitOf(rule).map(({ target }) => target.provider))];
    const [one = "", other] = providers;
    if (other !== undefined) throw elsewhere(rule, other, one);
  }
  if (namesModel(config)) {
    throw new AppError(
      "conflict",
      "The Portkey config sets a model of its own (override_params.model), so the model that a caller asks for does not count there. Take it out, or edit the config yourself.",
    );
  }
  if (Object.keys(part(config, (member) => routing.has(member))).length === 0) {
    throw new AppError(
      "conflict",
      "The Portkey config names no provider and no targets: callers name theirs themselves. Give it a provider, then apply again.",
    );
  }
}

/**
 * A config that sends requests for the rules' models to their splits, and everything else where it went before. The
 * model is looked at by a condition on `params.model`; what stood before is kept whole as one of the targets.
 */
export function withRules(config: PortkeyConfig, rules: readonly PolicyRule[]): PortkeyConfig {
  if (rules.length === 0) return config;
  refuseUnfit(config, rules);
  const stands = part(config, (member) => routing.has(member));
  const targets = rules.map((rule, index) => ruleTarget(stands, rule, index));
  return {
    ...part(config, (member) => !routing.has(member)),
    strategy: {
      mode: "conditional",
      conditions: rules.map(({ requestedModel }, index) => conditionOn(requestedModel, nameOf(index))),
      default: asStands,
    },
    targets: [...targets, { ...stands, name: asStands }],
  };
}
