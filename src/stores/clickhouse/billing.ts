import { z } from "zod";
import {
  type BilledCharge,
  type BilledDay,
  type BilledLine,
  type BilledSpan,
  type BillingLedger,
  type BillSpan,
  ChargeKind,
} from "../../core/billing.ts";
import { AppError } from "../../core/errors.ts";
import type { Id } from "../../core/ids.ts";
import { UsageSource } from "../../core/usage-event.ts";
import type { Period, QueryText } from "../../core/usage-store.ts";
import { Money } from "./columns.ts";
import type { Database } from "./database.ts";

const dayMs = 24 * 3_600_000;
const rowsAtOnce = 2_000;

const rowOf = (charge: BilledCharge, reading: number): Readonly<Record<string, unknown>> => ({
  org_id: charge.orgId,
  origin: charge.origin,
  day: charge.day,
  reading,
  id: charge.id,
  source: charge.source,
  provider: charge.provider,
  account: charge.account,
  model: charge.model,
  line_item: charge.lineItem,
  kind: charge.kind,
  amount: charge.amount,
});

function daysOf({ fromDay, toDay }: BillSpan): readonly string[] {
  const days: string[] = [];
  for (let at = Date.parse(fromDay); at < Date.parse(toDay); at += dayMs) days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}

/** Whole UTC days of a period: a bill says nothing of a part of one. */
const wholeDays = ({ from, to }: Period): { readonly fromDay: string; readonly toDay: string } => ({
  fromDay: new Date(Math.ceil(from.getTime() / dayMs) * dayMs).toISOString().slice(0, 10),
  toDay: new Date(Math.floor(to.getTime() / dayMs) * dayMs).toISOString().slice(0, 10),
});

const Row = z.object({ provider: z.string(), billed_day: z.string(), kind: ChargeKind, sum_amount: Money });
const LineRow = Row.extend({ source: UsageSource, model: z.string(), line_item: z.string() });
const SpanRow = z.object({ provider: z.string(), first_day: z.string(), last_day: z.string() });

interface BillQuery {
  readonly orgId: Id<"org">;
  readonly period: Period;
}

/** Lines of the readings that count, of an org and, where `days` is given, of some days. */
const counted = (database: string, days: string): string => `${database}.billed_charges FINAL
WHERE org_id = {org:String}${days}
  AND (origin, day, reading) IN (
    SELECT origin, day, max(reading) FROM ${database}.billed_readings
    WHERE org_id = {org:String}${days} GROUP BY origin, day
  )`;

const ofPeriod = " AND day >= {fromDay:Date} AND day < {toDay:Date}";

function billedQuery(database: string, { orgId, period }: BillQuery, by: readonly string[]): QueryText {
  const keys = ["provider", "billed_day", "kind", ...by].join(", ");
  const sql = `SELECT ${["provider", "toString(day) AS billed_day", "kind", ...by].join(", ")}, sum(amount) AS sum_amount
FROM ${counted(database, ofPeriod)}
GROUP BY ${keys}
ORDER BY ${keys}`;
  return { sql, params: { org: orgId, ...wholeDays(period) } };
}

async function spansOf(database: Database, orgId: Id<"org">): Promise<readonly BilledSpan[]> {
  const sql = `SELECT provider, toString(min(day)) AS first_day, toString(max(day)) AS last_day
FROM ${counted(database.name, "")}
GROUP BY provider ORDER BY provider`;
  const rows = await database.rows(SpanRow, { sql, params: { org: orgId } }, "look through the stored bills");
  return rows.map((row) => ({ provider: row.provider, firstDay: row.first_day, lastDay: row.last_day }));
}

async function replaceCharges(database: Database, span: BillSpan, readAt: Date, charges: readonly BilledCharge[]): Promise<void> {
  const stray = charges.find(
    ({ orgId, origin, day }) => orgId !== span.orgId || origin !== span.origin || day < span.fromDay || day >= span.toDay,
  );
  if (stray !== undefined)
    throw new AppError("internal", `The billed line ${stray.id} of ${stray.day} does not belong to the days that were read.`);
  const reading = readAt.getTime();
  for (let start = 0; start < charges.length; start += rowsAtOnce) {
    const rows = charges.slice(start, start + rowsAtOnce).map((charge) => rowOf(charge, reading));
    await database.insert("billed_charges", rows, "store billed lines");
  }
  const switches = daysOf(span).map((day) => ({ org_id: span.orgId, origin: span.origin, day, reading }));
  if (switches.length > 0) await database.insert("billed_readings", switches, "switch to a new reading of bills");
}

/** Bills in ClickHouse: a reading is written whole, then switched to. */
export function createBillingLedger(database: Database): BillingLedger {
  return {
    replaceCharges: (span, readAt, charges) => replaceCharges(database, span, readAt, charges),

    async billed(request) {
      const query = billedQuery(database.name, request, []);
      const rows = await database.rows(Row, query, "sum up bills");
      return {
        rows: rows.map(({ billed_day: day, sum_amount: amount, ...row }): BilledDay => ({ ...row, day, amount })),
        query,
      };
    },

    async lines(request) {
      const query = billedQuery(database.name, request, ["source", "model", "line_item"]);
      const rows = await database.rows(LineRow, query, "sum up the lines of bills");
      return {
        rows: rows.map(
          ({ billed_day: day, sum_amount: amount, line_item: lineItem, ...row }): BilledLine => ({ ...row, day, amount, lineItem }),
        ),
        query,
      };
    },

    spans: (orgId) => spansOf(database, orgId),
  };
}
