import { randomUUID } from "node:crypto";
import { performance } from "node:perf_hooks";
import type { Logger } from "../core/logger.ts";
import { targetsOf } from "../core/strategy.ts";
import type { UsageEvent } from "../core/usage-event.ts";
import { type AnswerCache, type CachedAnswer, maxCachedBytes } from "./answer-cache.ts";
import { formatOkOf } from "./answer-text.ts";
import type { Candidate } from "./attempt.ts";
import { cacheKeyOf } from "./cache-key.ts";
import { candidateFor, candidatesFor, decide, type ProviderOf } from "./candidates.ts";
import { GatewayError } from "./errors.ts";
import { type BodyLimits, readBody, sendError, watchClient } from "./exchange.ts";
import { promptHashOf } from "./json-call.ts";
import type { KeyLimiter } from "./key-limiter.ts";
import type { LimitedRequest } from "./limited-request.ts";
import type { CallExchange, Passage } from "./passage.ts";
import { describeRequest } from "./request-facts.ts";
import { type Answered, type SideDeps, type SideRequest, serveSide } from "./serve-side.ts";
import type { Shadows } from "./shadows.ts";
import { type AnswerSink, callerSink, keepingSink, release, type Written } from "./sink.ts";
import { usageRow } from "./usage-row.ts";

/** Limits of one exchange, in milliseconds. */
export interface CallLimits extends BodyLimits {
  /** How long an answer is still read after its client has hung up, to learn what it used. */
  readonly drainMs: number;
  /** How long a client may take nothing of its answer. */
  readonly stallMs: number;
}

export interface CallDeps extends SideDeps {
  readonly providerOf: ProviderOf;
  readonly meter: { add(event: UsageEvent): void };
  readonly cache: AnswerCache;
  readonly shadows: Shadows;
  readonly limiter: Pick<KeyLimiter, "admit">;
  readonly now: () => Date;
  readonly log: Pick<Logger, "error">;
  readonly limits: CallLimits;
}

/** Reads a request and decides about it; throws a GatewayError where it cannot be served. */
async function receive(deps: CallDeps, exchange: CallExchange): Promise<Passage> {
  const { endpoint, req, res, org } = exchange;
  const [startedAt, at] = [performance.now(), deps.now()];
  const client = watchClient(res);
  const call = endpoint.parse({ ...exchange.named, bytes: await readBody(req, deps.limits) });
  const id = `req_${randomUUID()}`;
  const request = describeRequest(exchange, call, id);
  const decision = decide(org, endpoint, request, deps.providerOf);
  let hash: string | undefined;
  const promptHash = (): string => {
    hash ??= promptHashOf(call);
    return hash;
  };
  return { ...exchange, id, at, startedAt, call, client, request, decision, promptHash };
}

const label = ({ res, id, decision }: Passage): void => {
  res.setHeader("x-apex-request-id", id);
  res.setHeader("x-apex-policy-version", decision.policyVersion);
  if (decision.arm !== null) res.setHeader("x-apex-arm", decision.arm);
};

/** The caller's end, and when the first byte went to it. */
function openSink({ res, client, startedAt }: Passage, stallMs: number, lateHead: boolean) {
  let firstByteMs: number | null = null;
  const onFirstByte = (): void => {
    firstByteMs ??= performance.now() - startedAt;
  };
  return { sink: callerSink({ res, client, stallMs, onFirstByte, lateHead }), firstByteMs: () => firstByteMs };
}

/** Gives an answer that is kept. */
async function answerFromCache(deps: CallDeps, passage: Passage, { written, facts, provider, model }: CachedAnswer): Promise<void> {
  const { sink, firstByteMs } = openSink(passage, deps.limits.stallMs, false);
  passage.res.setHeader("x-apex-cache", "hit");
  await release(written, sink);
  const latencyMs = performance.now() - passage.startedAt;
  const status = passage.client.gone() ? "aborted" : "ok";
  const outcome = { status, mayBeBilled: false, latencyMs, firstByteMs: firstByteMs() } as const;
  const { finish, tier } = facts;
  deps.meter.add(
    usageRow(passage, {
      ...outcome,
      part: "cached",
      target: { provider, model },
      facts: { model: facts.model, tier, finish, failed: false },
    }),
  );
}

