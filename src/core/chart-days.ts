import { chartColours, type DrawnPoint, daysOf, domainOf, signColour } from "./chart-points.ts";
import { fitText, textWidth } from "./chart-text.ts";

const plotHeight = 170;
const labelSize = 12;
const tickSize = 11;
const lineHeight = 20;
/** The most columns whose labels all stand at them; of more, the telling ones are named above. */
const mostLabels = 16;

type Align = "left" | "center" | "right";

const words = (size: number, align: Align, bold = false) => ({
  type: "text" as const,
  align,
  baseline: "middle" as const,
  fontSize: size,
  fontWeight: bold ? ("bold" as const) : ("normal" as const),
});

/** A line of text at a fixed place. */
const textAt = (text: string, x: number, y: number, align: Align, size: number, bold = false) => ({
  data: { values: [{ text }] },
  mark: { ...words(size, align, bold), color: size === tickSize ? chartColours.faint : chartColours.ink },
  encoding: { x: { value: x }, y: { value: y }, text: { field: "text" } },
});

/** The highest, the lowest where something is below zero, and the latest day: one line each. */
function tellingLines(points: readonly DrawnPoint[], room: number) {
  const by = (better: (a: number, b: number) => boolean) =>
    points.reduce((best, point) => (better(point.value, best.value) ? point : best));
  const lowest = by((a, b) => a < b);
  const last = points.at(-1) ?? lowest;
  const named = [
    { what: "Highest", point: by((a, b) => a > b) },
    ...(lowest.value < 0 ? [{ what: "Lowest", point: lowest }] : []),
    { what: "Latest", point: last },
  ];
  return named.flatMap(({ what, point }, i) => {
    const y = lineHeight * (i + 0.5);
    const label = fitText(point.label, room * 0.5, labelSize, true);
    return [textAt(`${what}: ${point.name}`, 0, y, "left", labelSize), textAt(label, room, y, "right", labelSize, true)];
  });
}

/** Days of the month under the columns, as many as there is room for, and the first and the last day in full. */
function ticks(days: readonly string[], room: number, top: number) {
  const step = room / days.length;
  const every = Math.max(1, Math.ceil(22 / step));
  return [
    ...days.flatMap((day, i) =>
      i % every === 0 ? [textAt(String(Number(day.slice(8))), (i + 0.5) * step, top + 10, "center" as const, tickSize)] : [],
    ),
    textAt(days[0] ?? "", 0, top + 27, "left", tickSize),
    textAt(days.at(-1) ?? "", room, top + 27, "right", tickSize),
  ];
}

/** Where a day and its value stand. */
interface Place {
  readonly x: {
    field: "name";
    type: "ordinal";
    axis: null;
    scale: { domain: string[]; paddingInner: number; paddingOuter: number };
  };
  readonly y: {
    field: "value";
    type: "quantitative";
    axis: null;
    scale: { domain: [number, number]; nice: false; range: [number, number] };
  };
}

/** The labels of columns, upright where each fits over its column, else along it; `space` is what they take beyond the columns. */
function fitLabels(points: readonly DrawnPoint[], step: number) {
  const fitted = points.map((point) => ({ ...point, label: fitText(point.label, 130, labelSize, true) }));
  const longest = Math.max(...fitted.map(({ label }) => textWidth(label, labelSize, true)));
  const upright = longest + 6 <= step;
  // Vega, which has no font here, takes a character for 0.8 of its height, and moves the title by what it believes to be in the way.
  const believed = Math.max(...fitted.map(({ label }) => label.length * labelSize * 0.8));
  return { fitted, upright, space: upright ? 20 : Math.max(longest, believed) + 8 };
}

function columnLabels({ fitted, upright }: ReturnType<typeof fitLabels>, place: Place) {
  return (["above", "below"] as const).map((sign) => ({
    data: { values: fitted.filter((point) => point.sign === sign) },
    mark: {
      ...words(labelSize, upright ? "center" : sign === "above" ? "left" : "right", true),
      color: chartColours.ink,
      ...(upright ? {} : { angle: 270 }),
      yOffset: (sign === "above" ? -1 : 1) * (upright ? 10 : 5),
    },
    encoding: { ...place, text: { field: "label" } },
  }));
}

/** Days as columns over a line of time, `room` pixels wide. */
export function dayBars(points: readonly DrawnPoint[], room: number) {
  const days = daysOf(points);
  const few = days.length <= mostLabels;
  const head = few ? [] : tellingLines(points, room);
  const labels = few ? fitLabels(points, room / days.length) : undefined;
  const top = (head.length / 2) * lineHeight + (labels?.space ?? 4);
  const bottom = top + plotHeight;
  const end = bottom + (labels !== undefined && points.some(({ sign }) => sign === "below") ? labels.space : 4);
  const place: Place = {
    x: { field: "name", type: "ordinal", axis: null, scale: { domain: days, paddingInner: 0.2, paddingOuter: 0.1 } },
    y: { field: "value", type: "quantitative", axis: null, scale: { domain: domainOf(points), nice: false, range: [bottom, top] } },
  };
  return {
    height: end + 34,
    data: { values: [...points] },
    layer: [
      { mark: { type: "bar" as const, minBandSize: 1 }, encoding: { ...place, color: signColour() } },
      {
        data: { values: [{ value: 0 }] },
        mark: { type: "rule" as const, color: chartColours.line },
        encoding: { y: place.y, x: { value: 0 }, x2: { value: room } },
      },
      ...(labels === undefined ? [] : columnLabels(labels, place)),
      ...head,
      ...ticks(days, room, end),
    ],
  };
}
