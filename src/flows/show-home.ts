import type { Author, MemberStore, Platform } from "../core/conversation.ts";
import type { AnyPlatformAdapter } from "../core/delivery.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import { type PicoUsd, showUsd } from "../core/money.ts";
import type { OrgSettings } from "../core/org-settings.ts";
import type { SavingsLedger } from "../core/savings.ts";
import { calendarOf } from "../core/zone.ts";
import { type HomeFacts, homeCard } from "./home-card.ts";
import type { SpendReport, SpendRequest } from "./spend-report.ts";
import { type StandingDeps, standingOf } from "./standing.ts";
import { digestWeeks } from "./weekly-digest.ts";

export interface HomeDeps extends StandingDeps {
  readonly members: Pick<MemberStore, "installationOf" | "memberOf">;
  readonly settings: Pick<OrgSettings, "zoneOf" | "twoPersonFrom">;
  readonly ledger: Pick<SavingsLedger, "list">;
  readonly orgs: () => Promise<readonly { readonly id: Id<"org">; readonly name: string }[]>;
  readonly spend: (request: SpendRequest) => Promise<SpendReport>;
  readonly adapterFor: (platform: Platform) => Pick<AnyPlatformAdapter, "showHome"> | undefined;
  readonly log: Logger;
}

const twoPersons = (from: PicoUsd | undefined): string => {
  if (from === undefined) return "one is enough";
  return from <= 0n ? "two for every change" : `two from ${showUsd(from)} a month`;
};

async function factsFor(deps: HomeDeps, orgId: Id<"org">, author: Author): Promise<HomeFacts> {
  const asOf = deps.now();
  const zone = await deps.settings.zoneOf(orgId);
  const { week, before } = digestWeeks(zone, asOf);
  const month = { from: new Date(calendarOf(zone).monthStart(asOf.getTime())), to: new Date(asOf.getTime() + 1) };
  const spent = async (period: SpendRequest["period"]) => ({ period, total: (await deps.spend({ orgId, period, by: [], zone })).total });
  const member = await deps.members.memberOf(author);
  return {
    org: (await deps.orgs()).find(({ id }) => id === orgId)?.name ?? "your organisation",
    role: member?.orgId === orgId ? member.role : undefined,
    zone,
    month: await spent(month),
    week: await spent(week),
    weekBefore: (await spent(before)).total,
    measured: await deps.ledger.list(orgId),
    standing: await standingOf(deps, { orgId, asOf, platform: author.platform }),
    settings: [
      { name: "Time zone", value: zone },
      { name: "Admins to approve", value: twoPersons(await deps.settings.twoPersonFrom(orgId)) },
    ],
    forms: [],
  };
}

/**
 * Draws someone's home on a platform that has one: from what is stored now, as far as their role allows now. Nothing for people of
 * workspaces that are not connected. Twice is the same as once; failures that may pass are thrown, for the queue to try again.
 */
export async function showHome(deps: HomeDeps, author: Author): Promise<void> {
  const show = deps.adapterFor(author.platform)?.showHome;
  const installation = await deps.members.installationOf(author.platform, author.workspace);
  if (show === undefined || installation === undefined || installation.removed) return;
  try {
    await show(author, homeCard(await factsFor(deps, installation.orgId, author)));
  } catch (error) {
    if (!(error instanceof AppError) || error.retry) throw error;
    deps.log.warn("Someone's home could not be drawn.", { platform: author.platform, workspace: author.workspace, error: error.message });
  }
}
