import type { GatewayKey, GatewaySnapshot, GatewayStore, Upstream } from "../core/gateway-config.ts";
import type { Id } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import { type OrgRouting, ruleKey } from "./route.ts";

/** One org as the hot path reads it. */
export interface OrgSettings extends OrgRouting {
  readonly upstreams: ReadonlyMap<string, Upstream>;
}

/** All settings of one moment, indexed. */
export interface Settings {
  readonly keys: ReadonlyMap<string, GatewayKey>;
  orgOf(orgId: Id<"org">): OrgSettings;
}

const indexOrg = (snapshot: GatewaySnapshot, orgId: Id<"org">): OrgSettings => {
  const policy = snapshot.policies.get(orgId);
  const upstreams = new Map((snapshot.upstreams.get(orgId) ?? []).map((upstream) => [upstream.provider, upstream]));
  return {
    policyVersion: policy?.version ?? 0,
    rules: new Map((policy?.rules ?? []).map((rule) => [ruleKey(rule.workload, rule.requestedModel), rule])),
    providers: new Set(upstreams.keys()),
    upstreams,
  };
};

/** Indexes a snapshot for lookups by key hash and by workload and model. */
export const indexSnapshot = (snapshot: GatewaySnapshot): Settings => {
  const orgIds = new Set([...snapshot.upstreams.keys(), ...snapshot.policies.keys()]);
  const orgs = new Map([...orgIds].map((orgId) => [orgId, indexOrg(snapshot, orgId)]));
  return {
    keys: new Map(snapshot.keys.map((key) => [key.hash, key])),
    orgOf: (orgId) => orgs.get(orgId) ?? indexOrg(snapshot, orgId),
  };
};

/** The settings held in memory. */
export interface SettingsHolder {
  /** Undefined until the first load has succeeded. */
  current(): Settings | undefined;
  /** Reads the settings anew; whatever was stored before the call is in effect after it. Rejects, keeping the last, where the store fails. */
  refresh(): Promise<void>;
  close(): void;
}

/** Keeps the settings fresh every `everyMs`. A failed refresh keeps the last good ones and is logged when it begins and when it ends. */
export function holdSettings(store: Pick<GatewayStore, "snapshot">, everyMs: number, log: Logger): SettingsHolder {
  let settings: Settings | undefined;
  let running: Promise<void> | undefined;
  let queued: Promise<void> | undefined;
  let failing = false;

  const load = async (): Promise<void> => {
    try {
      settings = indexSnapshot(await store.snapshot());
      if (failing) log.info("The gateway reads its settings again.");
      failing = false;
    } catch (error) {
      if (!failing) log.warn("The gateway could not refresh its settings and keeps the last ones.", { error: String(error) });
      failing = true;
      throw error;
    } finally {
      running = undefined;
    }
  };
  const start = (): Promise<void> => {
    queued = undefined;
    running = load();
    return running;
  };
  const refresh = (): Promise<void> => {
    if (running === undefined) return start();
    queued ??= running.then(start, start);
    return queued;
  };
  // A failure is logged in load(); the next tick tries again.
  const timer = setInterval(() => {
    if (running === undefined) void refresh().catch(() => undefined);
  }, everyMs);
  timer.unref();
  return { current: () => settings, refresh, close: () => clearInterval(timer) };
}
