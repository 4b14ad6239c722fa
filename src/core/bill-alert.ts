import { z } from "zod";
import { type Id, idSchema } from "./ids.ts";
import { showUsd, toUsd, UsdAmount } from "./money.ts";
import type { ReadReconciliation } from "./read-reconciliation.ts";
import type { ReconciledProvider } from "./reconciliation.ts";

/** A provider's bill and metered usage that were more than 2 % apart in a window: what a sender needs to tell it. */
export const BillAlert = z.strictObject({
  id: idSchema("billAlert"),
  orgId: idSchema("org"),
  provider: z.string(),
  fromDay: z.iso.date(),
  /** The day after the last one. */
  toDay: z.iso.date(),
  /** Settled days of the window that were compared. */
  days: z.number().int().positive(),
  metered: UsdAmount,
  billed: UsdAmount,
  /** Billed − metered. */
  gap: UsdAmount,
  gapPercent: z.number(),
  /** The whole of it in words. */
  message: z.string(),
  causes: z.array(z.strictObject({ likely: z.string(), evidence: z.string() })),
  createdAt: z.iso.datetime(),
});
export type BillAlert = z.infer<typeof BillAlert>;

/** Alerts, one per org, provider and window. */
export interface BillAlertStore {
  /** Keeps an alert once per provider and window; false where the window has one already. */
  raise(alert: BillAlert): Promise<boolean>;
  /** Alerts raised since a moment that nobody was told, oldest first. */
  untold(orgId: Id<"org">, since: Date): Promise<readonly BillAlert[]>;
  /** The newest alerts of an org, newest first. */
  list(orgId: Id<"org">, limit: number): Promise<readonly BillAlert[]>;
}

/** A gap below a cent is no alert, whatever its share. */
const smallestGap = 10n ** 10n;

const shownDay = (day: string, shift = 0): string =>
  new Date(Date.parse(day) + shift * 86_400_000).toLocaleDateString("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    timeZone: "UTC",
  });

function messageOf({ provider, compared, state, causes }: ReconciledProvider, fromDay: string, toDay: string): string {
  const size = compared.gap < 0n ? -compared.gap : compared.gap;
  const share = Math.abs(compared.gapPercent ?? 0).toFixed(1);
  const what = state === "dark" ? `${showUsd(size)} (${share} %) of it was not metered` : `${showUsd(size)} (${share} %) more was metered`;
  const cause = causes[0] === undefined ? "" : ` Likely: ${causes[0].likely} ${causes[0].evidence}`.trimEnd();
  return `${provider} billed ${showUsd(compared.billed)} from ${shownDay(fromDay)} to ${shownDay(toDay, -1)} (UTC), and ${what}.${cause}`;
}

/** The alerts that a comparison of one window calls for: providers that are more than 2 % off over its settled days. */
export function alertsOf(
  { providers, fromDay, toDay }: Pick<ReadReconciliation, "providers" | "fromDay" | "toDay">,
  orgId: Id<"org">,
  now: Date,
  newId: () => Id<"billAlert">,
): readonly BillAlert[] {
  return providers
    .filter(({ state, dark, overMetered }) => (state === "dark" || state === "over_metered") && dark + overMetered >= smallestGap)
    .map((one) => ({
      id: newId(),
      orgId,
      provider: one.provider,
      fromDay,
      toDay,
      days: one.compared.days,
      metered: toUsd(one.compared.metered),
      billed: toUsd(one.compared.billed),
      gap: toUsd(one.compared.gap),
      gapPercent: one.compared.gapPercent ?? 0,
      message: messageOf(one, fromDay, toDay),
      causes: one.causes.map(({ likely, evidence }) => ({ likely, evidence })),
      createdAt: now.toISOString(),
    }));
}
