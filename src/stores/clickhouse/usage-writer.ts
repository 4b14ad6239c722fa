import { z } from "zod";
import { AppError } from "../../core/errors.ts";
import { noTokens } from "../../core/tokens.ts";
import { type PricedUsageEvent, unsaid } from "../../core/usage-event.ts";
import type { BulkWrite, UsageSpan, UsageWriter } from "../../core/usage-store.ts";
import { timeText } from "./columns.ts";
import type { Database } from "./database.ts";
import { mergeQuietParts } from "./merge-parts.ts";
import type { PendingHours } from "./pending-hours.ts";
import { hourOf, type OrgHour, type Rollups } from "./rollups.ts";
import { storedOrg } from "./stored-org.ts";
import { type RowStanding, rowColumns, rowText } from "./usage-row.ts";

/** Rows per insert: serialising more at once would hold up the event loop. */
const rowsAtOnce = 10_000;

/** After so many events at once their months are merged, without waiting for a quiet time. */
const manyEvents = 100_000;
/** How long a month must have been left alone before it is merged. */
const quietMinutes = 5;

/** Hours are kept as 32-bit seconds. */
const earliest = Date.UTC(1971, 0);
const latest = Date.UTC(2105, 0);
const hourMs = 3_600_000;

/** Rows that a source reads again are older than any fact, and the later reading is the greater: see 002_usage_facts.sql. */
const readingSeniority = (readAt: Date): bigint => 16_700_000_000_000_000_000n + BigInt(readAt.getTime()) * 1_000n;

function refuseTimes(events: readonly PricedUsageEvent[]): void {
  const wrong = events.find(({ at }) => !(at.getTime() >= earliest && at.getTime() < latest));
  if (wrong !== undefined)
    throw new AppError("bad_input", `The usage event ${wrong.id} has no usable time: it must lie between 1971 and 2105.`);
}

/** The hours of events, each once. */
function hoursOf(events: readonly PricedUsageEvent[]): ReadonlyMap<string, OrgHour> {
  const hours = new Map<string, OrgHour>();
  for (const event of events) {
    const [org, at] = [storedOrg(event), event.at];
    const key = `${org}${Math.floor(at.getTime() / hourMs)}`;
    if (!hours.has(key)) hours.set(key, hourOf(org, at));
  }
  return hours;
}

const Stored = z.object({ id: z.string(), at_ms: z.string() });

/** The rows of a span that are stored and not among those just read, as events that say nothing. */
async function goneFrom(database: Database, span: UsageSpan, events: readonly PricedUsageEvent[]): Promise<readonly PricedUsageEvent[]> {
  const { orgId, source, idPrefix, period } = span;
  const sql = `SELECT id, toString(toUnixTimestamp64Milli(at)) AS at_ms FROM ${database.name}.usage_facts FINAL
    WHERE org_id = {org:String} AND source = {source:String} AND startsWith(id, {prefix:String})
      AND at >= {from:DateTime64(3, 'UTC')} AND at < {to:DateTime64(3, 'UTC')}`;
  const params = { org: storedOrg({ orgId, source }), source, prefix: idPrefix, from: timeText(period.from), to: timeText(period.to) };
  const stored = await database.rows(Stored, { sql, params }, "look for rows of an earlier reading");
  const kept = new Set(events.map(({ id, at }) => `${at.getTime()} ${id}`));
  return stored
    .filter(({ id, at_ms }) => !kept.has(`${at_ms} ${id}`))
    .map(({ id, at_ms }) => ({ ...nothing, id, orgId, source, at: new Date(Number(at_ms)) }));
}

const nothing: Omit<PricedUsageEvent, "id" | "orgId" | "source" | "at"> = {
  ...unsaid,
  provider: "withdrawn",
  requestedModel: "",
  model: "withdrawn",
  requests: 0,
  tokens: noTokens,
  cost: null,
  priceVersion: "",
  unpricedReason: "",
};

export interface WriterParts {
  readonly rollups: Rollups;
  readonly pending: PendingHours;
}

async function insert(database: Database, events: readonly PricedUsageEvent[], standing?: RowStanding): Promise<void> {
  for (let start = 0; start < events.length; start += rowsAtOnce) {
    let text = "";
    for (const event of events.slice(start, start + rowsAtOnce)) text += rowText(event, standing);
    await database.insertText("usage_facts", rowColumns(standing !== undefined), text, "store usage events");
  }
}

/** Notes the hours, does the work that writes to them, and sums them up. */
async function around({ rollups, pending }: WriterParts, hours: readonly OrgHour[], work: () => Promise<void>): Promise<void> {
  try {
    await pending.begin(hours);
    await work();
    await rollups.refresh(hours);
    pending.settle(hours);
  } catch (error) {
    pending.drop(hours);
    throw error;
  }
}

function beginBulk(database: Database, { rollups, pending }: WriterParts): BulkWrite {
  const touched = new Map<string, OrgHour>();
  let added = 0;
  return {
    async add(events) {
      refuseTimes(events);
      added += events.length;
      const fresh = [...hoursOf(events)].filter(([key]) => !touched.has(key));
      for (const [key, hour] of fresh) touched.set(key, hour);
      if (fresh.length > 0) await pending.begin(fresh.map(([, hour]) => hour));
      await insert(database, events);
    },
    async finish() {
      const hours = [...touched.values()];
      await rollups.refresh(hours);
      pending.settle(hours);
      await pending.close("over");
      await rollups.refreshDays();
      if (added >= manyEvents) await mergeQuietParts(database, 0);
    },
    abandon: () => pending.drop([...touched.values()]),
  };
}

/** Writes usage to ClickHouse: the hours are noted, the events stored, then the sums of the hours built. */
export function createUsageWriter(database: Database, parts: WriterParts): UsageWriter {
  const { rollups, pending } = parts;
  return {
    begin: () => beginBulk(database, parts),
    async write(events) {
      refuseTimes(events);
      await around(parts, [...hoursOf(events).values()], () => insert(database, events));
    },
    async replace(span, readAt, events) {
      refuseTimes(events);
      const gone = await goneFrom(database, span, events);
      const seniority = readingSeniority(readAt);
      await around(parts, [...hoursOf([...events, ...gone]).values()], async () => {
        await insert(database, events, { seniority, withdrawn: false });
        await insert(database, gone, { seniority, withdrawn: true });
      });
    },
    async catchUp() {
      const left = await pending.leftBehind();
      await rollups.refresh(left);
      if (left.length > 0) await pending.forgetLeftBehind();
      await pending.close("over");
      await rollups.refreshDays();
      await rollups.clearReplaced();
      await mergeQuietParts(database, quietMinutes);
    },
    repairRollups: () => rollups.repair(),
  };
}