/** Sends a copy to the policy's shadow, where it names one that can be used. */
function sendShadow(deps: CallDeps, passage: Passage): void {
  const { endpoint, org, req, call, decision, id } = passage;
  const { shadow } = decision;
  if (shadow === undefined || !endpoint.metered) return;
  const candidate = candidateFor(org, endpoint, shadow, "is copied by the routing policy to");
  if (candidate instanceof GatewayError) return;
  deps.shadows.send({ candidate, call, req }, (served, latencyMs) => {
    const outcome = { ...served, latencyMs, firstByteMs: null };
    deps.meter.add(usageRow(passage, { ...outcome, id: `${id}_shadow`, part: "shadow", target: shadow }));
  });
}

/** The side's request; each call whose answer the caller does not get leaves a row of its own. */
function sideRequest(deps: CallDeps, passage: Passage, sink: AnswerSink): SideRequest {
  const { endpoint, req, call, client, key, id } = passage;
  let attempts = 0;
  const onAttempt: SideRequest["onAttempt"] = ({ upstream, model }, served, latencyMs) => {
    attempts += 1;
    if (!endpoint.metered) return;
    const target = { provider: upstream.provider, model };
    deps.meter.add(usageRow(passage, { ...served, latencyMs, firstByteMs: null, id: `${id}_${attempts}`, part: "attempt", target }));
  };
  return { endpoint, req, call, client, sink, orgId: key.orgId, drainMs: deps.limits.drainMs, onAttempt };
}

/** Keeps an answer that may be given again. */
const keep = (
  deps: CallDeps,
  { decision }: Passage,
  cacheKey: string,
  { served, candidate }: Answered,
  written: Written | undefined,
): void => {
  if (decision.cacheSeconds === undefined || served.status !== "ok" || written?.status !== 200) return;
  const { upstream, model } = candidate;
  deps.cache.put(cacheKey, { written, facts: served.facts, provider: upstream.provider, model }, decision.cacheSeconds);
};

/** Has a request answered by its side, and meters what that took. */
async function answerBySide(
  deps: CallDeps,
  passage: Passage,
  candidates: readonly [Candidate, ...Candidate[]],
  cacheKey: string | undefined,
): Promise<void> {
  const { endpoint, req, res, call, client, request, decision, startedAt } = passage;
  const { sink, firstByteMs } = openSink(passage, deps.limits.stallMs, candidates.length > 1);
  const keeping = cacheKey !== undefined || request.json ? keepingSink(maxCachedBytes, sink) : undefined;
  const serving = serveSide(deps, sideRequest(deps, passage, keeping ?? sink), decision.side, candidates);
  sendShadow(deps, passage);
  // Hashed while the provider thinks, so that it costs the caller no time.
  if (endpoint.metered) passage.promptHash();
  const answered = await serving;
  const { served, failure, candidate } = answered;
  if (failure?.api.code === "internal_error") deps.log.error("A gateway request failed.", { error: String(failure.cause), id: passage.id });
  if (failure !== undefined && !client.gone()) sendError(req, res, failure.api.status, endpoint.family.errorBody(failure.api));
  const written = keeping?.written();
  if (cacheKey !== undefined) keep(deps, passage, cacheKey, answered, written);
  if (!endpoint.metered) return;
  const latencyMs = performance.now() - startedAt;
  const target = { provider: candidate.upstream.provider, model: candidate.model };
  const formatOk = served.status === "ok" ? formatOkOf(endpoint, call, written) : undefined;
  deps.meter.add(usageRow(passage, { ...served, latencyMs, firstByteMs: firstByteMs(), target, formatOk }));
}

/** What a request may come to, for the limits of its key: every target that it may be sent to. */
const limitedRequest = ({ endpoint, key, call, decision, at, res }: Passage): LimitedRequest => {
  const { family, metered, answersText = true } = endpoint;
  const targets = [...targetsOf(decision.side), ...(decision.shadow === undefined ? [] : [decision.shadow])];
  return { key, family: family.name, call, targets, metered, answersText, at, res };
};

/** Serves one call of an endpoint and meters it: one row for each call of a provider and for each answer from memory, unless the endpoint is free. */
export async function serveCall(deps: CallDeps, exchange: CallExchange): Promise<void> {
  const passage = await receive(deps, exchange);
  const { endpoint, org, decision } = passage;
  const candidates = candidatesFor(org, endpoint, decision);
  label(passage);
  const cacheKey = decision.cacheSeconds === undefined ? undefined : cacheKeyOf(passage);
  const cached = cacheKey === undefined ? undefined : deps.cache.get(cacheKey);
  if (cached !== undefined) return answerFromCache(deps, passage, cached);
  const admitted = await deps.limiter.admit(limitedRequest(passage));
  try {
    await answerBySide(deps, passage, candidates, cacheKey);
  } finally {
    admitted.release();
  }
}
