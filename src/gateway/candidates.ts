import { type ApiFamily, apiFamilyOf } from "../core/gateway-config.ts";
import type { RoutingDecision } from "../core/policy.ts";
import { type Target, targetsOf } from "../core/strategy.ts";
import type { Candidate } from "./attempt.ts";
import { carrierFor } from "./carriers.ts";
import type { Endpoint } from "./endpoint.ts";
import { GatewayError, refuse } from "./errors.ts";
import { type RouteRequest, route } from "./route.ts";
import type { OrgSettings } from "./snapshot.ts";

/** Which providers serve a model by its exact name, where only one does. */
export type ProviderOf = (model: string) => string | undefined;

/** Where a request goes that no rule matches: to who serves the model, else to the org's only provider that speaks this API. */
const providerFor =
  (providerOf: ProviderOf, org: OrgSettings, family: ApiFamily): ProviderOf =>
  (model) => {
    const known = providerOf(model);
    return known !== undefined && org.providers.has(known) ? known : org.onlyOf.get(family);
  };

/** Decides where a request goes; a GatewayError where nobody is known to serve its model. */
export function decide(org: OrgSettings, endpoint: Endpoint, request: RouteRequest, providerOf: ProviderOf): RoutingDecision {
  const decision = route(org, request, providerFor(providerOf, org, endpoint.family.name));
  if (decision !== undefined) return decision;
  throw refuse.unknownModel(
    `No connected provider is known to serve '${request.model}'. Check the name, or ask your admin to connect its provider.`,
    "model",
  );
}

/** The way to a target, or why there is none. */
export function candidateFor(org: OrgSettings, endpoint: Endpoint, { provider, model }: Target, why: string): Candidate | GatewayError {
  const upstream = org.upstreams.get(provider);
  if (upstream === undefined) {
    return refuse.notReady(
      `The routing policy sends '${model}' to ${provider}, which is not connected. Ask your admin to connect it or to roll the policy back.`,
    );
  }
  const carrier = carrierFor(endpoint, apiFamilyOf(provider));
  if (carrier !== undefined) return { model, upstream, carrier };
  return refuse.otherFamily(
    `'${model}' ${why} ${provider}, which does not speak the API of /v1${endpoint.path}. The gateway does not translate this between APIs: call ${provider} in its own API, or ask your admin to roll the policy back.`,
    "model",
  );
}

/** The ways to a decision's targets, those left out that cannot be used; a GatewayError where none can. */
export function candidatesFor(org: OrgSettings, endpoint: Endpoint, decision: RoutingDecision): readonly [Candidate, ...Candidate[]] {
  const why = decision.policyRule === "" ? "is served by" : "is sent by the routing policy to";
  const ways = targetsOf(decision.side).map((target) => candidateFor(org, endpoint, target, why));
  const [first, ...rest] = ways.flatMap((way) => (way instanceof GatewayError ? [] : [way]));
  if (first !== undefined) return [first, ...rest];
  throw ways.find((way) => way instanceof GatewayError) ?? refuse.internal("The routing policy names no target.");
}
