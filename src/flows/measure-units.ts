import type { SavingsPlan } from "../core/savings.ts";
import type { UnitBaseline } from "../core/unit-outcome.ts";
import type { QueryText, RoutedQuery, UsageReader } from "../core/usage-store.ts";
import { type HoldoutResult, measureHoldout } from "../stats/measure-holdout.ts";

/** What stored rows of a rule come to by its plan, and the queries that gave them. */
export interface MeasuredUnits {
  readonly holdout: HoldoutResult;
  readonly query: QueryText;
  /** Where units are adjusted by what they cost before the change. */
  readonly baselineQuery: QueryText | undefined;
}

const none: { readonly rows: readonly UnitBaseline[]; readonly query: undefined } = { rows: [], query: undefined };

/** Measures a rule of a policy version over a period from stored rows by its plan: the one way in which it is measured and verified. */
export async function measureUnits(
  usage: Pick<UsageReader, "unitOutcomes" | "unitBaselines">,
  plan: SavingsPlan,
  request: RoutedQuery,
): Promise<MeasuredUnits> {
  const { rows, query } = await usage.unitOutcomes(request);
  const { protocol } = plan;
  const before =
    protocol?.covariate !== "cost_before"
      ? none
      : await usage.unitBaselines({
          orgId: request.orgId,
          period: { from: new Date(protocol.baseline.from), to: new Date(protocol.baseline.to) },
          plan,
        });
  return { holdout: measureHoldout(plan, rows, before.rows), query, baselineQuery: before.query };
}
