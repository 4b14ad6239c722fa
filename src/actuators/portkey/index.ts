import type { PlaceValue, SnapshotStore } from "../../core/actuator-snapshot.ts";
import { canonicalJson } from "../../core/canonical.ts";
import { AppError } from "../../core/errors.ts";
import type { Actuator, PolicyRule, RoutingPolicy } from "../../core/policy.ts";
import type { AdminApi } from "../admin-api.ts";
import { carryOut, type SettingsPlace, shownVersion } from "../kept-settings.ts";
import { perRequestNote, refuseOverlap, splitOrWhy, splitText } from "../split.ts";
import { createPortkeyApi, type PortkeyAccess, type PortkeyApi } from "./api.ts";
import { type PortkeyConfig, withRules } from "./config-edit.ts";

export interface PortkeyActuatorDeps extends PortkeyAccess {
  /** The slug of the config that a workload's requests come with. */
  readonly configs: ReadonlyMap<string, string>;
  readonly api: AdminApi;
  readonly snapshots: SnapshotStore;
}

/** A read-back that gets no answer is given up after so long, in milliseconds. */
const readBackMs = 20_000;

const placeOf = (api: PortkeyApi): SettingsPlace => ({
  title: "Portkey",
  settleMs: 0,
  describe: (slug) => `the config ${slug}`,
  rank: () => 0,
  async read(slugs, signal) {
    const values = new Map<string, PlaceValue>();
    for (const slug of slugs) values.set(slug, await api.config(slug, signal));
    return values;
  },
  async write(slug, from, to, signal) {
    if (canonicalJson(await api.config(slug, signal)) !== canonicalJson(from))
      throw new AppError("conflict", `Somebody changes the config ${slug} at Portkey at this moment; it was not overwritten. Try again.`);
    if (typeof to !== "object" || to === null) throw new AppError("internal", `The config ${slug} cannot be taken away.`);
    await api.setConfig(slug, to, signal);
  },
});

/** The rules of a policy by the config that they change. */
function byConfig({ configs }: Pick<PortkeyActuatorDeps, "configs">, policy: RoutingPolicy | undefined) {
  const rules = new Map<string, PolicyRule[]>();
  for (const rule of policy?.rules ?? []) {
    const slug = configs.get(rule.workload);
    if (slug !== undefined) rules.set(slug, [...(rules.get(slug) ?? []), rule]);
  }
  return rules;
}

/** What a config is to become: made from what stood before our first change, so that rules never pile up. */
async function wantedAt(
  api: PortkeyApi,
  rules: ReadonlyMap<string, readonly PolicyRule[]>,
  before: ReadonlyMap<string, PlaceValue>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, PlaceValue>> {
  const wanted = new Map<string, PlaceValue>();
  for (const [slug, ofConfig] of rules) {
    const stood = before.get(slug);
    const base: PortkeyConfig =
      typeof stood === "object" && stood !== null && !Array.isArray(stood) ? stood : await api.config(slug, signal);
    refuseOverlap(ofConfig, `The Portkey config ${slug}`);
    wanted.set(slug, withRules(base, ofConfig));
  }
  return wanted;
}

function sentence(slug: string, rule: PolicyRule): string {
  const split = splitOrWhy(rule);
  if (typeof split === "string") return `Portkey: ${split}`;
  return `Portkey: requests that come with config ${slug} and ask for ${rule.requestedModel} go ${splitText(split)}. All others go where they went.`;
}

function sentences(deps: Pick<PortkeyActuatorDeps, "configs">, next: RoutingPolicy | undefined): readonly string[] {
  const rules = byConfig(deps, next);
  const made = [...rules].flatMap(([slug, ofConfig]) => ofConfig.map((rule) => sentence(slug, rule)));
  const others = (next?.rules ?? []).filter(({ workload }) => !deps.configs.has(workload));
  return [
    ...(made.length === 0 ? ["Portkey: configs that Apex changed are put back as they were."] : made),
    ...others.map(({ workload }) => `Portkey: nothing changes for ${workload}: PORTKEY_CONFIGS names no config for it.`),
    ...(made.length > 0 ? [perRequestNote("Portkey")] : []),
  ];
}

/** Portkey as a place where policies take effect: in the config that a workload's requests come with. Nothing of its traffic is read, so nothing shows it there. */
export function createPortkeyActuator(deps: PortkeyActuatorDeps): Actuator {
  const api = createPortkeyApi(deps.api, deps);
  const kept = { name: "portkey", place: placeOf(api), snapshots: deps.snapshots };
  return {
    name: kept.name,
    patienceMs: 30_000,
    plan: (next) => Promise.resolve(sentences(deps, next)),
    apply: (next, orgId) =>
      carryOut(kept, orgId, next?.version ?? 0, (signal, { settings }) =>
        wantedAt(api, byConfig(deps, next), new Map(settings.map(({ key, before }) => [key, before])), signal),
      ),
    async readBack(orgId) {
      return [await shownVersion(kept, orgId, AbortSignal.timeout(readBackMs))];
    },
  };
}
