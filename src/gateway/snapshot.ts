import {
  type ApiFamily,
  apiFamilyOf,
  type GatewayKey,
  type GatewaySnapshot,
  type GatewayStore,
  type ServedVersions,
  type Upstream,
} from "../core/gateway-config.ts";
import type { Id } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import { type OrgRouting, ruleKey } from "./route.ts";

/** One org as the hot path reads it. */
export interface OrgSettings extends OrgRouting {
  readonly upstreams: ReadonlyMap<string, Upstream>;
  /** The provider that speaks an API, where the org has just one that does. */
  readonly onlyOf: ReadonlyMap<ApiFamily, string>;
}

/** All settings of one moment, indexed. */
export interface Settings {
  readonly keys: ReadonlyMap<string, GatewayKey>;
  readonly versions: ServedVersions;
  orgOf(orgId: Id<"org">): OrgSettings;
}

const onlyOf = (providers: readonly string[]): Map<ApiFamily, string> => {
  const alone = providers.filter((one) => !providers.some((other) => other !== one && apiFamilyOf(other) === apiFamilyOf(one)));
  return new Map(alone.map((provider) => [apiFamilyOf(provider), provider]));
};

const indexOrg = (snapshot: GatewaySnapshot, orgId: Id<"org">): OrgSettings => {
  const policy = snapshot.policies.get(orgId);
  const upstreams = new Map((snapshot.upstreams.get(orgId) ?? []).map((upstream) => [upstream.provider, upstream]));
  return {
    policyVersion: policy?.version ?? 0,
    rules: new Map((policy?.rules ?? []).map((rule) => [ruleKey(rule.workload, rule.requestedModel), rule])),
    providers: new Set(upstreams.keys()),
    upstreams,
    onlyOf: onlyOf([...upstreams.keys()]),
  };
};

/** Indexes a snapshot for lookups by key hash and by workload and model. */
export const indexSnapshot = (snapshot: GatewaySnapshot): Settings => {
  const orgIds = new Set([...snapshot.upstreams.keys(), ...snapshot.policies.keys()]);
  const orgs = new Map([...orgIds].map((orgId) => [orgId, indexOrg(snapshot, orgId)]));
  return {
    keys: new Map(snapshot.keys.filter(({ purpose }) => purpose === "gateway").map((key) => [key.hash, key])),
    versions: new Map([...snapshot.policies].map(([orgId, { version }]) => [orgId, version])),
    orgOf: (orgId) => orgs.get(orgId) ?? indexOrg(snapshot, orgId),
  };
};

/** The settings held in memory. */
export interface SettingsHolder {
  /** Undefined until the first load has succeeded. */
  current(): Settings | undefined;
  /**
   * Reads the settings anew; whatever was stored before the call is in effect after it. Rejects, keeping the last, where the
   * store fails. Does nothing before start and after close.
   */
  refresh(): Promise<void>;
  /** Reads the settings and keeps them fresh from now on. Rejects where the store fails the first time. */
  start(): Promise<void>;
  /** Stops refreshing; resolves when no load is under way any more. */
  close(): Promise<void>;
}

export interface HolderDeps {
  readonly store: Pick<GatewayStore, "snapshot">;
  readonly everyMs: number;
  readonly log: Logger;
  /** Told of each load once it is in effect; it must not reject. */
  readonly onLoad: (settings: Settings) => Promise<void>;
}

/** Loads the settings; a failure keeps the last good ones and is logged when it begins and when it ends. */
function createLoader({ store, log, onLoad }: HolderDeps) {
  let settings: Settings | undefined;
  let failing = false;
  return {
    current: (): Settings | undefined => settings,
    async load(): Promise<void> {
      try {
        settings = indexSnapshot(await store.snapshot());
        if (failing) log.info("The gateway reads its settings again.");
        failing = false;
      } catch (error) {
        if (!failing) log.warn("The gateway could not refresh its settings and keeps the last ones.", { error: String(error) });
        failing = true;
        throw error;
      }
      await onLoad(settings);
    },
  };
}

/** Holds the settings, fresh every `everyMs` once started. */
export function holdSettings(deps: HolderDeps): SettingsHolder {
  const { current, load } = createLoader(deps);
  let running: Promise<void> | undefined;
  let queued: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let open = false;

  const begin = (): Promise<void> => {
    queued = undefined;
    running = load().finally(() => {
      running = undefined;
    });
    return running;
  };
  const refresh = (): Promise<void> => {
    if (!open) return Promise.resolve();
    if (running === undefined) return begin();
    queued ??= running.then(begin, begin);
    return queued;
  };
  // A failure is logged in load(); the next tick tries again.
  const tick = (): void => {
    if (running === undefined) void refresh().catch(() => undefined);
  };
  return {
    current,
    refresh,
    async start() {
      open = true;
      await refresh();
      timer ??= setInterval(tick, deps.everyMs).unref();
    },
    async close() {
      open = false;
      clearInterval(timer);
      await (queued ?? running)?.catch(() => undefined);
    },
  };
}
