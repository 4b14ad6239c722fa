import { dayBars } from "./chart-days.ts";
import { chartColours, type DrawnPoint, domainOf, drawnPoints, isByDay, signColour } from "./chart-points.ts";
import { chartFont, fitLines, fitName, fitText, textWidth } from "./chart-text.ts";
import type { ChartSeries } from "./report.ts";

/** The width of every chart in CSS pixels, and the margin around it: as wide as a phone, so that nothing is shrunk there. */
export const chartSize = { width: 400, margin: 16 } as const;

const room = chartSize.width - 2 * chartSize.margin;
const titleSize = 16;
const subtitleSize = 12;
const titleLine = 20;

/** Each point as its name and its label on one line and its bar under them. */
function nameBars(points: readonly DrawnPoint[]) {
  const dense = points.length > 12;
  const [size, pitch, thickness] = dense ? [11, 28, 7] : [13, 44, 12];
  const rows = points.map((point) => {
    const label = fitText(point.label, room * 0.6, size, true);
    return { ...point, label, name: fitName(point.name, room - textWidth(label, size, true) - 10, size) };
  });
  const y = { field: "row", type: "ordinal" as const, axis: null, scale: { padding: 0 } };
  const scale = { domain: domainOf(points), nice: false };
  const text = {
    type: "text" as const,
    baseline: "middle" as const,
    fontSize: size,
    yOffset: size * 0.55 + 2 - pitch / 2,
    color: chartColours.ink,
  };
  const barTop = Math.round(size * 1.3) + 3;
  const layer = [
    {
      mark: { type: "bar" as const, height: thickness, yOffset: barTop + thickness / 2 - pitch / 2, minBandSize: 1 },
      encoding: { y, x: { field: "value", type: "quantitative" as const, axis: null, scale }, color: signColour() },
    },
    { mark: { ...text, align: "left" as const }, encoding: { y, x: { value: 0 }, text: { field: "name" } } },
    {
      mark: { ...text, align: "right" as const, fontWeight: "bold" as const },
      encoding: { y, x: { value: room }, text: { field: "label" } },
    },
  ];
  return { height: pitch * points.length - (pitch - barTop - thickness), data: { values: rows }, layer };
}

const nothingToDraw = () => ({
  height: 24,
  data: { values: [{ text: "There is nothing to draw." }] },
  layer: [
    {
      mark: { type: "text" as const, align: "left" as const, baseline: "top" as const, fontSize: 13, color: chartColours.faint },
      encoding: { x: { value: 0 }, y: { value: 4 }, text: { field: "text" } },
    },
  ],
});

/** Vega looks a title's words up among the names of operators, and finds those that every object has ("valueOf"): a space without width keeps them words. */
const asWords = (text: string): string => (text in {} ? `${text}\u200b` : text);

/** The title in at most three lines, with the unit under it, and how much room they take above the chart. */
function titleOf({ title, unit }: ChartSeries) {
  const text = fitLines(title, room, titleSize, 3, true).map(asWords);
  const subtitle = asWords(fitText(unit, room, subtitleSize));
  const height = chartSize.margin + text.length * titleLine + (subtitle === "" ? 0 : 16) + 6;
  return { text, subtitle, height };
}

/**
 * A chart as a Vega-Lite specification, plain JSON without expressions or addresses: what comes from outside stands in it as data and as
 * literal text alone. Days in order become columns, everything else bars with their names; each bar is read by its own label.
 */
export function chartSpec(chart: ChartSeries) {
  const points = drawnPoints(chart);
  const plot = points.length === 0 ? nothingToDraw() : isByDay(chart) ? dayBars(points, room) : nameBars(points);
  const { text, subtitle, height: top } = titleOf(chart);
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    background: chartColours.paper,
    autosize: { type: "none" as const },
    padding: { left: chartSize.margin, right: chartSize.margin, bottom: chartSize.margin, top },
    width: room,
    ...plot,
    title: {
      text,
      subtitle,
      anchor: "start" as const,
      frame: "group" as const,
      offset: 10,
      fontSize: titleSize,
      lineHeight: titleLine,
      color: chartColours.ink,
      subtitleFontSize: subtitleSize,
      subtitleColor: chartColours.faint,
      subtitlePadding: 4,
    },
    config: { font: chartFont, view: { stroke: null } },
  };
}
