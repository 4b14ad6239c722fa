import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { performance } from "node:perf_hooks";
import { type ApiFamily, apiFamilyOf, type GatewayKey, type Upstream } from "../core/gateway-config.ts";
import type { UsageEvent } from "../core/usage-event.ts";
import type { Carrier } from "./carrier.ts";
import { carrierFor } from "./carriers.ts";
import type { Endpoint, Family } from "./endpoint.ts";
import { refuse } from "./errors.ts";
import { type BodyLimits, headerOf, readBody, sendError, watchClient } from "./exchange.ts";
import { type Arrival, type Call, promptHashOf } from "./json-call.ts";
import {
  failedOnWire,
  isEventStream,
  type RelayContext,
  relayFailureOf,
  relayRefusal,
  relayStream,
  relayWhole,
  type Served,
} from "./relay.ts";
import { type RouteRequest, route } from "./route.ts";
import type { OrgSettings } from "./snapshot.ts";
import type { UpstreamClient } from "./upstream.ts";
import { type RequestFacts, usageRow } from "./usage-row.ts";

/** Limits of one exchange, in milliseconds. */
export interface CallLimits extends BodyLimits {
  /** How long an answer is still read after its client has hung up, to learn what it used. */
  readonly drainMs: number;
  /** How long a client may take nothing of its answer. */
  readonly stallMs: number;
}

export interface CallDeps {
  readonly upstreams: UpstreamClient;
  readonly providerOf: (model: string) => string | undefined;
  readonly meter: { add(event: UsageEvent): void };
  readonly now: () => Date;
  readonly limits: CallLimits;
}

/** One authenticated request. */
export interface CallExchange {
  readonly endpoint: Endpoint;
  /** What the request's address says besides its path. */
  readonly named: Omit<Arrival, "bytes">;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly key: GatewayKey;
  readonly org: OrgSettings;
}

const describe = (req: IncomingMessage, key: GatewayKey, call: Call): RouteRequest => ({
  workload: headerOf(req, "x-apex-workload") || key.workload,
  model: call.model,
  conversation: headerOf(req, "x-apex-conversation"),
  user: headerOf(req, "x-apex-user") || call.user,
});

/** Where a request goes that no rule matches: to who serves the model, else to the org's only provider that speaks this API. */
const providerFor =
  (deps: CallDeps, org: OrgSettings, family: ApiFamily) =>
  (model: string): string | undefined => {
    const known = deps.providerOf(model);
    return known !== undefined && org.providers.has(known) ? known : org.onlyOf.get(family);
  };

const choose = (
  deps: CallDeps,
  { endpoint, org }: CallExchange,
  request: RouteRequest,
): { decision: RequestFacts["decision"]; upstream: Upstream; carrier: Carrier } => {
  const family = endpoint.family.name;
  const decision = route(org, request, providerFor(deps, org, family));
  if (decision === undefined) {
    throw refuse.unknownModel(
      `No connected provider is known to serve '${request.model}'. Check the name, or ask your admin to connect its provider.`,
      "model",
    );
  }
  const { provider } = decision.target;
  const upstream = org.upstreams.get(provider);
  if (upstream === undefined) {
    throw refuse.notReady(
      `The routing policy sends '${request.model}' to ${provider}, which is not connected. Ask your admin to connect it or to roll the policy back.`,
    );
  }
  const carrier = carrierFor(endpoint, apiFamilyOf(provider));
  if (carrier === undefined) {
    const why = decision.policyRule === "" ? "is served by" : "is sent by the routing policy to";
    throw refuse.otherFamily(
      `'${request.model}' ${why} ${provider}, which does not speak the API of /v1${endpoint.path}. The gateway does not translate between APIs yet: call ${provider} in its own API, or ask your admin to roll the policy back.`,
      "model",
    );
  }
  return { decision, upstream, carrier };
};

/** The headers to send on: the gateway's own credentials at the provider, and those of the caller's that belong to the API. */
const headersFor = (family: Family, upstream: Upstream, req: IncomingMessage): Record<string, string | undefined> => ({
  ...Object.fromEntries(Object.entries(family.passedHeaders).map(([name, standard]) => [name, headerOf(req, name) || standard])),
  ...family.credentials(upstream.apiKey),
});

const label = (res: ServerResponse, facts: Pick<RequestFacts, "id" | "decision">): void => {
  res.setHeader("x-apex-request-id", facts.id);
  res.setHeader("x-apex-policy-version", facts.decision.policyVersion);
  if (facts.decision.arm !== null) res.setHeader("x-apex-arm", facts.decision.arm);
};

interface Sending {
  readonly req: IncomingMessage;
  readonly context: RelayContext;
  /** The caller's family, in whose format it is told of a failure. */
  readonly family: Family;
  readonly upstream: Upstream;
  readonly model: string;
}

/** Sends the request on and relays the answer; whatever happens then, it is known afterwards how the request ended. Rejects where nothing can be sent. */
const serve = async (deps: CallDeps, { req, context, family, upstream, model }: Sending): Promise<Served> => {
  const { carrier, call } = context;
  const path = carrier.path(call, model);
  const body = carrier.request(call, model);
  const abort = new AbortController();
  let drain: NodeJS.Timeout | undefined;
  context.client.onGone(() => {
    drain = setTimeout(() => abort.abort(), deps.limits.drainMs);
  });
  try {
    const answer = await deps.upstreams.send({
      upstream,
      path,
      body,
      headers: headersFor(carrier.family, upstream, req),
      signal: abort.signal,
    });
    if (answer.statusCode < 200 || answer.statusCode > 299) return await relayRefusal(answer, context);
    return await (isEventStream(answer) ? relayStream(answer, context) : relayWhole(answer, context));
  } catch (cause) {
    const failure = relayFailureOf(upstream.provider, cause);
    const { api } = failure.error;
    if (!context.client.gone()) sendError(req, context.res, api.status, family.errorBody(api));
    return failedOnWire(failure, context.client);
  } finally {
    clearTimeout(drain);
  }
};

/** Serves one call of an endpoint and meters it: one usage row for each request that was sent on, unless the endpoint is free. */
export async function serveCall(deps: CallDeps, exchange: CallExchange): Promise<void> {
  const { endpoint, req, res, key } = exchange;
  const startedAt = performance.now();
  const at = deps.now();
  const client = watchClient(res);
  const call = endpoint.parse({ ...exchange.named, bytes: await readBody(req, deps.limits) });
  const request = describe(req, key, call);
  const { decision, upstream, carrier } = choose(deps, exchange, request);
  const id = `req_${randomUUID()}`;
  label(res, { id, decision });
  let firstByteMs: number | null = null;
  const onFirstByte = (): void => {
    firstByteMs ??= performance.now() - startedAt;
  };
  const context: RelayContext = { res, call, carrier, client, provider: upstream.provider, stallMs: deps.limits.stallMs, onFirstByte };
  const serving = serve(deps, { req, context, family: endpoint.family, upstream, model: decision.target.model });
  // Hashed while the provider thinks, so that it costs the caller no time.
  const promptHash = endpoint.metered ? promptHashOf(call) : "";
  const served = await serving;
  if (!endpoint.metered) return;
  const latencyMs = performance.now() - startedAt;
  deps.meter.add(usageRow({ id, at, key, request, decision, promptHash }, { ...served, latencyMs, firstByteMs }));
}
