import type { Claim } from "./call-claims.ts";
import type { ReadTraces, ReportedCall } from "./trace-intake.ts";
import type { UsageEvent } from "./usage-event.ts";

/** What counting a request's calls comes to. */
export interface SettledCalls {
  /** The events to store, each once. An event that another span reported before has the id and time that it was first given. */
  readonly events: readonly UsageEvent[];
  readonly claims: readonly Claim[];
}

/** The keys whose claims must be known before a request's calls are settled. */
export const claimKeys = ({ calls, parents }: ReadTraces): readonly string[] => [
  ...new Set([...parents.keys(), ...parents.values(), ...calls.map(({ response }) => response)].filter((key) => key !== "")),
];

/** The spans above one, nearest first, as far as this request shows them, and the first one that it does not show. */
function ancestors(parents: ReadonlyMap<string, string>, span: string): readonly string[] {
  const above: string[] = [];
  const seen = new Set([span]);
  for (let next = parents.get(span); next !== undefined && next !== "" && !seen.has(next); next = parents.get(next)) {
    seen.add(next);
    above.push(next);
  }
  return above;
}

/** The claims as they grow while a request is settled. */
interface Ledger {
  readonly changed: ReadonlyMap<string, Claim>;
  readonly events: ReadonlyMap<string, UsageEvent>;
  of(key: string): Claim | undefined;
  claim(claim: Claim): void;
  /** Notes above a span that a call lies below: on model calls, and on the span that a later request may bring. */
  mark(span: string, below: Claim): void;
  /** Stores a call as the event that a claim names; in one request the span that comes first counts. */
  emit(call: ReportedCall, as: Claim): void;
}

function openLedger({ parents, calls }: ReadTraces, before: ReadonlyMap<string, Claim>): Ledger {
  const known = new Map(before);
  const changed = new Map<string, Claim>();
  const events = new Map<string, UsageEvent>();
  const callSpans = new Set(calls.map(({ span }) => span));
  const claim = (made: Claim): void => {
    if (made.key === "") return;
    known.set(made.key, made);
    changed.set(made.key, made);
  };
  return {
    changed,
    events,
    of: (key) => (key === "" ? undefined : known.get(key)),
    claim,
    mark(span, below) {
      const role = below.role === "call" || below.role === "above" ? "above" : "above_bare";
      for (const key of ancestors(parents, span)) {
        if (parents.has(key) && !callSpans.has(key)) continue;
        const standing = known.get(key)?.role;
        if (standing === undefined || (standing === "above_bare" && role === "above")) claim({ ...below, key, role });
      }
    },
    emit({ event }, { eventId, at }) {
      if (!events.has(eventId)) events.set(eventId, { ...event, id: eventId, at });
    },
  };
}

/** Counts a call as what a claim names: another report of the same call, or this one. */
function countAs(ledger: Ledger, call: ReportedCall, canonical: Claim): void {
  const own: Claim = { ...canonical, key: call.span };
  if (ledger.of(call.span)?.eventId !== canonical.eventId) ledger.claim(own);
  if (call.metered && ledger.of(call.response) === undefined) ledger.claim({ ...own, key: call.response });
  ledger.mark(call.span, own);
  ledger.emit(call, canonical);
}

const fresh = (call: ReportedCall): Claim => {
  const eventId = call.metered && call.response !== "" ? call.response : call.span;
  return {
    key: call.span,
    role: call.metered ? "call" : "bare",
    eventId,
    at: call.event.at,
    identified: call.metered && call.response !== "",
  };
};

/** Two calls that their providers gave different names are two calls, wherever their spans hang. */
const distinct = (call: ReportedCall, other: Claim): boolean => call.response !== "" && other.identified;

function settleMetered(ledger: Ledger, call: ReportedCall, above: readonly string[]): void {
  const answer = ledger.of(call.response);
  const own = ledger.of(call.span);
  if (answer !== undefined) return countAs(ledger, call, answer);
  if (own?.role === "call") return countAs(ledger, call, own);
  if (own?.role === "above" && !distinct(call, own)) {
    if (call.response !== "") ledger.claim({ ...own, key: call.response, role: "call" });
    return;
  }
  const outer = above.map((key) => ledger.of(key)).find((claim) => claim?.role === "call");
  countAs(ledger, call, outer === undefined || distinct(call, outer) ? fresh(call) : outer);
}

function settleBare(ledger: Ledger, call: ReportedCall, above: readonly string[], metered: ReadonlySet<string>): void {
  const own = ledger.of(call.span);
  if (ledger.of(call.response) !== undefined) return;
  if (own?.role === "bare") return countAs(ledger, call, own);
  if (own !== undefined) return;
  if (above.some((key) => metered.has(key) || ledger.of(key)?.role === "call")) return;
  const outer = above.map((key) => ledger.of(key)).find((claim) => claim?.role === "bare");
  countAs(ledger, call, outer ?? fresh(call));
}

/**
 * Counts each model call once, whichever spans report it, in whichever order and however often.
 * - A provider's answer counts once, by its id.
 * - Of calls that lie in one another the innermost counts; where the outer one was counted in an earlier request, the inner
 *   ones are it. Both with ids, and different ones, they are two calls.
 * - A call without usage gives way to one with usage, above or below it.
 * The event of a call keeps the id and the time that it was first given, so that it falls in one hour of the store.
 */
export function settleCalls(read: ReadTraces, known: ReadonlyMap<string, Claim>): SettledCalls {
  const ledger = openLedger(read, known);
  for (const span of read.parents.keys()) {
    const claim = ledger.of(span);
    if (claim !== undefined) ledger.mark(span, claim);
  }
  const metered = new Set(read.calls.filter((call) => call.metered).map(({ span }) => span));
  const inward = read.calls
    .map((call) => ({ call, above: ancestors(read.parents, call.span) }))
    .sort((a, b) => b.above.length - a.above.length || (a.call.span < b.call.span ? -1 : 1));
  for (const { call, above } of inward) {
    if (call.metered) settleMetered(ledger, call, above);
  }
  for (const { call, above } of inward) {
    if (!call.metered) settleBare(ledger, call, above, metered);
  }
  return { events: [...ledger.events.values()], claims: [...ledger.changed.values()] };
}
