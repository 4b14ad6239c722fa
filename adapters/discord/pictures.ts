import type { RawFile } from "discord.js";
import type { Logger } from "../../src/core/logger.ts";
import type { ChartSeries } from "../../src/core/report.ts";
import { clip, oneLine } from "../draw-text.ts";
import { limits } from "./config.ts";
import type { DiscordMessage, Gallery } from "./render.ts";
import { escapeTo } from "./text.ts";

/** Draws charts as pictures, and says in words what they show. */
export interface ChartPictures {
  png(chart: ChartSeries): Promise<Uint8Array>;
  alt(chart: ChartSeries): string;
}

/** A message with its pictures, as it is sent. */
export interface Illustrated {
  readonly components: readonly (DiscordMessage["components"][number] | Gallery)[];
  readonly attachments: readonly { readonly id: string; readonly filename: string; readonly description: string }[];
  readonly files: readonly RawFile[];
}

const countOf = (components: DiscordMessage["components"]): number =>
  components.reduce((sum, part) => sum + 1 + (part.type === 1 ? part.components.length : 0), 0);

/** Puts pictures in the place of charts while the message has room for them; a chart that cannot be drawn stays text. */
export async function withPictures(message: DiscordMessage, pictures: ChartPictures | undefined, log: Logger): Promise<Illustrated> {
  const plainly = { components: message.components, attachments: [], files: [] };
  if (pictures === undefined || message.charts.length === 0) return plainly;
  const room = limits.components - countOf(message.components);
  const drawn = new Map<number, { readonly parts: Illustrated["components"]; readonly data: Uint8Array; readonly description: string }>();
  for (const { at, chart } of message.charts.slice(0, Math.max(0, room))) {
    const text = message.components[at];
    if (text?.type !== 10) continue;
    try {
      const data = await pictures.png(chart);
      const description = clip(oneLine(pictures.alt(chart)), limits.attachmentDescription);
      const url = `attachment://chart-${drawn.size}.png`;
      const title = { ...text, content: `**${escapeTo(oneLine(`${chart.title} (${chart.unit})`), 150)}**` };
      drawn.set(at, { parts: [title, { type: 12, items: [{ media: { url }, description }] }], data, description });
    } catch (error) {
      log.warn("A chart could not be drawn as a picture; it is shown as text.", { error: String(error) });
    }
  }
  const all = [...drawn.values()];
  return {
    components: message.components.flatMap((part, at) => drawn.get(at)?.parts ?? [part]),
    attachments: all.map(({ description }, id) => ({ id: `${id}`, filename: `chart-${id}.png`, description })),
    files: all.map(({ data }, id) => ({ name: `chart-${id}.png`, data: Buffer.from(data), contentType: "image/png", key: `files[${id}]` })),
  };
}
