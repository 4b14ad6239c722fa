import { z } from "zod";
import { type Id, idSchema } from "./ids.ts";
import { RuleRollout } from "./rollout.ts";
import { type Side, Strategy, type Target } from "./strategy.ts";

/** One rule: requests of a workload for a model go by a strategy. */
export const PolicyRule = z.strictObject({
  /** Stable over versions, so that measurement can follow a rule. */
  id: z.string().min(1),
  workload: z.string().min(1),
  requestedModel: z.string().min(1),
  strategy: Strategy,
  /** For so long the same request of the org and workload gets the same answer again, from the gateway's memory. Absent: never. */
  cacheSeconds: z.number().int().positive().max(604_800).optional(),
  approvalId: idSchema("approval"),
  /** Where the change stands in its rollout, and its guardrails; absent where it has neither. */
  rollout: RuleRollout.optional(),
});
export type PolicyRule = z.infer<typeof PolicyRule>;

/** All routing rules of an org at one version. Never changed once stored; version 0 is "no rules" and is not stored. */
export const RoutingPolicy = z.strictObject({
  id: idSchema("policy"),
  orgId: idSchema("org"),
  version: z.number().int().positive(),
  rules: z.array(PolicyRule),
  createdAt: z.iso.datetime(),
});
export type RoutingPolicy = z.infer<typeof RoutingPolicy>;

/** What the gateway chose for a request, and why. */
export interface RoutingDecision {
  /** How the request is served: by which targets, in which order. */
  readonly side: Side;
  /** A model that gets a copy of the request besides. */
  readonly shadow?: Target;
  /** For how long the answer may be given again. */
  readonly cacheSeconds?: number;
  readonly policyVersion: number;
  /** Id of the rule that matched; empty where none did. */
  readonly policyRule: string;
  readonly arm: "treatment" | "control" | null;
  /** Hash of the randomisation unit; empty where no rule needed one. */
  readonly unit: string;
}

/** Which policy an org runs on. A version of 0 means none. */
export interface PolicyStore {
  active(
    orgId: Id<"org">,
  ): Promise<{ readonly version: number; readonly policy: RoutingPolicy | undefined; readonly since: Date | undefined }>;
  version(orgId: Id<"org">, version: number): Promise<RoutingPolicy | undefined>;
  latestVersion(orgId: Id<"org">): Promise<number>;
  /**
   * Stores a new version and makes it the active one, all or nothing; `nth` says which of the versions that the approval makes
   * it is, from 0, which is meant where it is not said. Gives false, storing nothing, where the active version is no longer
   * `expectedActive`; an AppError "conflict" where the version or the approval's nth one stands already.
   */
  publish(policy: RoutingPolicy, expectedActive: number, by: Id<"approval">, nth?: number): Promise<boolean>;
  /** Moves the pointer to an older version (0: none); false where the active version is no longer `expectedActive`. */
  movePointer(orgId: Id<"org">, to: number, expectedActive: number): Promise<boolean>;
  /** The first version that an approval made, where it made one. */
  publishedBy(approvalId: Id<"approval">): Promise<RoutingPolicy | undefined>;
  /** All versions that an approval made, oldest first, and the one that each took over from; undefined where that is not kept. */
  madeBy(approvalId: Id<"approval">): Promise<readonly { readonly version: number; readonly base: number | undefined }[]>;
  /** Spans in which each version was active, oldest first; `to` is null for the one that still is. */
  activations(orgId: Id<"org">): Promise<readonly { readonly version: number; readonly from: Date; readonly to: Date | null }[]>;
}

/** The usage rows that show that a rule is followed at a place: those of our gateway name the rule, others the model that was asked for, and the one that served. */
export type RuleTrace =
  | { readonly source: "gateway"; readonly policyVersion: number; readonly policyRule: string }
  | { readonly source: "litellm"; readonly requestedModel: string; readonly model?: string };

/** A place where an approved policy takes effect. */
export interface Actuator {
  readonly name: string;
  /** How long it has until it must show a new version, in milliseconds; 10 s where not said. */
  readonly patienceMs?: number;
  /** Whether an org's policies take effect there; every org's do where it is not said. */
  serves?(orgId: Id<"org">): Promise<boolean>;
  /** What would change, in a sentence each. */
  plan(next: RoutingPolicy | undefined): Promise<readonly string[]>;
  apply(next: RoutingPolicy | undefined, orgId: Id<"org">): Promise<void>;
  /** The version that each process there serves now, 0 for none; empty where no process runs: it takes the active version up when it starts. */
  readBack(orgId: Id<"org">): Promise<readonly number[]>;
  /** Which usage shows a rule in traffic; undefined where none that we read can. */
  trace?(policy: RoutingPolicy, rule: PolicyRule): RuleTrace | undefined;
}
