import type { AttendedRow } from "../../src/core/usage-patterns.ts";
import type { ToolContext } from "../define.ts";
import { queryText, type Scope, type Source, scopeOf } from "../figures.ts";
import type { UsageCell } from "./usage-cells.ts";

/** Whether a workload's answers can wait, and what that rests on; undefined where nothing says so. */
export interface Tolerance {
  readonly restsOn: (cell: Pick<UsageCell, "workload" | "model">) => string | undefined;
  readonly source: Source;
}

const attended = (row: AttendedRow): boolean => row.withUser + row.withConversation + row.streamed > 0;

/** Sources whose rows would show a user, a conversation or a stream: elsewhere their absence says nothing. The gateway always would. */
const telling = (rows: readonly AttendedRow[]): ReadonlySet<string> =>
  new Set(["gateway", ...rows.filter(attended).map(({ source }) => source)]);

/**
 * Which work can wait. It is told by who waits for it, never by the hour at which it runs: the asker names the workload, or no
 * request of it carries a user, a conversation or a streamed answer, though its source would show them.
 */
export async function toleranceOf(context: ToolContext, scope: Scope, namedWorkloads: readonly string[]): Promise<Tolerance> {
  const answer = await context.usage.attended({ ...scopeOf(context, scope), filters: {} });
  const sources = telling(answer.rows);
  return {
    source: { scope, query: queryText(answer.query) },
    restsOn({ workload, model }) {
      if (namedWorkloads.includes(workload)) return "you named it as work that can wait";
      const rows = answer.rows.filter((row) => row.workload === workload && row.model === model);
      const unattended = rows.length > 0 && rows.every((row) => !attended(row) && sources.has(row.source));
      return unattended && workload !== ""
        ? "no request of it carries a user, a conversation or a streamed answer, though its source would show them"
        : undefined;
    },
  };
}
