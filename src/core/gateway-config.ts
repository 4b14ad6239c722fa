import { z } from "zod";
import type { Id } from "./ids.ts";
import type { KeyLimitChanges, KeyLimits } from "./key-limits.ts";
import type { RoutingPolicy } from "./policy.ts";

/** What a key is good for: calling models through the gateway, or sending usage. Never both. */
export const KeyPurpose = z.enum(["gateway", "ingest"]);
export type KeyPurpose = z.infer<typeof KeyPurpose>;

/** Who may call the gateway or send usage, and as what. The key itself is never stored: `hash` is its SHA-256 in hex. */
export interface GatewayKey {
  readonly id: Id<"gatewayKey">;
  readonly orgId: Id<"org">;
  readonly hash: string;
  readonly label: string;
  readonly workload: string;
  readonly team: string;
  /** The project that the key is for. It stands on the key alone: usage has no such column. */
  readonly project: string;
  readonly purpose: KeyPurpose;
  /** What the key is held to; absent: nothing. */
  readonly limits?: KeyLimits;
}

/** What a new key is to be. */
export interface NewKey {
  readonly label: string;
  readonly workload: string;
  readonly team: string;
  readonly project?: string;
  /** The gateway where it is not said. */
  readonly purpose?: KeyPurpose;
  readonly limits?: KeyLimits;
}

/** The APIs of providers that the gateway speaks, named after who made them. */
export type ApiFamily = "openai" | "anthropic" | "gemini";

const ownApis: ReadonlyMap<string, ApiFamily> = new Map([
  ["anthropic", "anthropic"],
  ["google", "gemini"],
]);

/** Which API a provider's upstream speaks: Anthropic and Google their own, every other one OpenAI's or one that is compatible with it. */
export const apiFamilyOf = (provider: string): ApiFamily => ownApis.get(provider) ?? "openai";

/** A service that requests can be sent on to; which API it speaks follows from `provider` (`apiFamilyOf`). */
export interface Upstream {
  readonly provider: string;
  /** Up to and including the version segment, such as "https://api.openai.com/v1". */
  readonly baseUrl: string;
  readonly apiKey: string;
}

/** All that the gateway's hot path needs of one org, held in memory. */
export interface GatewaySnapshot {
  /** Keys whose purpose is the gateway, and no others. */
  readonly keys: readonly GatewayKey[];
  readonly upstreams: ReadonlyMap<Id<"org">, readonly Upstream[]>;
  readonly policies: ReadonlyMap<Id<"org">, RoutingPolicy>;
}

/** What may be changed about a key; absent stays as it is. */
export interface KeyChanges extends KeyLimitChanges {
  readonly project?: string;
}

/** The gateway's settings. Upstream keys are encrypted at rest. */
export interface GatewayStore {
  snapshot(): Promise<GatewaySnapshot>;
  /**
   * Makes a key and gives its text, once. Usage is told apart by label, so a key with a budget or a limit of tokens shares
   * its label with no other gateway key in use: an AppError "conflict".
   */
  createKey(orgId: Id<"org">, key: NewKey): Promise<{ readonly key: GatewayKey; readonly secret: string }>;
  /**
   * The key that Apex itself calls models with: one for each org, made when it is first asked for, derived from the secret key
   * and so neither stored nor shown. It stays revoked where somebody revoked it.
   */
  ownKey(orgId: Id<"org">): Promise<string>;
  /** Changes what a key is held to, and its project; gives the key as it is then. An AppError "conflict" as for `createKey`. */
  changeKey(orgId: Id<"org">, id: Id<"gatewayKey">, changes: KeyChanges): Promise<GatewayKey>;
  /** The keys in use, in the order of their making. */
  keys(orgId: Id<"org">): Promise<readonly GatewayKey[]>;
  /** The key with this hash, whatever its purpose; undefined where there is none or it was revoked. */
  keyWithHash(hash: string): Promise<GatewayKey | undefined>;
  revokeKey(orgId: Id<"org">, id: Id<"gatewayKey">): Promise<void>;
  /** Sets or replaces an upstream of an org. */
  setUpstream(orgId: Id<"org">, upstream: Upstream): Promise<void>;
}

/** The policy version that a gateway process routes each org by; an org that is not named is on 0, no policy. */
export type ServedVersions = ReadonlyMap<Id<"org">, number>;

/** The gateway processes that serve, on whichever machine, and what each of them says it routes by. */
export interface GatewayFleet {
  /** Says that a gateway serves, and by which versions; it counts as alive until it is withdrawn or has said nothing for 5 seconds. */
  report(gateway: Id<"gateway">, versions: ServedVersions): Promise<void>;
  /** Says that a gateway no longer serves. */
  withdraw(gateway: Id<"gateway">): Promise<void>;
  /** The policy version that each living gateway routes an org by, lowest first; empty where none is alive. */
  served(orgId: Id<"org">): Promise<readonly number[]>;
  /** How many gateways are alive. */
  alive(): Promise<number>;
}
