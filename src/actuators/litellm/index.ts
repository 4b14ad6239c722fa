import type { SnapshotStore } from "../../core/actuator-snapshot.ts";
import type { Actuator, PolicyRule } from "../../core/policy.ts";
import type { AdminApi } from "../admin-api.ts";
import { carryOut, shownVersion } from "../kept-settings.ts";
import { perRequestNote, splitOrWhy, splitText } from "../split.ts";
import { createLitellmApi, type LitellmAccess, type LitellmScope } from "./api.ts";
import { createLitellmPlace } from "./place.ts";
import { groupName, type LitellmMapping, mappedRules, wantedAt } from "./wanted.ts";

export interface LitellmActuatorDeps extends LitellmAccess, LitellmMapping {
  readonly api: AdminApi;
  readonly snapshots: SnapshotStore;
  /** How long all instances of the proxy need to take a change up, in milliseconds; 0 where there is one. */
  readonly settleMs: number;
}

/** A read-back that gets no answer is given up after so long, in milliseconds. */
const readBackMs = 20_000;

function sentence(rule: PolicyRule, { kind, id }: LitellmScope): string {
  const split = splitOrWhy(rule);
  if (typeof split === "string") return `LiteLLM: ${split}`;
  return `LiteLLM: for ${rule.workload}, requests of ${kind} ${id} for ${rule.requestedModel} go to the new group ${groupName(rule, split)}: ${splitText(split)}. Nobody else's change.`;
}

const unmapped = (rule: PolicyRule): string => `LiteLLM: nothing changes for ${rule.workload}: LITELLM_SCOPES names no team or key for it.`;

/** A LiteLLM proxy as a place where policies take effect: for one team or key each, by weighted deployments of a group of their own. */
export function createLitellmActuator(deps: LitellmActuatorDeps): Actuator {
  const api = createLitellmApi(deps.api, deps);
  const kept = { name: "litellm", place: createLitellmPlace(api, deps.settleMs), snapshots: deps.snapshots };
  return {
    name: kept.name,
    patienceMs: 60_000 + deps.settleMs,

    plan(next) {
      const mapped = mappedRules(next, deps);
      const others = (next?.rules ?? []).filter((rule) => !deps.scopes.has(rule.workload));
      const divided = mapped.some(({ rule }) => {
        const split = splitOrWhy(rule);
        return typeof split !== "string" && split.length > 1;
      });
      return Promise.resolve([
        ...(mapped.length === 0 ? ["LiteLLM: what Apex changed there is put back as it was."] : []),
        ...mapped.map(({ rule, scope }) => sentence(rule, scope)),
        ...others.map(unmapped),
        ...(divided ? [perRequestNote("LiteLLM")] : []),
      ]);
    },

    apply: (next, orgId) => carryOut(kept, orgId, next?.version ?? 0, (signal) => wantedAt(api, deps, next, signal)),

    async readBack(orgId) {
      return [await shownVersion(kept, orgId, AbortSignal.timeout(readBackMs))];
    },

    trace(_policy, rule) {
      const split = splitOrWhy(rule);
      return deps.scopes.has(rule.workload) && typeof split !== "string"
        ? { source: "litellm", requestedModel: groupName(rule, split) }
        : undefined;
    },
  };
}
