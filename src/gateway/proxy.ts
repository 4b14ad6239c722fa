import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { GatewayFleet, GatewayKey, GatewayStore } from "../core/gateway-config.ts";
import type { Id } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import type { UsageEvent } from "../core/usage-event.ts";
import { createAnswerCache } from "./answer-cache.ts";
import { type BreakerLimits, createBreakers } from "./breaker.ts";
import { endpoints, familyAt } from "./endpoints.ts";
import { asGatewayError, refuse } from "./errors.ts";
import { headerOf, sendError } from "./exchange.ts";
import { createMeter, type Meter, type MeterLimits } from "./meter.ts";
import { serveModels } from "./models.ts";
import { createPresence } from "./presence.ts";
import { type CallDeps, type CallLimits, serveCall } from "./serve-call.ts";
import { createShadows } from "./shadows.ts";
import { holdSettings, type OrgSettings, type Settings } from "./snapshot.ts";
import { createUpstreamClient, type UpstreamClient, type UpstreamLimits } from "./upstream.ts";

/** All limits of the gateway; times in milliseconds. */
export interface GatewayLimits extends CallLimits, UpstreamLimits, MeterLimits, BreakerLimits {
  readonly refreshMs: number;
  /** How long `close` waits for requests in flight. */
  readonly closeMs: number;
  /** How much of answers is kept to be given again, in bytes. */
  readonly cacheBytes: number;
  /** How many copies for shadows may be under way; more are not sent. */
  readonly shadowsAtOnce: number;
}

/** The limits that hold where nothing else is said. */
export const defaultGatewayLimits: GatewayLimits = {
  bodyLimitBytes: 20 * 1024 * 1024,
  bodyTimeoutMs: 60_000,
  drainMs: 15_000,
  stallMs: 120_000,
  connectTimeoutMs: 5_000,
  headersTimeoutMs: 600_000,
  idleTimeoutMs: 120_000,
  attempts: 3,
  retryBaseMs: 200,
  maxRetryAfterMs: 2_000,
  flushMs: 250,
  batchSize: 1_000,
  writeTimeoutMs: 30_000,
  retryMs: 500,
  maxRetryMs: 30_000,
  refreshMs: 1_000,
  closeMs: 20_000,
  cacheBytes: 64 * 1024 * 1024,
  shadowsAtOnce: 32,
  breakerFailures: 5,
  breakerMs: 10_000,
  breakerMaxMs: 120_000,
};

export interface GatewayDeps {
  readonly store: Pick<GatewayStore, "snapshot">;
  /** Where a gateway that has been started says which policy versions it serves. */
  readonly fleet: Pick<GatewayFleet, "report" | "withdraw">;
  /** Prices and stores usage; called off the hot path, in batches. The same events again must change nothing. */
  readonly recordUsage: (events: readonly UsageEvent[]) => Promise<void>;
  /** Which provider serves a model by this exact name, where only one does. */
  readonly providerOf: (model: string) => string | undefined;
  /** Where usage waits while its store is away; one process per folder. */
  readonly spoolDir: string;
  /** Whether the folder is this process's own yet; until then it is not touched. Always, where not said. */
  readonly mayUseSpool?: () => boolean;
  readonly log: Logger;
  readonly now: () => Date;
  /** Jitter of retries, in [0, 1). */
  readonly random: () => number;
  readonly limits?: Partial<GatewayLimits>;
}

/** The gateway, which speaks the APIs of OpenAI and Anthropic, to be put behind an HTTP server for everything under /v1/. */
export interface Gateway {
  handle(req: IncomingMessage, res: ServerResponse): void;
  /** Loads the settings, keeps them fresh and reports them from now on; rejects where the store fails the first time. */
  start(): Promise<void>;
  /** Loads the settings anew and reports them, between start and close; rejects, keeping the last ones, where the store fails. */
  refresh(): Promise<void>;
  /** The policy version that requests of an org are routed by right now; 0 for none. */
  effectiveVersion(orgId: Id<"org">): number;
  /** Resolves when all usage so far is stored; false where some had to stay on disk or in memory. */
  flush(): Promise<boolean>;
  /** Lets requests in flight end, then stores or spools all usage. */
  close(): Promise<void>;
}

