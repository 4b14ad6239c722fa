import { armOf, unitHash } from "../core/assignment.ts";
import { assertNever } from "../core/errors.ts";
import type { PolicyRule, RoutingDecision, Target } from "../core/policy.ts";

/** What a request says about itself; empty text means that it does not say. */
export interface RouteRequest {
  readonly workload: string;
  readonly model: string;
  readonly conversation: string;
  readonly user: string;
}

/** The routing of one org, ready to be looked up. */
export interface OrgRouting {
  readonly policyVersion: number;
  /** Rules by `ruleKey`. */
  readonly rules: ReadonlyMap<string, PolicyRule>;
  /** Providers that the org has an upstream for. */
  readonly providers: ReadonlySet<string>;
}

/** What a rule is looked up by. */
export const ruleKey = (workload: string, model: string): string => `${workload}\n${model}`;

/** The provider of a request that no rule matches: the one that serves this model, else the org's only one. */
const defaultProvider = (org: OrgRouting, model: string, providerOf: (model: string) => string | undefined): string | undefined => {
  const known = providerOf(model);
  if (known !== undefined && org.providers.has(known)) return known;
  const [only] = org.providers;
  return org.providers.size === 1 ? only : undefined;
};

/** Sends a unit to the same arm for as long as the rule's plan stands; who names no unit stays on the old model, outside the measurement. */
const assign = (rule: PolicyRule, request: RouteRequest, policyVersion: number): RoutingDecision => {
  const strategy = rule.strategy;
  switch (strategy.mode) {
    case "single":
      return { target: strategy.target, policyVersion, policyRule: rule.id, arm: null, unit: "" };
    case "holdout": {
      const unitId = strategy.plan.unit === "conversation" ? request.conversation : request.user;
      if (unitId === "") return { target: strategy.control, policyVersion, policyRule: rule.id, arm: null, unit: "" };
      const unit = unitHash(strategy.plan, unitId);
      const arm = armOf(unit, strategy.plan.holdoutShare);
      return { target: strategy[arm], policyVersion, policyRule: rule.id, arm, unit };
    }
    default:
      return assertNever(strategy);
  }
};

/**
 * Chooses where a request goes. The same request under the same policy always goes the same way.
 * A request without the conversation or user that its rule randomises by is never randomised on its own: it goes to the
 * control target with `arm` null and `unit` empty, so that it stays out of the measurement.
 * Undefined where no rule matches and no upstream can be told for the model.
 */
export function route(
  org: OrgRouting,
  request: RouteRequest,
  providerOf: (model: string) => string | undefined,
): RoutingDecision | undefined {
  const rule = org.rules.get(ruleKey(request.workload, request.model));
  if (rule !== undefined) return assign(rule, request, org.policyVersion);
  const provider = defaultProvider(org, request.model, providerOf);
  if (provider === undefined) return undefined;
  const target: Target = { provider, model: request.model };
  return { target, policyVersion: org.policyVersion, policyRule: "", arm: null, unit: "" };
}
