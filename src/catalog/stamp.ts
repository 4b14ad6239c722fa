import type { PicoUsd } from "../core/money.ts";
import type { PricedUsageEvent, UsageEvent } from "../core/usage-event.ts";

/** What an event costs, by which price row, or why that is unknown. */
export interface Stamp {
  readonly cost: PicoUsd | null;
  readonly priceVersion: string;
  readonly unpricedReason: string;
}

/** The members of an event that most do not have; absent stays absent. */
const rareNames = ["units", "region", "charged", "bandTokens", "unmetered", "part", "finish", "formatOk"] as const;

/** What an event has of them. */
function rareOf(event: UsageEvent): Pick<UsageEvent, (typeof rareNames)[number]> | undefined {
  const { units, region, charged, bandTokens, unmetered, part, finish, formatOk } = event;
  if (rareNames.every((name) => event[name] === undefined)) return undefined;
  return {
    ...(units === undefined ? {} : { units }),
    ...(region === undefined ? {} : { region }),
    ...(charged === undefined ? {} : { charged }),
    ...(bandTokens === undefined ? {} : { bandTokens }),
    ...(unmetered === undefined ? {} : { unmetered }),
    ...(part === undefined ? {} : { part }),
    ...(finish === undefined ? {} : { finish }),
    ...(formatOk === undefined ? {} : { formatOk }),
  };
}

/** An event with its stamp. Every member is named: copying an object of so many with `...` takes ten times as long, and every event passes here. */
export function stamped(event: UsageEvent, { cost, priceVersion, unpricedReason }: Stamp): PricedUsageEvent {
  const priced: PricedUsageEvent = {
    id: event.id,
    orgId: event.orgId,
    source: event.source,
    at: event.at,
    provider: event.provider,
    requestedModel: event.requestedModel,
    model: event.model,
    tier: event.tier,
    requests: event.requests,
    tokens: event.tokens,
    workload: event.workload,
    team: event.team,
    user: event.user,
    apiKey: event.apiKey,
    conversation: event.conversation,
    status: event.status,
    latencyMs: event.latencyMs,
    firstByteMs: event.firstByteMs,
    promptHash: event.promptHash,
    prefixHashes: event.prefixHashes,
    prefixBlockTokens: event.prefixBlockTokens,
    policyVersion: event.policyVersion,
    policyRule: event.policyRule,
    arm: event.arm,
    unit: event.unit,
    cost,
    priceVersion,
    unpricedReason,
  };
  const rare = rareOf(event);
  return rare === undefined ? priced : Object.assign(priced, rare);
}