const authenticate = (settings: Settings, req: IncomingMessage): GatewayKey => {
  const secret = /^Bearer\s+(\S+)$/i.exec(headerOf(req, "authorization"))?.[1] ?? headerOf(req, "x-api-key");
  if (secret === "")
    throw refuse.badKey(
      "You did not provide an API key. Send your gateway key in the header Authorization: Bearer KEY, or x-api-key: KEY.",
    );
  const key = settings.keys.get(createHash("sha256").update(secret).digest("hex"));
  if (key === undefined) throw refuse.badKey("Incorrect API key provided. Use a key that your Apex admin made for this gateway.");
  return key;
};

interface Authorised {
  readonly key: GatewayKey;
  readonly org: OrgSettings;
}

const authorise = (settings: Settings | undefined, req: IncomingMessage): Authorised => {
  if (settings === undefined) throw refuse.notReady("The gateway has not loaded its settings yet. Try again in a few seconds.");
  const key = authenticate(settings, req);
  return { key, org: settings.orgOf(key.orgId) };
};

const pathOf = (req: IncomingMessage): string => (req.url ?? "").split("?", 1)[0] ?? "";

/** Answers one request or throws what is to be shown. */
const dispatch = async (deps: CallDeps, req: IncomingMessage, res: ServerResponse, authorise: () => Authorised): Promise<void> => {
  const path = pathOf(req);
  const endpoint = endpoints.get(path);
  const method = endpoint !== undefined ? "POST" : path === "/v1/models" ? "GET" : undefined;
  if (method === undefined)
    throw refuse.unknownUrl(
      `The gateway does not serve ${req.method ?? ""} ${path}. It serves POST ${[...endpoints.keys()].join(", ")} and GET /v1/models.`,
    );
  if (req.method !== method) throw refuse.badMethod(`${path} takes ${method}, not ${req.method ?? "nothing"}.`);
  const { key, org } = authorise();
  await (endpoint !== undefined ? serveCall(deps, { endpoint, req, res, key, org }) : serveModels(deps.upstreams, org, res));
};

const waitAtMost = async (work: Promise<unknown>, ms: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
};

const callDeps = (deps: GatewayDeps, limits: GatewayLimits, upstreams: UpstreamClient, meter: Meter): CallDeps => ({
  upstreams,
  providerOf: deps.providerOf,
  meter,
  now: deps.now,
  limits,
  breakers: createBreakers(limits, () => performance.now()),
  cache: createAnswerCache(limits.cacheBytes, () => performance.now()),
  shadows: createShadows(upstreams, limits.shadowsAtOnce),
});

/** Makes the gateway. Its hot path reads memory alone. Call `start` before serving; until a load succeeds it answers 503. */
export function createGateway(deps: GatewayDeps): Gateway {
  const limits: GatewayLimits = { ...defaultGatewayLimits, ...deps.limits };
  const presence = createPresence(deps.fleet, deps.log);
  const settings = holdSettings({ store: deps.store, everyMs: limits.refreshMs, log: deps.log, onLoad: presence.report });
  const upstreams = createUpstreamClient(limits, deps.random);
  const meter = createMeter({ ...deps, limits });
  const calls = callDeps(deps, limits, upstreams, meter);
  const inFlight = new Set<Promise<void>>();

  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    try {
      await dispatch(calls, req, res, () => authorise(settings.current(), req));
    } catch (thrown) {
      const error = asGatewayError(thrown);
      if (error.api.code === "internal_error") deps.log.error("A gateway request failed.", { error: String(thrown), url: req.url });
      sendError(req, res, error.api.status, familyAt(pathOf(req)).errorBody(error.api));
    }
  };
  const handle = (req: IncomingMessage, res: ServerResponse): void => {
    res.on("error", () => undefined);
    const work = answer(req, res).finally(() => inFlight.delete(work));
    inFlight.add(work);
  };
  const close = async (): Promise<void> => {
    await waitAtMost(settings.close().then(presence.withdraw), 3_000);
    await waitAtMost(Promise.all([...inFlight, calls.shadows.idle()]), limits.closeMs);
    await upstreams.close();
    await waitAtMost(Promise.all(inFlight), 1_000);
    await meter.close();
  };
  return {
    handle,
    start: settings.start,
    refresh: settings.refresh,
    effectiveVersion: (orgId) => settings.current()?.orgOf(orgId).policyVersion ?? 0,
    flush: meter.flush,
    close,
  };
}
