import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { performance } from "node:perf_hooks";
import type { GatewayKey, Upstream } from "../core/gateway-config.ts";
import type { UsageEvent } from "../core/usage-event.ts";
import { refuse } from "./errors.ts";
import { type BodyLimits, headerOf, readBody, sendError, watchClient } from "./exchange.ts";
import { type ChatCall, parseChatCall, promptHashOf, rewriteChatCall } from "./providers/openai/request.ts";
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
export interface ChatLimits extends BodyLimits {
  /** How long an answer is still read after its client has hung up, to learn what it used. */
  readonly drainMs: number;
  /** How long a client may take nothing of its answer. */
  readonly stallMs: number;
}

export interface ChatDeps {
  readonly upstreams: UpstreamClient;
  readonly providerOf: (model: string) => string | undefined;
  readonly meter: { add(event: UsageEvent): void };
  readonly now: () => Date;
  readonly limits: ChatLimits;
}

/** One authenticated request. */
export interface ChatExchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly key: GatewayKey;
  readonly org: OrgSettings;
}

const describe = (req: IncomingMessage, key: GatewayKey, call: ChatCall): RouteRequest => ({
  workload: headerOf(req, "x-apex-workload") || key.workload,
  model: call.model,
  conversation: headerOf(req, "x-apex-conversation"),
  user: headerOf(req, "x-apex-user") || call.user,
});

const choose = (deps: ChatDeps, org: OrgSettings, request: RouteRequest): { decision: RequestFacts["decision"]; upstream: Upstream } => {
  const decision = route(org, request, deps.providerOf);
  if (decision === undefined) {
    throw refuse.unknownModel(
      `No connected provider is known to serve '${request.model}'. Check the name, or ask your admin to connect its provider.`,
      "model",
    );
  }
  const upstream = org.upstreams.get(decision.target.provider);
  if (upstream === undefined) {
    throw refuse.notReady(
      `The routing policy sends '${request.model}' to ${decision.target.provider}, which is not connected. Ask your admin to connect it or to roll the policy back.`,
    );
  }
  return { decision, upstream };
};

const label = (res: ServerResponse, facts: Pick<RequestFacts, "id" | "decision">): void => {
  res.setHeader("x-apex-request-id", facts.id);
  res.setHeader("x-apex-policy-version", facts.decision.policyVersion);
  if (facts.decision.arm !== null) res.setHeader("x-apex-arm", facts.decision.arm);
};

/** Sends the request on and relays the answer; whatever happens, it is known afterwards how the request ended. */
const serve = async (
  deps: ChatDeps,
  {
    req,
    context,
    call,
    upstream,
    model,
  }: { req: IncomingMessage; context: RelayContext; call: ChatCall; upstream: Upstream; model: string },
): Promise<Served> => {
  const abort = new AbortController();
  let drain: NodeJS.Timeout | undefined;
  context.client.onGone(() => {
    drain = setTimeout(() => abort.abort(), deps.limits.drainMs);
  });
  try {
    const answer = await deps.upstreams.send(upstream, "/chat/completions", rewriteChatCall(call, model), abort.signal);
    if (answer.statusCode < 200 || answer.statusCode > 299) return await relayRefusal(answer, context);
    return await (isEventStream(answer) ? relayStream(answer, context, !call.asksUsage) : relayWhole(answer, context));
  } catch (cause) {
    const failure = relayFailureOf(upstream.provider, cause);
    if (!context.client.gone()) sendError(req, context.res, failure.error.api);
    return failedOnWire(failure, context.client);
  } finally {
    clearTimeout(drain);
  }
};

/** Serves POST /v1/chat/completions and meters it: one usage row for each request that was sent on. */
export async function serveChat(deps: ChatDeps, { req, res, key, org }: ChatExchange): Promise<void> {
  const startedAt = performance.now();
  const at = deps.now();
  const client = watchClient(res);
  const call = parseChatCall(await readBody(req, deps.limits));
  const request = describe(req, key, call);
  const { decision, upstream } = choose(deps, org, request);
  const id = `req_${randomUUID()}`;
  label(res, { id, decision });
  let firstByteMs: number | null = null;
  const onFirstByte = (): void => {
    firstByteMs ??= performance.now() - startedAt;
  };
  const context: RelayContext = { res, client, provider: upstream.provider, stallMs: deps.limits.stallMs, onFirstByte };
  const serving = serve(deps, { req, context, call, upstream, model: decision.target.model });
  // Hashed while the provider thinks, so that it costs the caller no time.
  const promptHash = promptHashOf(call);
  const served = await serving;
  const latencyMs = performance.now() - startedAt;
  deps.meter.add(usageRow({ id, at, key, request, decision, promptHash }, { ...served, latencyMs, firstByteMs }));
}
