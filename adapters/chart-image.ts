import { createRequire } from "node:module";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Loader } from "vega";
import { chartSpec } from "../src/core/chart-spec.ts";
import { AppError } from "../src/core/errors.ts";
import { clip, oneLine } from "../src/core/plain-text.ts";
import type { ChartSeries } from "../src/core/report.ts";

/** How many pixels a CSS pixel becomes, so that a chart is sharp on a phone. */
const scale = 2;
const timeLimitMs = 5_000;
/** The most charts that wait for their turn; further ones are refused, since a picture is never worth a backlog. */
const mostWaiting = 20;

/** The typefaces that ship with us: the same picture comes out on a machine without fonts. */
const require = createRequire(import.meta.url);
const fontFiles = () => [
  require.resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf"),
  require.resolve("dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf"),
];

const refuse = (): Promise<never> => Promise.reject(new AppError("forbidden", "A chart may not load anything: its data stands in it."));
const noLoader: Loader = { load: refuse, sanitize: refuse, http: refuse, file: refuse };

/**
 * vega and vega-lite, which gives every Set a `toJSON` without parameters. discord.js, loaded after that, calls each method of Set
 * without parameters, takes the text it gets for an iterator, and sends nothing more. With its one parameter the method is left alone.
 */
async function loadVega() {
  const loaded = await Promise.all([import("vega"), import("vega-lite")]);
  const toJson: unknown = Reflect.get(Set.prototype, "toJSON");
  if (typeof toJson === "function" && toJson.length === 0) {
    const value = function (this: unknown, _key: unknown): unknown {
      return Reflect.apply(toJson, this, []);
    };
    // oxlint-disable-next-line no-extend-native -- vega-lite has extended it already; this makes its method harmless
    Object.defineProperty(Set.prototype, "toJSON", { value, configurable: true, writable: true });
  }
  return loaded;
}

/** The chart as SVG, drawn without a browser. */
async function svgOf(chart: ChartSeries): Promise<string> {
  const [vega, vegaLite] = await loadVega();
  const logger = vega.logger(vega.None);
  const { spec } = vegaLite.compile(chartSpec(chart), { logger });
  const view = new vega.View(vega.parse(spec), { renderer: "none", loader: noLoader, logger });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

async function draw(chart: ChartSeries): Promise<Uint8Array> {
  const svg = await svgOf(chart);
  const { renderAsync } = await import("@resvg/resvg-js");
  const font = { loadSystemFonts: false, fontFiles: fontFiles(), defaultFontFamily: "DejaVu Sans", sansSerifFamily: "DejaVu Sans" };
  const image = await renderAsync(svg, { font, fitTo: { mode: "zoom", value: scale }, logLevel: "off" }, AbortSignal.timeout(timeLimitMs));
  return image.asPng();
}

let waiting = 0;
let last: Promise<unknown> = Promise.resolve();

/**
 * The chart as a PNG picture, 800 pixels wide; the same chart is the same bytes, on every machine. One is drawn at a time, with a
 * breath between two, so that a burst of charts neither fills the memory nor holds up other work. An AppError "busy" where too many wait.
 */
export async function chartPng(chart: ChartSeries): Promise<Uint8Array> {
  if (waiting >= mostWaiting) throw new AppError("busy", "Too many charts are being drawn; the report shows this one as text.");
  waiting += 1;
  const turn = last.then(async () => {
    await nextTurn();
    return draw(chart);
  });
  last = turn.catch(() => undefined);
  try {
    return await turn;
  } catch (cause) {
    throw new AppError("internal", "The chart could not be drawn; the report shows it as text.", { cause });
  } finally {
    waiting -= 1;
  }
}

const mostAlt = 2_000;

/** What a chart says, in at most 2,000 characters, for those who do not see it: its title, its unit and each name with its label. */
export function chartAlt({ title, unit, points }: ChartSeries): string {
  const head = `${clip(oneLine(title.slice(0, mostAlt)), 300)} (${clip(oneLine(unit.slice(0, mostAlt)), 100)})`;
  if (points.length === 0) return `${head}: there is nothing to draw.`;
  const parts = points.map(
    ({ name, label }) => `${clip(oneLine(name.slice(0, mostAlt)), 200)} ${clip(oneLine(label.slice(0, mostAlt)), 100)}`,
  );
  let text = `${head}: `;
  for (const [i, part] of parts.entries()) {
    const rest = parts.length - i;
    const more = ` … and ${rest} more.`;
    const next = `${text}${i === 0 ? "" : "; "}${part}`;
    if (next.length + 1 + (rest > 1 ? more.length : 0) > mostAlt) return `${text}${more}`;
    text = next;
  }
  return `${text}.`;
}
