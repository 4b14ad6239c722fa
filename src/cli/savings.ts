import type { Approval } from "../core/approval.ts";
import { divideRounded, fromUsd, showUsd } from "../core/money.ts";
import type { SavingsEntry } from "../core/savings.ts";
import { type Command, exitCode } from "./command.ts";

const show = (amount: string): string => showUsd(fromUsd(amount));

/** An amount per thousand requests: what an estimate for a month and a measurement of a window can be compared in. */
const perThousand = (amount: string, requests: number): string => showUsd(divideRounded(fromUsd(amount) * 1_000n, BigInt(requests)));

/** The estimate and the measurement side by side, per thousand requests; nothing where the estimate names no requests. */
function comparison({ measured }: SavingsEntry, { recommendation: { estimate } }: Approval): readonly string[] {
  const { requests } = estimate;
  if (requests === undefined || measured.treatment.requests === 0) return [];
  const line = (name: string, cells: readonly string[]): string =>
    `  ${name.padEnd(18)} ${cells.map((cell) => cell.padStart(10)).join("")}`;
  const amounts = (of: number, ...values: readonly string[]): readonly string[] => values.map((amount) => perThousand(amount, of));
  return [
    line("per 1,000 requests", ["saving", "low", "high"]),
    line("  estimated", amounts(requests, estimate.mid, estimate.low, estimate.high)),
    line("  measured", amounts(measured.treatment.requests, measured.point, measured.low, measured.high)),
  ];
}

/** One ledger entry in words, its estimate and its measurement side by side and never added. */
export function describeEntry(entry: SavingsEntry, approval: Approval): string {
  const { measured } = entry;
  const { estimate } = approval.recommendation;
  const { control, treatment } = measured;
  return [
    `${entry.id}  ${entry.plan.workload}: ${entry.plan.baselineModel} → ${entry.plan.treatmentModel} (policy version ${entry.policyVersion})`,
    `  window     ${entry.from} to ${entry.to}`,
    `  estimated  ${show(estimate.mid)} a month (${show(estimate.low)} to ${show(estimate.high)}), before the change`,
    `  measured   ${show(measured.point)} in the window (95 % interval ${show(measured.low)} to ${show(measured.high)})`,
    ...comparison(entry, approval),
    `  arms       treatment ${treatment.requests} requests of ${treatment.units} ${entry.plan.unit}s, control ${control.requests} of ${control.units}`,
    `  billable   ${show(entry.billable)} (the lower bound, never below zero); fee ${show(entry.fee)} at ${entry.plan.feeBasisPoints / 100} %`,
    `  exact      point ${measured.point} · low ${measured.low} · high ${measured.high} USD`,
    `  inputs     sha256 ${entry.inputHash}`,
    "",
  ].join("\n");
}

export const savings: Command = {
  usage: "savings [--json]",
  summary: "Shows what approved changes have saved, from the ledger, beside what was estimated.",
  options: { json: { type: "boolean" } },
  wordless: true,
  async run({ app, org, output }, input) {
    const { skipped } = await app.measure(org.id);
    const entries = await app.stores.ledger.list(org.id);
    if (input.flag("json")) {
      output.out(`${JSON.stringify({ entries, not_measured: skipped }, null, 2)}\n`);
      return exitCode.ok;
    }
    for (const entry of entries) output.out(`${describeEntry(entry, await app.stores.approvals.get(org.id, entry.approvalId))}\n`);
    for (const reason of skipped) output.out(`Not measured yet: ${reason}\n`);
    if (entries.length === 0 && skipped.length === 0) {
      output.out(
        'Nothing has been measured: no approved change is in effect. Ask `apex ask "how can we cut our spend?"` and approve a recommendation.\n',
      );
    }
    return exitCode.ok;
  },
};
