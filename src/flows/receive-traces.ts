import { priceEvent } from "../catalog/price-event.ts";
import type { CallClaims } from "../core/call-claims.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import type { PriceBook } from "../core/price.ts";
import { claimKeys, settleCalls } from "../core/settle-calls.ts";
import type { ReadTraces, TraceFormat, TraceReader, TraceSender } from "../core/trace-intake.ts";
import type { UsageWriter } from "../core/usage-store.ts";

export interface TraceDeps {
  readonly reader: TraceReader;
  readonly claims: CallClaims;
  readonly usage: Pick<UsageWriter, "write">;
  readonly prices: (orgId: Id<"org">) => Promise<PriceBook>;
  readonly now: () => Date;
  readonly log: Logger;
}

/** How long a sender is asked to wait where something of ours is away, in milliseconds. */
const waitMs = 5_000;

const mostReasons = 5;

/** Why spans were refused, each reason once. */
function reasonsOf(refused: ReadTraces["refused"]): string {
  const byReason = new Map<string, { readonly what: string; spans: number }>();
  for (const { what, reason } of refused) {
    const known = byReason.get(reason);
    if (known === undefined) byReason.set(reason, { what, spans: 1 });
    else known.spans += 1;
  }
  const shown = [...byReason]
    .slice(0, mostReasons)
    .map(([reason, { what, spans }]) => `${what}${spans > 1 ? ` and ${spans - 1} more` : ""}: ${reason}.`);
  const left = byReason.size - shown.length;
  return [...shown, ...(left > 0 ? [`And ${left} more reasons.`] : [])].join(" ");
}

async function store(deps: TraceDeps, { orgId }: TraceSender, read: ReadTraces): Promise<{ events: number; unpriced: number }> {
  const keys = claimKeys(read);
  if (keys.length === 0) return { events: 0, unpriced: 0 };
  const events = await deps.claims.settle(orgId, keys, (known) => {
    const settled = settleCalls(read, known);
    return { claims: settled.claims, result: settled.events };
  });
  if (events.length === 0) return { events: 0, unpriced: 0 };
  const prices = await deps.prices(orgId);
  const priced = events.map((event) => priceEvent(prices, event));
  await deps.usage.write(priced);
  return { events: priced.length, unpriced: priced.filter(({ cost }) => cost === null).length };
}

/**
 * Takes in a trace request: each model call in it is counted once, whoever reports it and however often it is sent. Gives
 * what was refused. An AppError "bad_input" for what is no trace request, "busy" where it must be sent again.
 */
export async function receiveTraces(
  deps: TraceDeps,
  sender: TraceSender,
  body: Uint8Array,
  format: TraceFormat,
): Promise<{ readonly spans: number; readonly why: string } | undefined> {
  const read = deps.reader.read(body, format, sender, deps.now());
  const stored = await store(deps, sender, read).catch((cause: unknown) => {
    if (cause instanceof AppError && !cause.retry) throw cause;
    deps.log.warn("A trace request could not be stored; its sender is asked to send it again.", { error: String(cause) });
    throw new AppError("busy", "Usage cannot be stored right now. Send this request again.", { cause, retryAfterMs: waitMs });
  });
  const { refused } = read;
  if (stored.events > 0 || refused.length > 0)
    deps.log.info("Took in traces", { spans: read.parents.size, calls: read.calls.length, ...stored, refused: refused.length });
  return refused.length === 0 ? undefined : { spans: refused.length, why: reasonsOf(refused) };
}
