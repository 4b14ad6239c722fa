import type { SnapshotStore } from "../core/actuator-snapshot.ts";
import type { ActuatorName } from "../core/actuator-words.ts";
import type { Actuator } from "../core/policy.ts";
import { createAdminApi } from "./admin-api.ts";
import { createExportActuator, type ExportActuatorDeps } from "./export/index.ts";
import { createGatewayActuator, type GatewayActuatorDeps } from "./gateway/index.ts";
import { explainLitellm } from "./litellm/api.ts";
import { createLitellmActuator, type LitellmActuatorDeps } from "./litellm/index.ts";
import { createPortkeyActuator, type PortkeyActuatorDeps } from "./portkey/index.ts";

/** What each kind of place needs; undefined where it is not configured. */
export interface Places {
  readonly gateway: GatewayActuatorDeps;
  readonly litellm: Omit<LitellmActuatorDeps, "api" | "snapshots"> | undefined;
  readonly portkey: Omit<PortkeyActuatorDeps, "api" | "snapshots"> | undefined;
  readonly export: ExportActuatorDeps | undefined;
}

type Make = (places: Places, snapshots: SnapshotStore) => Actuator | undefined;

/** Every kind of place where policies take effect, in the order in which they are told. */
const actuators = {
  gateway: ({ gateway }) => createGatewayActuator(gateway),
  litellm: ({ litellm }, snapshots) =>
    litellm && createLitellmActuator({ ...litellm, api: createAdminApi({ explain: explainLitellm }), snapshots }),
  portkey: ({ portkey }, snapshots) => portkey && createPortkeyActuator({ ...portkey, api: createAdminApi(), snapshots }),
  export: ({ export: files }) => files && createExportActuator(files),
} satisfies Record<ActuatorName, Make>;

/** The places that are configured. */
export const actuatorsFor = (places: Places, snapshots: SnapshotStore): readonly Actuator[] =>
  Object.values<Make>(actuators).flatMap((make) => make(places, snapshots) ?? []);
