import { priceEvent } from "../catalog/price-event.ts";
import type { AuditLog } from "../core/audit.ts";
import type { BilledCharge, BillingLedger } from "../core/billing.ts";
import { canonicalJson } from "../core/canonical.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import type { PriceBook } from "../core/price.ts";
import { eventIdPrefix, type RemoteKind, type RemoteSource, type SourceContext } from "../core/remote-source.ts";
import type { RefusedRow, SourceConnection, SourceStore } from "../core/source-connection.ts";
import type { UsageEvent } from "../core/usage-event.ts";
import type { Period, UsageWriter } from "../core/usage-store.ts";

/** What reading a source needs. */
export interface SyncDeps {
  readonly kinds: Readonly<Record<RemoteKind, RemoteSource>>;
  readonly sources: SourceStore;
  readonly usage: UsageWriter;
  readonly billing: BillingLedger;
  readonly audit: AuditLog;
  readonly prices: (orgId: Id<"org">) => Promise<PriceBook>;
  readonly now: () => Date;
  readonly log: Logger;
}

/** One bit of a reading that is stored. */
export interface SyncProgress {
  readonly coveredTo: Date;
  /** Days read so far in this call, and all that it will read. */
  readonly daysDone: number;
  readonly days: number;
  readonly events: number;
  readonly charges: number;
  readonly unpriced: number;
  readonly refused: readonly RefusedRow[];
}

const dayMs = 24 * 3_600_000;
const rowsAtOnce = 5_000;
/** Left-out rows of a reading that are kept to be shown. */
const refusedNamed = 50;
const midnight = (at: Date): Date => new Date(Math.floor(at.getTime() / dayMs) * dayMs);

/** The periods to read, in order: from where the last reading settled to now, or from an earlier day that is to be read again. */
export function periodsToRead(connection: SourceConnection, source: RemoteSource, now: Date, again?: Date): readonly Period[] {
  const trailing =
    connection.coveredTo === null ? connection.backfillFrom : new Date(connection.coveredTo.getTime() - source.trailingDays * dayMs);
  const settled = again === undefined || again > trailing ? trailing : again;
  const oldest = now.getTime() - source.backfillDays * dayMs;
  const start = midnight(new Date(Math.max(settled.getTime(), connection.backfillFrom.getTime(), oldest)));
  const periods: Period[] = [];
  for (let from = start.getTime(); from < now.getTime(); from += source.chunkDays * dayMs) {
    periods.push({ from: new Date(from), to: new Date(Math.min(from + source.chunkDays * dayMs, now.getTime())) });
  }
  return periods;
}

interface Read {
  readonly events: number;
  readonly charges: number;
  readonly unpriced: number;
  readonly refused: readonly RefusedRow[];
}

const dayOf = (at: Date): string => at.toISOString().slice(0, 10);

/** Reads one period and stores it: buckets as a whole, in the place of an earlier reading; single requests as they come. */
async function readPeriod(
  deps: SyncDeps,
  source: RemoteSource,
  context: SourceContext,
  period: Period,
  signal: AbortSignal,
): Promise<Read> {
  const { orgId, connection } = context;
  const readAt = deps.now();
  const prices = await deps.prices(orgId);
  const priced = (events: readonly UsageEvent[]) => events.map((event) => priceEvent(prices, event));
  let charges: BilledCharge[] | undefined;
  const refused: RefusedRow[] = [];
  let kept: UsageEvent[] = [];
  let [events, unpriced] = [0, 0];
  const store = async (): Promise<void> => {
    const rows = priced(kept);
    kept = [];
    events += rows.length;
    unpriced += rows.filter(({ cost }) => cost === null).length;
    if (source.keeps === "latest") {
      await deps.usage.replace({ orgId, source: source.source, idPrefix: eventIdPrefix(connection), period }, readAt, rows);
    } else if (rows.length > 0) await deps.usage.write(rows);
  };
  for await (const pulled of source.pull(context, period, signal)) {
    if (pulled.type === "refused") refused.push({ what: pulled.what, reason: pulled.reason });
    else if (pulled.type === "charges") charges = [...(charges ?? []), ...pulled.charges];
    else kept.push(...pulled.events);
    if (source.keeps === "facts" && kept.length >= rowsAtOnce) await store();
  }
  signal.throwIfAborted();
  await store();
  if (charges !== undefined) {
    const toDay = dayOf(new Date(midnight(new Date(period.to.getTime() - 1)).getTime() + dayMs));
    await deps.billing.replaceCharges({ orgId, origin: connection, fromDay: dayOf(period.from), toDay }, readAt, charges);
  }
  return { events, charges: charges?.length ?? 0, unpriced, refused };
}

/** A connection's settings, secrets and all, as its reader needs them. */
export async function contextOf(
  deps: SyncDeps,
  orgId: Id<"org">,
  id: Id<"source">,
): Promise<{ source: RemoteSource; connection: SourceConnection; context: SourceContext }> {
  const { connection, secrets } = await deps.sources.open(orgId, id);
  return {
    source: deps.kinds[connection.kind],
    connection,
    context: { orgId, connection: id, settings: { ...connection.settings, ...secrets }, now: deps.now },
  };
}

/**
 * Reads a source from where it was last settled to now, day by day; each bit that is stored moves its cursor, so that a
 * reading that broke off goes on from there. Reading the same days again changes nothing, or only what the source itself changed.
 * `from` reads older days again, back to the first one, where they changed after they had settled.
 */
