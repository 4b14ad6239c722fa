import { createAdminApi } from "../../src/actuators/admin-api.ts";
import { explainLitellm, type LitellmScope } from "../../src/actuators/litellm/api.ts";
import { createLitellmActuator } from "../../src/actuators/litellm/index.ts";
import type { SnapshotStore } from "../../src/core/actuator-snapshot.ts";
import type { Actuator } from "../../src/core/policy.ts";
import { type FakeApi, startFakeApi } from "../setup/fake-api.ts";
import { type LitellmState, litellmAdmin, litellmState, masterKey } from "../setup/litellm-admin.ts";

const support: LitellmScope = { kind: "team", id: "team-support" };

export interface LitellmRig {
  readonly api: FakeApi;
  readonly state: LitellmState;
  /** An actuator at this proxy. */
  at(options?: {
    readonly scope?: LitellmScope;
    readonly key?: string;
    readonly timeoutMs?: number;
    readonly credentials?: ReadonlyMap<string, string>;
  }): Actuator;
}

/** A stand-in of a LiteLLM proxy, and actuators at it. */
export async function startLitellm(snapshots: SnapshotStore): Promise<LitellmRig> {
  const state = litellmState();
  const api = await startFakeApi(litellmAdmin(state));
  return {
    api,
    state,
    at: ({ scope = support, key = masterKey, timeoutMs = 5_000, credentials = new Map() } = {}) =>
      createLitellmActuator({
        baseUrl: api.url,
        masterKey: key,
        scopes: new Map<string, LitellmScope>([["coding", scope]]),
        credentials,
        settleMs: 0,
        api: createAdminApi({ explain: explainLitellm, firstPauseMs: 1, timeoutMs }),
        snapshots,
      }),
  };
}
