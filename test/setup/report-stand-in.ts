/** What was used at a moment: the groups that it belongs to, and counts or amounts that add up. */
export interface Fact {
  readonly at: string;
  readonly groups: Readonly<Record<string, string | boolean | null>>;
  readonly sums: Readonly<Record<string, number>>;
}

interface Bucket {
  readonly start: number;
  readonly end: number;
  readonly results: readonly Readonly<Record<string, string | boolean | number | null>>[];
}

/** What a report is asked for. Times in milliseconds; `page` is what an earlier page gave as `next`. */
export interface Asked {
  readonly from: number;
  readonly to: number;
  readonly widthMs: number;
  readonly limit: number;
  readonly groupBy: readonly string[];
  /** Every group that rows carry: null where it is not asked for. */
  readonly groups: readonly string[];
  readonly page: string | null;
}

function resultsOf(facts: readonly Fact[], { groups, groupBy }: Asked): Bucket["results"] {
  const rows = new Map<string, Record<string, string | boolean | number | null>>();
  for (const fact of facts) {
    const named = Object.fromEntries(groups.map((group) => [group, groupBy.includes(group) ? (fact.groups[group] ?? null) : null]));
    const key = JSON.stringify(named);
    const row = rows.get(key) ?? { ...named };
    for (const [name, value] of Object.entries(fact.sums)) row[name] = Number(row[name] ?? 0) + value;
    rows.set(key, row);
  }
  return [...rows.values()];
}

/** A page of a report as OpenAI and Anthropic make them: every bucket of the span, empty ones too, `limit` of them at once. */
export function pageOfReport(facts: readonly Fact[], asked: Asked): { readonly buckets: readonly Bucket[]; readonly next: string | null } {
  const { from, to, widthMs, limit, page } = asked;
  const starts: number[] = [];
  for (let start = Math.floor(from / widthMs) * widthMs; start < to; start += widthMs) starts.push(start);
  const skipped = page === null ? 0 : Number(/^page_(\d+)$/.exec(page)?.[1] ?? Number.NaN);
  const buckets = starts.slice(skipped, skipped + limit).map((start) => {
    const within = facts.filter(({ at }) => Date.parse(at) >= start && Date.parse(at) < start + widthMs);
    return { start, end: start + widthMs, results: resultsOf(within, asked) };
  });
  return { buckets, next: skipped + limit < starts.length ? `page_${skipped + limit}` : null };
}