export async function syncSource(
  deps: SyncDeps,
  { orgId, sourceId, from }: { readonly orgId: Id<"org">; readonly sourceId: Id<"source">; readonly from?: Date },
  signal: AbortSignal,
  onProgress: (progress: SyncProgress) => void = () => undefined,
): Promise<void> {
  const { source, connection, context } = await contextOf(deps, orgId, sourceId);
  const periods = periodsToRead(connection, source, deps.now(), from);
  const days = periods.reduce((sum, { from, to }) => sum + Math.ceil((to.getTime() - from.getTime()) / dayMs), 0);
  let daysDone = 0;
  let refused: readonly RefusedRow[] = [];
  try {
    for (const period of periods) {
      signal.throwIfAborted();
      const read = await readPeriod(deps, source, context, period, signal);
      daysDone += Math.ceil((period.to.getTime() - period.from.getTime()) / dayMs);
      refused = [...refused, ...read.refused].slice(0, refusedNamed);
      await deps.sources.advance(sourceId, { coveredTo: period.to, refused });
      onProgress({ coveredTo: period.to, daysDone, days, ...read });
    }
    await deps.sources.tried(sourceId, deps.now(), null);
    deps.log.info("Read a source of usage", { source: sourceId, kind: connection.kind, days });
  } catch (error) {
    if (!signal.aborted) {
      await deps.sources.tried(sourceId, deps.now(), error instanceof AppError ? error.message : "It failed inside Apex: see the log.");
    }
    throw error;
  }
}

/** Checks what an admin gave against what the source needs; an AppError "bad_input" says what is missing and where to find it. */
export function checkSettings(
  source: RemoteSource,
  given: Readonly<Record<string, string>>,
): { settings: Record<string, string>; secrets: Record<string, string> } {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(source.settings, name));
  if (unknown !== undefined)
    throw new AppError("bad_input", `${source.title} has no setting "${unknown}". It has: ${Object.keys(source.settings).join(", ")}.`);
  const settings: Record<string, string> = {};
  const secrets: Record<string, string> = {};
  for (const [name, { secret, hint, fallback }] of Object.entries(source.settings)) {
    const value = given[name]?.trim() || fallback;
    if (value === undefined) throw new AppError("bad_input", `${source.title} needs the setting ${name}: ${hint} See ${source.guide}.`);
    (secret ? secrets : settings)[name] = value;
  }
  return { settings, secrets };
}

export interface ConnectRequest {
  readonly orgId: Id<"org">;
  readonly kind: RemoteKind;
  readonly given: Readonly<Record<string, string>>;
  /** Where the first reading begins; as far back as the source can be asked where it is not said, at most 90 days. */
  readonly backfillFrom?: Date;
  readonly actor: string;
}

const usualBackfillDays = 90;

/** The same account twice would count twice: an AppError "conflict" where these very settings are connected already. */
async function refuseTwin(deps: SyncDeps, { orgId, kind }: ConnectRequest, given: Readonly<Record<string, string>>): Promise<void> {
  for (const { id } of (await deps.sources.list(orgId)).filter((connection) => connection.kind === kind)) {
    const known = await deps.sources.open(orgId, id).catch((error: unknown) => {
      // One whose key was lost cannot be compared, and must not keep a new one out.
      if (error instanceof AppError) return undefined;
      throw error;
    });
    if (known !== undefined && canonicalJson({ ...known.connection.settings, ...known.secrets }) === canonicalJson(given))
      throw new AppError("conflict", `This is connected already, as ${id}: a second connection would count its usage twice.`);
  }
}

/** Connects a source once its credential has been tried: nothing is stored where the test call fails. */
export async function connectSource(
  deps: SyncDeps,
  request: ConnectRequest,
  signal: AbortSignal,
): Promise<{ connection: SourceConnection; account: string; notes: readonly string[] }> {
  const source = deps.kinds[request.kind];
  const { settings, secrets } = checkSettings(source, request.given);
  const trial: SourceContext = { orgId: request.orgId, connection: "src_trial", settings: { ...settings, ...secrets }, now: deps.now };
  await refuseTwin(deps, request, trial.settings);
  const check = await source.test(trial, signal);
  const usual = new Date(deps.now().getTime() - Math.min(source.backfillDays, usualBackfillDays) * dayMs);
  const connection = await deps.sources.add(request.orgId, {
    kind: request.kind,
    settings,
    secrets,
    backfillFrom: midnight(request.backfillFrom ?? usual),
  });
  const facts = { source: connection.id, kind: request.kind, account: check.account };
  await deps.audit.append(request.orgId, { actor: request.actor, action: "source.added", facts });
  return { connection, ...check };
}

/** Tries a connection's credential again. */
export async function testSource(
  deps: SyncDeps,
  orgId: Id<"org">,
  id: Id<"source">,
  signal: AbortSignal,
): Promise<{ account: string; notes: readonly string[] }> {
  const { source, context } = await contextOf(deps, orgId, id);
  return source.test(context, signal);
}

/** Forgets a connection and its secrets. What was read stays. */
export async function removeSource(
  deps: SyncDeps,
  request: { readonly orgId: Id<"org">; readonly id: Id<"source">; readonly actor: string },
): Promise<void> {
  await deps.sources.remove(request.orgId, request.id);
  await deps.audit.append(request.orgId, { actor: request.actor, action: "source.removed", facts: { source: request.id } });
}
