import type { ChartSeries } from "./report.ts";

/** Ink and paper of a chart. Blue and vermilion are told apart by every kind of colour vision, and by lightness. */
export const chartColours = {
  above: "#0072b2",
  below: "#d55e00",
  ink: "#1d1c1d",
  faint: "#5c5b5c",
  line: "#8a898a",
  paper: "#ffffff",
} as const;

/** What is drawn of a point; `row` tells points of one name apart. */
export interface DrawnPoint {
  readonly row: number;
  readonly name: string;
  readonly value: number;
  readonly label: string;
  readonly sign: "above" | "below";
}

const dayMs = 24 * 3_600_000;
const isDay = (name: string): boolean => /^\d{4}-\d{2}-\d{2}$/.test(name) && !Number.isNaN(Date.parse(name));

/** Whether the points are days, each later than the one before it. */
export const isByDay = ({ points }: ChartSeries): boolean =>
  points.length > 1 && points.every(({ name }, i) => isDay(name) && (i === 0 || name > (points[i - 1]?.name ?? "")));

/** Every day from the first to the last point, so that a day without usage is a gap; where they are far apart, only their own days. */
export function daysOf(points: readonly DrawnPoint[]): string[] {
  const own = points.map(({ name }) => name);
  const [from, to] = [Date.parse(own[0] ?? ""), Date.parse(own.at(-1) ?? "")];
  const count = Math.round((to - from) / dayMs) + 1;
  return count > 60 ? own : Array.from({ length: count }, (_, i) => new Date(from + i * dayMs).toISOString().slice(0, 10));
}

const largest = 1e300;

/** The points of a chart as they are drawn, in their order. */
export const drawnPoints = ({ points }: ChartSeries): readonly DrawnPoint[] =>
  points.map(({ name, value, label }, row) => ({
    row,
    name,
    value: value === 0 ? 0 : Math.min(largest, Math.max(-largest, value)),
    label,
    sign: value < 0 ? "below" : "above",
  }));

/** From the lowest to the highest value, always with zero: a bar that starts elsewhere lies. */
export function domainOf(points: readonly DrawnPoint[]): [number, number] {
  const values = points.map(({ value }) => value);
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  return low === 0 && high === 0 ? [0, 1] : [low, high];
}

/** Colours bars by whether they are below zero. */
export const signColour = () => ({
  field: "sign",
  type: "nominal" as const,
  scale: { domain: ["above", "below"], range: [chartColours.above, chartColours.below] },
  legend: null,
});
