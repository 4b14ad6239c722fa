import { BilledCharge, type BillingLedger } from "../core/billing.ts";
import { sha256 } from "../core/canonical.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { BilledSummary, ChargeRow, SkippedRow } from "../core/import.ts";
import { fromUsd, type PicoUsd, showUsd, toUsd } from "../core/money.ts";

/** More different lines than any bill of AI has in the months of one file; what is held in memory does not grow beyond. */
const mostLines = 250_000;
const mostNotes = 10;
const dayMs = 24 * 3_600_000;

const dayAfter = (day: string): string => new Date(Date.parse(day) + dayMs).toISOString().slice(0, 10);

/** What makes rows the same line of a bill. */
const keyOf = (charge: BilledCharge): string =>
  [charge.origin, charge.day, charge.source, charge.provider, charge.kind, charge.account, charge.model, charge.lineItem].join("\0");

/** A line of a bill with the sum of its rows. */
interface Summed {
  readonly charge: BilledCharge;
  amount: PicoUsd;
}

/** What the files of one export say. */
export interface CollectedCharges {
  readonly lines: readonly Summed[];
  /** Of each bill, the days that the files show. */
  readonly covered: ReadonlyMap<string, ReadonlySet<string>>;
  /** What is special about rows, and of how many. */
  readonly notes: ReadonlyMap<string, number>;
  readonly skipped: number;
}

/** Lines of bills as they come out of files, summed up by line and UTC day. */
export interface ChargeCollector {
  add(row: ChargeRow | SkippedRow): void;
  collected(): CollectedCharges;
}

/** Days that follow one another, as spans. */
function runsOf(days: Iterable<string>): readonly { readonly fromDay: string; readonly toDay: string }[] {
  const runs: { fromDay: string; toDay: string }[] = [];
  for (const day of [...days].sort()) {
    const last = runs.at(-1);
    if (last?.toDay === day) last.toDay = dayAfter(day);
    else runs.push({ fromDay: day, toDay: dayAfter(day) });
  }
  return runs;
}

/** All bills of an org from one day to another, by provider and day, and their sum. */
async function billedIn(
  ledger: BillingLedger,
  orgId: Id<"org">,
  days: { readonly first: string; readonly last: string } | undefined,
): Promise<{ readonly byProviderDay: ReadonlyMap<string, PicoUsd>; readonly total: PicoUsd }> {
  const byProviderDay = new Map<string, PicoUsd>();
  let total = 0n;
  if (days === undefined) return { byProviderDay, total };
  const period = { from: new Date(days.first), to: new Date(dayAfter(days.last)) };
  const { rows } = await ledger.billed({ orgId, period });
  for (const { provider, day, amount } of rows) {
    byProviderDay.set(`${provider} ${day}`, (byProviderDay.get(`${provider} ${day}`) ?? 0n) + amount);
    total += amount;
  }
  return { byProviderDay, total };
}

/** What stands beside the file's own lines on the same days, so that a bill that came in by two ways is noticed. */
function doubledNote(own: ReadonlyMap<string, PicoUsd>, after: ReadonlyMap<string, PicoUsd>): readonly string[] {
  const beside = [...own].flatMap(([key, amount]) => {
    const rest = (after.get(key) ?? 0n) - amount;
    return rest === 0n ? [] : [{ provider: key.slice(0, -11), rest }];
  });
  if (beside.length === 0) return [];
  const providers = [...new Set(beside.map(({ provider }) => provider))].join(", ");
  const sum = showUsd(beside.reduce((all, { rest }) => all + rest, 0n));
  return [
    `On ${beside.length} of its days ${providers} is billed by other readings too (another account's file, or a connected source), ${sum} in sum. If that is the same bill, it now counts twice: bring in each bill by one way alone.`,
  ];
}

