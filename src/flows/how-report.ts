import type { Figure, Report, ReportBlock } from "../core/report.ts";

/** Queries, and figures of each, that are shown at most. */
const most = { queries: 8, figures: 15 };

const count = (number: number, what: string, many: string): string => `${number.toLocaleString("en-US")} ${number === 1 ? what : many}`;

/** Figures by what they were read or computed with, the queries of the store first. */
function byQuery(figures: readonly Figure[]): readonly (readonly [string, readonly Figure[]])[] {
  const groups = new Map<string, Figure[]>();
  for (const figure of figures) groups.set(figure.query, [...(groups.get(figure.query) ?? []), figure]);
  const reads = (query: string): number => Number(!/^\s*(?:SELECT|WITH)\b/i.test(query));
  return [...groups].sort(([a], [b]) => reads(a) - reads(b));
}

const rowsOf = (figures: readonly Figure[]): string[][] =>
  figures
    .slice(0, most.figures)
    .map(({ name, value, unit, period }) => [name, value, unit, period.from.slice(0, 16), period.to.slice(0, 16)]);

const blocksOf = ([query, figures]: readonly [string, readonly Figure[]]): ReportBlock[] => [
  { type: "text", text: query },
  { type: "table", columns: ["Figure", "Value", "Unit", "From (UTC)", "To (UTC)"], rows: rowsOf(figures) },
  ...(figures.length > most.figures
    ? [
        {
          type: "note" as const,
          text: `${count(figures.length - most.figures, "more figure comes", "more figures come")} from the same query.`,
        },
      ]
    : []),
];

/** How an answer came about: each query with its parameters, as anyone can run it again, and what it gave. */
export function howReport(answer: Report | undefined): Report {
  const bare = { blocks: [], figures: [], recommendations: [], missing: [] };
  const title = "How I got this";
  if (answer === undefined)
    return {
      ...bare,
      title,
      summary:
        "There is no answer with figures in this thread yet. Ask something first; in the terminal, give both questions the same --thread.",
    };
  const queries = byQuery(answer.figures);
  const left = queries.length - most.queries;
  return {
    ...bare,
    title,
    summary: `The answer “${answer.title}” rests on ${count(answer.figures.length, "figure", "figures")} from ${count(queries.length, "query or formula", "queries and formulas")}. No number in it comes from anywhere else.`,
    blocks: [
      ...queries.slice(0, most.queries).flatMap(blocksOf),
      ...(left > 0
        ? [{ type: "note" as const, text: `${count(left, "more query or formula is", "more queries and formulas are")} not shown.` }]
        : []),
    ],
  };
}
