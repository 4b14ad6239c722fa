import type { Budget, BudgetStore } from "../core/budget.ts";
import type { Author, MemberStore, Platform } from "../core/conversation.ts";
import type { AnyPlatformAdapter } from "../core/delivery.ts";
import type { DigestSchedule, DigestScheduleStore } from "../core/digest-schedule.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import { type PicoUsd, showUsd } from "../core/money.ts";
import type { OrgSettings } from "../core/org-settings.ts";
import type { SavingsLedger } from "../core/savings.ts";
import { calendarOf } from "../core/zone.ts";
import { type HomeFacts, homeCard } from "./home-card.ts";
import { timeText } from "./set-digest.ts";
import type { SpendReport, SpendRequest } from "./spend-report.ts";
import { type StandingDeps, standingOf } from "./standing.ts";
import { digestWeeks } from "./weekly-digest.ts";

export interface HomeDeps extends StandingDeps {
  readonly members: Pick<MemberStore, "installationOf" | "memberOf">;
  readonly settings: Pick<OrgSettings, "zoneOf" | "twoPersonFrom">;
  readonly schedules: Pick<DigestScheduleStore, "of">;
  readonly budgets: Pick<BudgetStore, "list">;
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

const digestText = (schedule: DigestSchedule | undefined): string => (schedule?.active === true ? timeText(schedule) : "off");

/** The org's own budget, and how many others there are. */
function budgetText(budgets: readonly Budget[]): string {
  const own = budgets.find(({ scope }) => scope.kind === "org");
  const others = budgets.length - (own === undefined ? 0 : 1);
  const more = others === 0 ? "" : ` · ${others} for teams and workloads`;
  return `${own === undefined ? "none" : showUsd(own.monthly)}${more}`;
}

async function factsFor(deps: HomeDeps, orgId: Id<"org">, author: Author): Promise<HomeFacts> {
  const asOf = deps.now();
  const zone = await deps.settings.zoneOf(orgId);
  const { week, before } = digestWeeks(zone, asOf);
  const month = { from: new Date(calendarOf(zone).monthStart(asOf.getTime())), to: new Date(asOf.getTime() + 1) };
  const spent = async (period: SpendRequest["period"]) => ({ period, total: (await deps.spend({ orgId, period, by: [], zone })).total });
  const known = await deps.members.memberOf(author);
  const member = known?.orgId === orgId ? known : undefined;
  return {
    org: (await deps.orgs()).find(({ id }) => id === orgId)?.name ?? "your organisation",
    role: member?.role,
    zone,
    month: await spent(month),
    week: await spent(week),
    weekBefore: (await spent(before)).total,
    measured: await deps.ledger.list(orgId),
    standing: await standingOf(deps, { orgId, asOf, platform: author.platform }),
    settings: [
      { name: "Your weekly digest", value: digestText(member === undefined ? undefined : await deps.schedules.of(orgId, member.userId)) },
      { name: "Monthly budget", value: budgetText(await deps.budgets.list(orgId)) },
      { name: "Time zone", value: zone },
      { name: "Admins to approve", value: twoPersons(await deps.settings.twoPersonFrom(orgId)) },
    ],
    orgId,
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
