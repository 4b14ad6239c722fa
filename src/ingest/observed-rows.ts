import { createHash } from "node:crypto";
import { eventIdPrefix, type Pulled, type SourceContext } from "../core/remote-source.ts";
import { noTokens } from "../core/tokens.ts";
import { UsageEvent, unsaid } from "../core/usage-event.ts";

/**
 * What a row of an observer is: usage; no use of a model, for a reason that it shares with others ("left out", which are only
 * counted); or a row whose numbers are no good.
 */
export type ObservedRow =
  | { readonly event: UsageEvent }
  | { readonly leftOut: string }
  | { readonly refused: string; readonly what: string }
  | undefined;

/** What an observer says of a request; the rest of a usage event is the same for all of them. */
export type ObservedRequest = Pick<UsageEvent, "source" | "at" | "provider" | "model" | "tokens" | "status"> &
  Partial<Omit<UsageEvent, "id" | "orgId">> & { readonly requestId: string };

const longestId = 128;
const longestLabel = 256;

/** NUL bytes, and halves of a character without the other half. */
const unstorable = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** A label as it can be stored: without broken characters, cut to the longest length. */
export const labelOf = (text: string | null | undefined): string =>
  (text ?? "").replace(unstorable, "").trim().slice(0, longestLabel).replace(unstorable, "");

/** The id of a request at a connection; where the observer's own id is too long to be kept, a hash of it. */
function eventId({ connection }: SourceContext, requestId: string): string {
  const prefix = eventIdPrefix(connection);
  const id = `${prefix}${requestId}`;
  return id.length <= longestId ? id : `${prefix}${createHash("sha256").update(requestId).digest("hex")}`;
}

/** Makes one request's usage event, or says what is wrong with it. */
export function observedRow(context: SourceContext, { requestId, ...said }: ObservedRequest): ObservedRow {
  const what = `request ${labelOf(requestId).slice(0, 80)} of ${said.at.toISOString()}`;
  const parsed = UsageEvent.safeParse({
    id: eventId(context, requestId),
    orgId: context.orgId,
    requestedModel: said.model,
    ...unsaid,
    ...said,
  });
  if (parsed.success) return { event: parsed.data };
  const issue = parsed.error.issues[0];
  return { what, refused: `${issue?.path.join(".") ?? "row"}: ${issue?.message ?? "it is wrong"}` };
}

/**
 * The tokens of a request that no count came with. A refused or failed request whose provider said "no" used none; of any
 * other the tokens are unknown, and unknown is never free.
 */
export const uncounted = (knownToBeNone: boolean): Pick<UsageEvent, "tokens" | "unmetered"> =>
  knownToBeNone ? { tokens: noTokens } : { tokens: noTokens, unmetered: true };

/** Refused rows of one reading that are told one by one; the rest is told as a number. */
const refusedTold = 200;

const rowsOf = (count: number): string => (count === 1 ? "1 row" : `${count} rows`);

/** Reads rows page by page, holding one page at a time. What is left out or refused beyond a few hundred is told as a number at the end. */
export async function* pullRows<Row>(pages: AsyncIterable<readonly Row[]>, read: (row: Row) => ObservedRow): AsyncGenerator<Pulled> {
  const leftOut = new Map<string, number>();
  let refused = 0;
  for await (const page of pages) {
    const events: UsageEvent[] = [];
    for (const row of page) {
      const result = read(row);
      if (result === undefined) continue;
      if ("event" in result) events.push(result.event);
      else if ("leftOut" in result) leftOut.set(result.leftOut, (leftOut.get(result.leftOut) ?? 0) + 1);
      else {
        refused += 1;
        if (refused <= refusedTold) yield { type: "refused", what: result.what, reason: result.refused };
      }
    }
    if (events.length > 0) yield { type: "usage", events };
  }
  if (refused > refusedTold) {
    yield {
      type: "refused",
      what: `${rowsOf(refused - refusedTold)} more`,
      reason: "they were refused for reasons like those before them",
    };
  }
  for (const [reason, count] of leftOut) yield { type: "refused", what: rowsOf(count), reason };
}
