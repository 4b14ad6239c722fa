import { toUsd } from "../core/money.ts";
import type { ReadReconciliation } from "../core/read-reconciliation.ts";
import type { ReconciledProvider } from "../core/reconciliation.ts";
import type { Sums } from "../core/spend-sums.ts";
import { inputTokens, outputTokens } from "../core/tokens.ts";
import type { SpendReport } from "./spend-report.ts";

const sumsOf = ({ cost, requests, tokens, unpricedRequests, unpricedTokens }: Sums) => ({
  usd: toUsd(cost),
  requests,
  input_tokens: inputTokens(tokens),
  output_tokens: outputTokens(tokens),
  unpriced_requests: unpricedRequests,
  unpriced_tokens: unpricedTokens,
});

const apartOf = (apart: ReconciledProvider["apart"]): Record<string, string> =>
  Object.fromEntries(Object.entries(apart).map(([kind, amount]) => [kind, toUsd(amount ?? 0n)]));

/** What was billed beside what was metered, as JSON; amounts are USD text with twelve decimals, null where there is no bill. */
export const reconciliationDocument = ({ fromDay, toDay, connected, providers }: ReadReconciliation) => ({
  from_day: fromDay,
  to_day: toDay,
  bills_connected: connected,
  providers: providers.map(({ provider, compared, dark, overMetered, unsettled, noBill, apart, state, causes, days, ...rest }) => ({
    provider,
    state,
    compared: {
      days: compared.days,
      metered_usd: toUsd(compared.metered),
      billed_usd: toUsd(compared.billed),
      gap_usd: toUsd(compared.gap),
      gap_percent: compared.gapPercent,
    },
    dark_usd: toUsd(dark),
    over_metered_usd: toUsd(overMetered),
    unsettled: { days: unsettled.days, metered_usd: toUsd(unsettled.metered), billed_usd: toUsd(unsettled.billed) },
    no_bill: { days: noBill.days, metered_usd: toUsd(noBill.metered) },
    billed_apart_usd: apartOf(apart),
    unpriced_requests: rest.unpricedRequests,
    unpriced_tokens: rest.unpricedTokens,
    likely_causes: causes,
    days: days.map((day) => ({
      day: day.day,
      state: day.state,
      metered_usd: toUsd(day.metered),
      requests: day.requests,
      unpriced_requests: day.unpricedRequests,
      unpriced_tokens: day.unpricedTokens,
      billed_usd: day.billed === null ? null : toUsd(day.billed),
      billed_apart_usd: apartOf(day.apart),
      gap_usd: day.gap === null ? null : toUsd(day.gap),
      gap_percent: day.gapPercent,
    })),
  })),
});

/** The document that `apex spend --json` and GET /api/usage/spend give; amounts are USD text with twelve decimals. */
export const spendDocument = ({ period, zone, by, total, groups, days, utcDays, bills }: SpendReport) => ({
  from: period.from.toISOString(),
  to: period.to.toISOString(),
  zone,
  by,
  total: sumsOf(total),
  groups: groups.map(({ key, sums }) => ({ ...key, ...sumsOf(sums) })),
  days: days.map(({ day, sums }) => ({ day, ...sumsOf(sums) })),
  /** In the total, and told by UTC day alone: these sources do not say when in the day. */
  utc_days: utcDays.map(({ source, day, sums }) => ({ source, day, ...sumsOf(sums) })),
  /** Billed and not metered, on settled days: in no total. Null: no bill is connected. */
  dark:
    bills === null ? null : bills.providers.filter(({ dark }) => dark > 0n).map(({ provider, dark }) => ({ provider, usd: toUsd(dark) })),
});
