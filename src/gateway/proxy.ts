import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createBreakers } from "../core/breaker.ts";
import type { GatewayFleet, GatewayKey, GatewayStore } from "../core/gateway-config.ts";
import type { Id } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import type { UsageEvent } from "../core/usage-event.ts";
import { createAnswerCache } from "./answer-cache.ts";
import { endpointAt, familyAt, servedPaths } from "./endpoints.ts";
import { asGatewayError, refuse } from "./errors.ts";
import { headerOf, sendError } from "./exchange.ts";
import { defaultGatewayLimits, type GatewayLimits } from "./gateway-limits.ts";
import { createKeyLimiter, type KeyLimiter } from "./key-limiter.ts";
import { createMeter, type Meter } from "./meter.ts";
import { modelsAt, serveModels } from "./models.ts";
import { createPresence } from "./presence.ts";
import { type RequestTarget, targetOf } from "./request-target.ts";
import { type CallDeps, serveCall } from "./serve-call.ts";
import { createShadows } from "./shadows.ts";
import { holdSettings, type OrgSettings, type Settings } from "./snapshot.ts";
import type { SpendSource } from "./spend-watch.ts";
import { createUpstreamClient } from "./upstream.ts";

export interface GatewayDeps {
  readonly store: Pick<GatewayStore, "snapshot">;
  /** Where a gateway that has been started says which policy versions it serves. */
  readonly fleet: Pick<GatewayFleet, "report" | "withdraw">;
  /** Prices and stores usage; called off the hot path, in batches. The same events again must change nothing. */
  readonly recordUsage: (events: readonly UsageEvent[]) => Promise<void>;
  /** Where it is learnt what keys have spent of their budgets; absent: keys with a budget are refused. */
  readonly spend?: SpendSource;
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

/** The gateway, which speaks the APIs of OpenAI, Anthropic and Google, to be put behind an HTTP server for everything under /v1/ and /v1beta/. */
export interface Gateway {
  handle(req: IncomingMessage, res: ServerResponse): void;
  /**
   * Trusts an upstream's address in this process, however private: what the operator says, never what is stored. Requests go to no
   * other address that is not https and public.
   */
  trust(baseUrl: string): void;
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

/** The key that a request comes with, wherever its API has it; empty where it has none. */
const secretOf = (req: IncomingMessage, target: RequestTarget): string =>
  /^Bearer\s+(\S+)$/i.exec(headerOf(req, "authorization"))?.[1] ??
  (headerOf(req, "x-api-key") || headerOf(req, "x-goog-api-key") || (familyAt(target.path).name === "gemini" ? target.key : ""));

const authenticate = (settings: Settings, secret: string): GatewayKey => {
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

const authorise = (settings: Settings | undefined, secret: string): Authorised => {
  if (settings === undefined) throw refuse.notReady("The gateway has not loaded its settings yet. Try again in a few seconds.");
  const key = authenticate(settings, secret);
  return { key, org: settings.orgOf(key.orgId) };
};

interface Dispatch {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly target: RequestTarget;
  readonly authorise: () => Authorised;
}

/** Answers one request or throws what is to be shown. */
const dispatch = async (deps: CallDeps, { req, res, target, authorise }: Dispatch): Promise<void> => {
  const { path, query } = target;
  const match = endpointAt(path);
  const method = match !== undefined ? "POST" : modelsAt(path) !== undefined ? "GET" : undefined;
  if (method === undefined)
    throw refuse.unknownUrl(
      `The gateway does not serve ${req.method ?? ""} ${path}. It serves POST ${servedPaths.join(", ")} and GET /v1/models.`,
    );
  if (req.method !== method) throw refuse.badMethod(`${path} takes ${method}, not ${req.method ?? "nothing"}.`);
  const { key, org } = authorise();
  if (match === undefined) return serveModels(deps.upstreams, org, target, res);
  const { endpoint, model, verb } = match;
  return serveCall(deps, { endpoint, named: { model, verb, query }, req, res, key, org });
};

/** Work under way, to be waited for at the end. */
const followed = () => {
  const works = new Set<Promise<void>>();
  return {
    follow(work: Promise<void>): void {
      const ended = work.finally(() => works.delete(ended));
      works.add(ended);
    },
    over: async (): Promise<void> => void (await Promise.all(works)),
  };
};

const waitAtMost = async (work: Promise<unknown>, ms: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
};

/** The meter, and the limiter that hears of every row: as it is metered, and as it is stored. */
const createMetering = (
  deps: GatewayDeps,
  limits: GatewayLimits,
  keys: () => Iterable<GatewayKey>,
): { limiter: KeyLimiter; meter: Meter } => {
  const limiter = createKeyLimiter({ ...deps, spend: deps.spend, keys, limits });
  const meter = createMeter({
    ...deps,
    limits,
    async recordUsage(events) {
      await deps.recordUsage(events);
      limiter.stored(events);
    },
  });
  return {
    limiter,
    meter: {
      ...meter,
      add(event) {
        limiter.count(event);
        meter.add(event);
      },
    },
  };
};

/** What calls are served with. */
const callsOf = (deps: GatewayDeps, limits: GatewayLimits, parts: Pick<CallDeps, "upstreams" | "meter" | "limiter">): CallDeps => ({
  ...parts,
  providerOf: deps.providerOf,
  now: deps.now,
  log: deps.log,
  limits,
  breakers: createBreakers(limits, () => performance.now()),
  cache: createAnswerCache(limits.cacheBytes, () => performance.now()),
  shadows: createShadows(parts.upstreams, limits.shadowsAtOnce),
});

/** Answers a request, whatever comes of it, in the format of the API that it calls. */
const answering =
  (deps: Pick<GatewayDeps, "log">, calls: CallDeps, settings: () => Settings | undefined) =>
  async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const target = targetOf(req);
    try {
      await dispatch(calls, { req, res, target, authorise: () => authorise(settings(), secretOf(req, target)) });
    } catch (thrown) {
      const error = asGatewayError(thrown);
      if (error.api.code === "internal_error") deps.log.error("A gateway request failed.", { error: String(thrown), path: target.path });
      sendError(req, res, error.api.status, familyAt(target.path).errorBody(error.api));
    }
  };

/** Makes the gateway. Its hot path reads memory alone. Call `start` before serving; until a load succeeds it answers 503. */
export function createGateway(deps: GatewayDeps): Gateway {
  const limits: GatewayLimits = { ...defaultGatewayLimits, ...deps.limits };
  const presence = createPresence(deps.fleet, deps.log);
  const settings = holdSettings({ store: deps.store, everyMs: limits.refreshMs, log: deps.log, onLoad: presence.report });
  const upstreams = createUpstreamClient(limits, deps.random);
  const { limiter, meter } = createMetering(deps, limits, () => settings.current()?.keys.values() ?? []);
  const calls = callsOf(deps, limits, { upstreams, meter, limiter });
  const inFlight = followed();

  const answer = answering(deps, calls, settings.current);
  const handle = (req: IncomingMessage, res: ServerResponse): void => {
    res.on("error", () => undefined);
    inFlight.follow(answer(req, res));
  };
  const close = async (): Promise<void> => {
    limiter.close();
    await waitAtMost(settings.close().then(presence.withdraw), 3_000);
    await waitAtMost(Promise.all([inFlight.over(), calls.shadows.idle()]), limits.closeMs);
    await upstreams.close();
    await waitAtMost(inFlight.over(), 1_000);
    await meter.close();
  };
  return {
    handle,
    trust: upstreams.trust,
    async start() {
      await settings.start();
      await limiter.start();
    },
    refresh: settings.refresh,
    effectiveVersion: (orgId) => settings.current()?.orgOf(orgId).policyVersion ?? 0,
    flush: meter.flush,
    close,
  };
}
