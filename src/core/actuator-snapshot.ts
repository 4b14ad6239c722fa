import { z } from "zod";
import type { Id } from "./ids.ts";

/** What stands at a place, as JSON; null: nothing does. */
export const PlaceValue = z.json();
export type PlaceValue = z.infer<typeof PlaceValue>;

/** One setting that an actuator changed at a place, and what stood there. */
export const KeptSetting = z.strictObject({
  /** Names the setting within its place. */
  key: z.string().min(1),
  /** What stood before our first change: taking everything back restores it. */
  before: PlaceValue,
  /** What stood before our last change, which a crash may have kept from being written. */
  previous: PlaceValue,
  /** What our last change leaves there. */
  written: PlaceValue,
});
export type KeptSetting = z.infer<typeof KeptSetting>;

/** What an actuator has done at a place for an org: written down before it is done. */
export const PlaceSnapshot = z.strictObject({
  /** The policy version that `written` carries out; 0: none. */
  version: z.number().int().nonnegative(),
  previousVersion: z.number().int().nonnegative(),
  settings: z.array(KeptSetting),
});
export type PlaceSnapshot = z.infer<typeof PlaceSnapshot>;

/** Snapshots of what stood at places before they were changed. Sealed at rest. */
export interface SnapshotStore {
  load(orgId: Id<"org">, actuator: string): Promise<PlaceSnapshot | undefined>;
  save(orgId: Id<"org">, actuator: string, snapshot: PlaceSnapshot): Promise<void>;
  /**
   * Runs `work` while nobody else changes this org's place, over all processes; an AppError "busy" where someone does.
   * The signal says that its time (100 s) is up.
   */
  exclusively<T>(orgId: Id<"org">, actuator: string, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}
