import type { Breakers } from "../core/breaker.ts";
import type { AnswerCheck, Side } from "../core/strategy.ts";
import { fallbackStatuses } from "../core/strategy.ts";
import { passesChecks } from "./answer-check.ts";
import { type Attempt, type Candidate, type Replaceable, type Tried, tryCandidate } from "./attempt.ts";
import type { Endpoint } from "./endpoint.ts";
import { GatewayError } from "./errors.ts";
import type { Served } from "./relay.ts";
import { keepingSink, release } from "./sink.ts";
import type { UpstreamClient } from "./upstream.ts";

export interface SideDeps {
  readonly upstreams: UpstreamClient;
  readonly breakers: Breakers;
}

/** One request as a side serves it. */
export interface SideRequest extends Pick<Attempt, "call" | "req" | "client" | "sink" | "drainMs"> {
  /** Of which org the targets are, for their breakers. */
  readonly orgId: string;
  readonly endpoint: Endpoint;
  /** Told of each call whose answer the caller does not get, with how long it took, in milliseconds. */
  readonly onAttempt: (candidate: Candidate, served: Served, ms: number) => void;
}

/** How a request was served: by whom, and what is to be told the caller where the sink has got nothing. */
export interface Answered {
  readonly candidate: Candidate;
  readonly served: Served;
  readonly failure: GatewayError | undefined;
}

type Candidates = readonly [Candidate, ...Candidate[]];

/** The largest answer that a cascade holds back to check it; a larger one is escalated. */
const maxHeldBytes = 8 * 1024 * 1024;

const breakerKey = (orgId: string, { upstream, model }: Candidate): string => `${orgId}\n${upstream.provider}\n${model}`;

/** Tries one candidate and tells its breaker how it went. */
async function tryOne(
  { upstreams, breakers }: SideDeps,
  request: SideRequest,
  candidate: Candidate,
  change: Pick<Attempt, "sink" | "replaceable">,
): Promise<Tried> {
  const { call, req, client, drainMs, orgId } = request;
  const tried = await tryCandidate(upstreams, { candidate, call, req, client, drainMs, ...change });
  const key = breakerKey(orgId, candidate);
  if (tried.outOfOrder) breakers.failed(key);
  else if (tried.served.status === "ok") breakers.succeeded(key);
  return tried;
}

/** The candidates in their order, those with an open breaker left out unless they are the last. */
const allowed = ({ breakers }: SideDeps, orgId: string, candidates: Candidates): Candidates => {
  const last = candidates.at(-1) ?? candidates[0];
  const [first, ...rest] = candidates.filter((candidate) => candidate === last || breakers.allows(breakerKey(orgId, candidate)));
  return first === undefined ? [last] : [first, ...rest];
};

/** The error that is to be told where a call cannot be put to a provider; anything else is thrown on. */
const asRefusal = (error: unknown): GatewayError => {
  if (error instanceof GatewayError) return error;
  throw error;
};

async function inOrder(deps: SideDeps, request: SideRequest, candidates: Candidates, replaceable: Replaceable): Promise<Answered> {
  const open = candidates.length === 1 ? candidates : allowed(deps, request.orgId, candidates);
  const { sink, client } = request;
  const last = open.at(-1) ?? open[0];
  for (const candidate of open.slice(0, -1)) {
    const begun = performance.now();
    const tried = await tryOne(deps, request, candidate, { sink, replaceable }).catch(asRefusal);
    // Nothing was sent to who cannot be told the call.
    if (tried instanceof GatewayError) continue;
    if (tried.failure === undefined || client.gone()) return { candidate, ...tried };
    request.onAttempt(candidate, tried.served, performance.now() - begun);
  }
  return { candidate: last, ...(await tryOne(deps, request, last, { sink, replaceable: undefined })) };
}

/** The cheap candidate's answer where it passes the checks; undefined where the strong one is to answer. The cheap one is paid for either way. */
async function cheaply(
  deps: SideDeps,
  request: SideRequest,
  cheap: Candidate,
  checks: readonly AnswerCheck[],
): Promise<Answered | undefined> {
  if (!deps.breakers.allows(breakerKey(request.orgId, cheap))) return undefined;
  const held = keepingSink(maxHeldBytes);
  const begun = performance.now();
  const attempt = { sink: held, replaceable: { on: () => true, timeoutMs: undefined } };
  const tried = await tryOne(deps, request, cheap, attempt).catch(asRefusal);
  // Nothing was sent to who cannot be told the call.
  if (tried instanceof GatewayError) return undefined;
  const { served } = tried;
  const written = held.written();
  if (request.client.gone()) return { candidate: cheap, served, failure: tried.failure };
  const { endpoint, call } = request;
  if (served.status === "ok" && written !== undefined && passesChecks(checks, { endpoint, call, written, facts: served.facts })) {
    await release(written, request.sink);
    return { candidate: cheap, served, failure: undefined };
  }
  request.onAttempt(cheap, served, performance.now() - begun);
  return undefined;
}

async function cascade(
  deps: SideDeps,
  request: SideRequest,
  [cheap, strong]: readonly [Candidate, Candidate],
  checks: readonly AnswerCheck[],
): Promise<Answered> {
  const answered = await cheaply(deps, request, cheap, checks);
  return answered ?? { candidate: strong, ...(await tryOne(deps, request, strong, { sink: request.sink, replaceable: undefined })) };
}

/** Serves a request by its side, whose usable targets the candidates are. */
export function serveSide(deps: SideDeps, request: SideRequest, side: Side, candidates: Candidates): Promise<Answered> {
  const [first, second] = candidates;
  if ("mode" in side && side.mode === "cascade" && second !== undefined) return cascade(deps, request, [first, second], side.checks);
  const { onStatuses = fallbackStatuses, timeoutMs } = "mode" in side && side.mode === "fallback" ? side : {};
  return inOrder(deps, request, candidates, { on: (status) => onStatuses.includes(status), timeoutMs });
}