async function storeLines(
  ledger: BillingLedger,
  at: { readonly orgId: Id<"org">; readonly readAt: Date },
  lines: readonly Summed[],
  covered: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<void> {
  const byOrigin = new Map<string, Summed[]>();
  for (const line of lines) {
    const own = byOrigin.get(line.charge.origin);
    if (own === undefined) byOrigin.set(line.charge.origin, [line]);
    else own.push(line);
  }
  for (const [origin, days] of covered) {
    const own = byOrigin.get(origin) ?? [];
    for (const run of runsOf(days)) {
      const charges = own.flatMap(({ charge, amount }) =>
        charge.day >= run.fromDay && charge.day < run.toDay
          ? [BilledCharge.parse({ ...charge, id: sha256(keyOf(charge)).slice(0, 40), amount: toUsd(amount) })]
          : [],
      );
      await ledger.replaceCharges({ orgId: at.orgId, origin, ...run }, at.readAt, charges);
    }
  }
}

const spanOf = (days: readonly string[]): { readonly first: string; readonly last: string } | undefined => {
  const [first, last] = [days[0], days.at(-1)];
  return first === undefined || last === undefined ? undefined : { first, last };
};

/** Collects the rows of one export; an AppError "bad_input" where it has more different lines than are held in memory. */
export function collectCharges(): ChargeCollector {
  const lines = new Map<string, Summed>();
  const covered = new Map<string, Set<string>>();
  const notes = new Map<string, number>();
  let skipped = 0;
  const cover = (origin: string, day: string): void => {
    const days = covered.get(origin);
    if (days === undefined) covered.set(origin, new Set([day]));
    else days.add(day);
  };
  return {
    add(row) {
      if ("skipped" in row) {
        skipped += 1;
        if (row.of !== undefined) cover(row.of.origin, row.of.day);
        return;
      }
      const { charge, note } = row;
      cover(charge.origin, charge.day);
      if (note !== undefined && (notes.has(note) || notes.size < mostNotes)) notes.set(note, (notes.get(note) ?? 0) + 1);
      const key = keyOf(charge);
      const line = lines.get(key);
      if (line !== undefined) line.amount += fromUsd(charge.amount);
      else if (lines.size < mostLines) lines.set(key, { charge, amount: fromUsd(charge.amount) });
      else
        throw new AppError(
          "bad_input",
          `The bill has more than ${mostLines.toLocaleString("en")} different lines on its days. Export it by month, or with fewer columns to group by.`,
        );
    },
    collected: () => ({ lines: [...lines.values()], covered, notes, skipped }),
  };
}

const byProviderDay = (lines: readonly Summed[]): ReadonlyMap<string, PicoUsd> => {
  const sums = new Map<string, PicoUsd>();
  for (const { charge, amount } of lines) {
    const key = `${charge.provider} ${charge.day}`;
    sums.set(key, (sums.get(key) ?? 0n) + amount);
  }
  return sums;
};

/**
 * Puts the lines of an export in the place of what was read of the same bills before; undefined where it holds no bill. Of each
 * bill (the charges' `origin`), the days that the export shows are replaced as a whole: a newer export takes the place of an
 * older one, and days that it does not show stay.
 */
export async function storeCharges(
  { ledger, orgId, readAt }: { readonly ledger: BillingLedger | undefined; readonly orgId: Id<"org">; readonly readAt: Date },
  { lines, covered, notes, skipped }: CollectedCharges,
): Promise<BilledSummary | undefined> {
  if (lines.length === 0 && skipped === 0) return undefined;
  if (ledger === undefined) throw new AppError("internal", "A bill was read where no ledger of bills is at hand.");
  const sum = lines.reduce((total, { amount }) => total + amount, 0n);
  const touched = spanOf([...covered.values()].flatMap((days) => [...days]).sort());
  const before = await billedIn(ledger, orgId, touched);
  await storeLines(ledger, { orgId, readAt }, lines, covered);
  const after = await billedIn(ledger, orgId, touched);
  const replaced = before.total + sum - after.total;
  return {
    lines: lines.length,
    amount: toUsd(sum),
    days: spanOf(lines.map(({ charge }) => charge.day).sort()),
    skipped,
    notes: [
      ...[...notes].map(([note, count]) => `${count} ${count === 1 ? "row" : "rows"}: ${note}`),
      ...(replaced === 0n ? [] : [`It took the place of ${showUsd(replaced)} that earlier files said of the same bills and days.`]),
      ...doubledNote(byProviderDay(lines), after.byProviderDay),
    ],
  };
}
