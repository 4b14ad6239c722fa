import type { ToolContext } from "../../agents/define.ts";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { priceEvent } from "../../src/catalog/price-event.ts";
import { type Id, newId } from "../../src/core/ids.ts";
import { noTokens, type Tokens } from "../../src/core/tokens.ts";
import type { UsageEvent } from "../../src/core/usage-event.ts";
import { plainUsage } from "../setup/plain-usage.ts";
import type { TestClickHouse } from "../setup/test-clickhouse.ts";

/** The one price book of these tests. */
export const book = createPriceBook();

/** The clock of these tests: noon on Monday, 23 November 2026. */
export const asOf = new Date("2026-11-23T12:00:00Z");

/** A moment of November 2026. */
export const at = (day: number, time = "12:00:00"): Date => new Date(`2026-11-${String(day).padStart(2, "0")}T${time}Z`);

/** A usage event that differs from a plain one (gpt-5, workload "chat", a day ago) where told. */
export const usage = (
  change: Omit<Partial<UsageEvent>, "tokens"> & { tokens?: Partial<Tokens> } = {},
): Omit<UsageEvent, "orgId" | "id"> => ({
  ...plainUsage,
  requestedModel: change.model ?? "gpt-5",
  workload: "chat",
  ...change,
  tokens: { ...noTokens, ...change.tokens },
});

/** Stores events for a fresh org, priced by the book, and gives what a tool is given. */
export async function orgWith(clickhouse: TestClickHouse, events: readonly Omit<UsageEvent, "orgId" | "id">[]): Promise<ToolContext> {
  const orgId: Id<"org"> = newId("org");
  await clickhouse.usage.write(events.map((event, index) => priceEvent(book, { ...event, orgId, id: `e${index}` })));
  return {
    orgId,
    usage: clickhouse.usage,
    prices: book,
    coverage: await clickhouse.usage.coverage(orgId),
    asOf,
    signal: new AbortController().signal,
    toolTimeoutMs: 20_000,
    clock: () => performance.now(),
  };
}

/** A scope over a span of days of November 2026, `to` not included. */
export const days = (from: number, to: number, filters: Record<string, string[]> = {}) => ({
  period: {
    from: `2026-11-${String(from).padStart(2, "0")}T00:00:00.000Z`,
    to: `2026-11-${String(to).padStart(2, "0")}T00:00:00.000Z`,
    label: "those days",
  },
  filters,
});
