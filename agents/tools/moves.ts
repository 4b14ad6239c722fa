import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import type { Figure } from "../../src/core/report.ts";
import type { Analysed } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, percentOf, type Source, safeLabel, showCount, showPercent, usdFigure } from "../figures.ts";
import { byWorkload, type Compared, compare, type Instead, spentOn, type UsageCell } from "./usage-cells.ts";

/** What moving the usage of a workload on a model would do, at the book's prices of one moment. */
export interface Move extends Compared, Pick<UsageCell, "workload" | "provider" | "model"> {
  readonly cells: readonly UsageCell[];
  /** What is spent on the workload and model, moved or not. */
  readonly whole: PicoUsd;
  readonly saved: PicoUsd;
}

/** The moves of each workload and model that something could be moved of, the largest saving first. */
export const movesOf = (
  cells: readonly UsageCell[],
  all: readonly UsageCell[],
  insteadOf: (cell: UsageCell) => Instead,
  context: Pick<ToolContext, "prices" | "asOf">,
): readonly Move[] =>
  byWorkload(cells)
    .map((group) => {
      const [{ workload, provider, model }] = group;
      const compared = compare(group, insteadOf, context);
      return { workload, provider, model, cells: group, whole: spentOn(all, group[0]), ...compared, saved: compared.here - compared.there };
    })
    .sort((a, b) => (a.saved > b.saved ? -1 : a.saved < b.saved ? 1 : 0));

/** A workload and model for people. */
export const onModel = ({ workload, model }: Pick<UsageCell, "workload" | "model">): string =>
  `${safeLabel(workload)} on ${safeLabel(model)}`;

/** What moves come to together. */
export const together = (moves: readonly Compared[]): Compared & { readonly saved: PicoUsd } => {
  const sum = moves.reduce(
    (all, one) => ({
      here: all.here + one.here,
      there: all.there + one.there,
      requests: all.requests + one.requests,
      left: all.left + one.left,
    }),
    { here: 0n, there: 0n, requests: 0, left: 0 },
  );
  return { ...sum, saved: sum.here - sum.there };
};

/** The figures of moves and of their sum; `there` says in a few words how they would be served. */
export function moveFigures(moves: readonly Move[], there: string, source: Source): Figure[] {
  const formula = { ...source, query: `stored tokens × the book's price now and ${there}, per context band\n${source.query}` };
  const of = (name: string, one: Compared & { readonly saved: PicoUsd }): Figure[] => [
    figure(`requests of ${name}`, one.requests, "requests", source),
    usdFigure(`${name} at today's prices`, one.here, formula),
    usdFigure(`${name} ${there}`, one.there, formula),
    usdFigure(`${name} ${there}, difference`, one.saved, formula),
    usdFigure(`${name} ${there}, difference without its sign`, one.saved < 0n ? -one.saved : one.saved, formula),
    figure(`${name} ${there}, difference`, percentOf(one.saved, one.here) ?? 0, "%", formula),
    ...(one.left === 0 ? [] : [figure(`requests of ${name} without a price ${there}`, one.left, "requests", source)]),
  ];
  return [...moves.flatMap((one) => of(onModel(one), one)), ...of("all of it", together(moves))];
}

/** Moves as a table of at most twenty rows. */
export const moveTable = (moves: readonly Move[], there: string): Analysed["tables"][number] => ({
  columns: ["Workload", "Model", "Requests", "At today's prices", there, "Difference", "Share"],
  rows: moves
    .slice(0, 20)
    .map((one) => [
      safeLabel(one.workload),
      safeLabel(one.model),
      showCount(one.requests),
      showUsd(one.here),
      showUsd(one.there),
      showUsd(one.saved),
      showPercent(percentOf(one.saved, one.here) ?? 0),
    ]),
});

/** Names with digits that sentences about moves may hold. */
export const namesOf = (cells: readonly Pick<UsageCell, "workload" | "model">[]): string[] => [
  ...new Set(cells.flatMap(({ workload, model }) => [safeLabel(workload), safeLabel(model)])),
];

/** What is assumed, as a figure in percent; thousandths in. */
export const assumed = (name: string, thousandths: number, { scope }: Pick<Source, "scope">): Figure =>
  figure(name, thousandths / 10, "%", { scope, query: "assumption, stated in the recommendation" });
