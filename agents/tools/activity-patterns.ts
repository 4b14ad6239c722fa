import type { ActivityBucket } from "../../src/core/usage-shapes.ts";
import { findRhythm, type Rhythm } from "../../src/stats/periodicity.ts";

/** Requests and failures of a workload, one number per bucket from the first to the last of the span. */
export interface Activity {
  readonly workload: string;
  readonly requests: readonly number[];
  readonly failed: readonly number[];
  readonly total: number;
}

/** A run of buckets that stand out. */
export interface Standing {
  readonly kind: "burst" | "retry storm";
  readonly workload: string;
  readonly from: number;
  readonly buckets: number;
  readonly requests: number;
  readonly failed: number;
}

/** A burst has so many requests at least, and stands so many robust deviations above the median; a storm fails so often, in so many requests. */
const least = { requests: 20, deviations: 6, failed: 5, failedShare: 0.3, above: 2 } as const;

/** Rows as even series over buckets numbered from `first`; a bucket without requests is 0. Most requests first. */
export function activitiesOf(
  rows: readonly ActivityBucket[],
  span: { readonly from: number; readonly buckets: number; readonly ms: number },
): readonly Activity[] {
  const zeros = (): number[] => Array.from({ length: span.buckets }, () => 0);
  const series = new Map<string, { requests: number[]; failed: number[] }>();
  for (const row of rows) {
    const index = Math.floor((row.at.getTime() - span.from) / span.ms);
    if (index < 0 || index >= span.buckets) continue;
    const had = series.get(row.workload) ?? {
      requests: zeros(),
      failed: zeros(),
    };
    had.requests[index] = row.requests;
    had.failed[index] = row.failed;
    series.set(row.workload, had);
  }
  return [...series]
    .map(([workload, { requests, failed }]) => ({ workload, requests, failed, total: requests.reduce((sum, one) => sum + one, 0) }))
    .sort((a, b) => b.total - a.total || (a.workload < b.workload ? -1 : 1));
}

const medianOf = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
};

/** Whether as much happened a round earlier or later: what recurs is no burst. */
const recurs = (requests: readonly number[], index: number, rhythm: Rhythm | undefined): boolean => {
  if (rhythm === undefined) return false;
  const here = requests[index] ?? 0;
  return [-1, 1].some((side) => {
    const there = index + side * rhythm.lag;
    return Math.max(requests[there - 1] ?? 0, requests[there] ?? 0, requests[there + 1] ?? 0) * 2 >= here;
  });
};

function kindOf(
  activity: Activity,
  index: number,
  usual: { median: number; spread: number },
  rhythm: Rhythm | undefined,
): Standing["kind"] | undefined {
  const [requests, failed] = [activity.requests[index] ?? 0, activity.failed[index] ?? 0];
  if (failed >= least.failed && failed >= requests * least.failedShare && requests > usual.median * least.above) return "retry storm";
  const high =
    requests >= least.requests && requests > usual.median + least.deviations * usual.spread && requests > usual.median * least.above;
  return high && !recurs(activity.requests, index, rhythm) ? "burst" : undefined;
}

/** What stands out in a workload's activity, and its rhythm: neighbouring buckets of one kind are one. */
export function patternsOf(activity: Activity): { readonly rhythm: Rhythm | undefined; readonly standing: readonly Standing[] } {
  const rhythm = findRhythm(activity.requests);
  const busy = activity.requests.filter((one) => one > 0);
  const median = medianOf(busy);
  const spread = Math.max(1, 1.4826 * medianOf(busy.map((one) => Math.abs(one - median))));
  const standing: Standing[] = [];
  activity.requests.forEach((requests, index) => {
    const kind = kindOf(activity, index, { median, spread }, rhythm);
    if (kind === undefined) return;
    const last = standing.at(-1);
    const failed = activity.failed[index] ?? 0;
    if (last !== undefined && last.kind === kind && last.from + last.buckets === index)
      standing[standing.length - 1] = {
        ...last,
        buckets: last.buckets + 1,
        requests: last.requests + requests,
        failed: last.failed + failed,
      };
    else standing.push({ kind, workload: activity.workload, from: index, buckets: 1, requests, failed });
  });
  return { rhythm, standing };
}
