import { armOf, unitHash } from "../core/assignment.ts";
import { assertNever } from "../core/errors.ts";
import type { PolicyRule, RoutingDecision } from "../core/policy.ts";
import type { Condition, PlainStrategy, Side, Sticky } from "../core/strategy.ts";

/** What a request says about itself; empty text means that it does not say. */
export interface RouteRequest {
  readonly workload: string;
  readonly model: string;
  readonly conversation: string;
  readonly user: string;
  /** The request's own id, by which it is assigned where nothing sticks. */
  readonly id: string;
  readonly task: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly bodyBytes: number;
  readonly json: boolean;
  readonly tools: boolean;
  readonly stream: boolean;
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

/** Tokens that a request's body comes to, at four bytes each. */
const estimatedTokens = (bodyBytes: number): number => bodyBytes / 4;

const fits = (when: Condition, request: RouteRequest): boolean =>
  Object.entries(when.tags ?? {}).every(([name, value]) => request.tags.get(name) === value) &&
  (when.tasks === undefined || when.tasks.includes(request.task)) &&
  (when.inputTokensAtLeast === undefined || estimatedTokens(request.bodyBytes) >= when.inputTokensAtLeast) &&
  (when.inputTokensBelow === undefined || estimatedTokens(request.bodyBytes) < when.inputTokensBelow) &&
  (when.json === undefined || when.json === request.json) &&
  (when.tools === undefined || when.tools === request.tools) &&
  (when.stream === undefined || when.stream === request.stream);

/** Which side was chosen, and as what it is measured. */
type Choice = Pick<RoutingDecision, "side" | "shadow" | "arm" | "unit">;

const unmeasured = (side: Side): Choice => ({ side, arm: null, unit: "" });

/** A split by a hash: who names no unit stays on the old side, outside any measurement. */
const split = (
  sides: { readonly control: Side; readonly treatment: Side },
  by: { readonly seed: string; readonly unit: Sticky; readonly controlShare: number },
  request: RouteRequest,
): Choice => {
  const unitId = by.unit === "conversation" ? request.conversation : request.user;
  if (unitId === "") return unmeasured(sides.control);
  const unit = unitHash(by, unitId);
  const arm = armOf(unit, by.controlShare);
  return { side: sides[arm], arm, unit };
};

/** A place in [0, 1) that follows from the unit where one sticks and is named, else from the request alone. */
const placeOf = (ruleId: string, sticky: Sticky | undefined, request: RouteRequest): number => {
  const unitId = sticky === undefined ? "" : sticky === "conversation" ? request.conversation : request.user;
  const hash = unitHash({ seed: ruleId, unit: sticky ?? "conversation" }, unitId === "" ? request.id : unitId);
  return Number.parseInt(hash.slice(0, 12), 16) / 2 ** 48;
};

const weighted = (ruleId: string, strategy: Extract<PlainStrategy, { mode: "weighted" }>, request: RouteRequest): Side => {
  const total = strategy.choices.reduce((sum, { weight }) => sum + weight, 0);
  let left = placeOf(ruleId, strategy.sticky, request) * total;
  const chosen = strategy.choices.find(({ weight }) => {
    left -= weight;
    return left < 0;
  });
  return (chosen ?? strategy.choices[0]).to;
};

const chooseBy = (ruleId: string, strategy: PlainStrategy, request: RouteRequest): Choice => {
  switch (strategy.mode) {
    case "single":
      return unmeasured(strategy.target);
    case "fallback":
    case "cascade":
      return unmeasured(strategy);
    case "weighted":
      return unmeasured(weighted(ruleId, strategy, request));
    case "canary":
      return split(strategy, { seed: ruleId, unit: strategy.sticky, controlShare: 1 - strategy.share }, request);
    case "holdout":
      return split(strategy, { ...strategy.plan, controlShare: strategy.plan.holdoutShare }, request);
    case "shadow": {
      const copied = placeOf(ruleId, undefined, request) < strategy.share;
      return { ...unmeasured(strategy.target), ...(copied ? { shadow: strategy.shadow } : {}) };
    }
    default:
      return assertNever(strategy);
  }
};

const chooseFor = ({ id, strategy }: PolicyRule, request: RouteRequest): Choice => {
  if (strategy.mode !== "conditional") return chooseBy(id, strategy, request);
  const fitting = strategy.cases.find(({ when }) => fits(when, request));
  return chooseBy(id, fitting?.use ?? strategy.otherwise, request);
};

/**
 * Chooses where a request goes. The same request under the same policy always goes the same way.
 * A request without the conversation or user that its rule randomises by is never randomised on its own: it goes to the
 * control side with `arm` null and `unit` empty, so that it stays out of the measurement.
 * Undefined where no rule matches and no upstream can be told for the model.
 */
export function route(
  org: OrgRouting,
  request: RouteRequest,
  providerOf: (model: string) => string | undefined,
): RoutingDecision | undefined {
  const { policyVersion } = org;
  const rule = org.rules.get(ruleKey(request.workload, request.model));
  if (rule !== undefined) {
    const cache = rule.cacheSeconds === undefined ? {} : { cacheSeconds: rule.cacheSeconds };
    return { ...chooseFor(rule, request), policyVersion, policyRule: rule.id, ...cache };
  }
  const provider = defaultProvider(org, request.model, providerOf);
  if (provider === undefined) return undefined;
  return { ...unmeasured({ provider, model: request.model }), policyVersion, policyRule: "" };
}
