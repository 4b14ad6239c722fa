import { AppError } from "../../core/errors.ts";
import type { Id } from "../../core/ids.ts";
import type { UsageEvent } from "../../core/usage-event.ts";
import type { Filters, UsageScope } from "../../core/usage-store.ts";

/** Behind an org's id where its generated usage is stored; no id of an org holds this sign. */
const besides = "/synthetic";

/** The org that an org's generated usage is stored under. */
export const generatedOf = (orgId: Id<"org">): string => `${orgId}${besides}`;

/** Whether filters ask for generated usage. An AppError where they ask for real usage too: a total of both would say nothing. */
export function asksGenerated({ source = [] }: Filters): boolean {
  if (!source.includes("synthetic")) return false;
  if (source.some((name) => name !== "synthetic"))
    throw new AppError("bad_input", "Generated usage is never added to real usage: ask for the source “synthetic” by itself.");
  return true;
}

/**
 * The org that an event is stored under. Generated usage stands beside the org's own, as another org's would: no query of real usage, of
 * whatever kind, can reach it.
 */
export const storedOrg = ({ orgId, source }: Pick<UsageEvent, "orgId" | "source">): string =>
  source === "synthetic" ? generatedOf(orgId) : orgId;

/** The org that a query reads: what is stored beside an org where the filters name the source "synthetic", the org's own usage everywhere else. */
export const readOrg = ({ orgId, filters }: Pick<UsageScope, "orgId" | "filters">): string =>
  asksGenerated(filters) ? generatedOf(orgId) : orgId;
