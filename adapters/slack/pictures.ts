import { createHash } from "node:crypto";
import type { types, webApi } from "@slack/bolt";
import type { Logger } from "../../src/core/logger.ts";
import type { ChartSeries } from "../../src/core/report.ts";
import { chartAlt, chartPng } from "../chart-image.ts";
import { clip, oneLine } from "../draw-text.ts";
import { toAppError } from "./errors.ts";
import type { SlackMessage } from "./render.ts";
import { pictureReady, uploadPicture } from "./upload.ts";

/** The most charts of one message that become pictures. */
export const mostPictures = 2;

/** The most uploads that are remembered, and for how long a workspace is left alone that does not let us upload. */
const mostRemembered = 500;
const refusedMs = 10 * 60_000;

/** Charts as files of Slack, each uploaded once and remembered, so that edits of a message show the same file again. */
export interface ChartPictures {
  /** The file of a chart that is there already. */
  known(workspace: string, chart: ChartSeries): string | undefined;
  /** Uploads a chart that is not there; undefined where that fails or takes longer than the signal allows. Never throws. */
  upload(client: webApi.WebClient, workspace: string, chart: ChartSeries, signal: AbortSignal): Promise<string | undefined>;
  /** Says once why a chart stays text, and asks Slack no more for a while where asking is in vain. */
  note(workspace: string, cause: unknown): undefined;
  /** Forgets a file that Slack no longer shows. */
  forget(workspace: string, chart: ChartSeries): void;
}

const keyOf = (workspace: string, chart: ChartSeries): string =>
  createHash("sha256")
    .update(JSON.stringify([workspace, chart]))
    .digest("hex");

const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });

/** The last `most` entries that were set. */
function latest(most: number): Pick<Map<string, string>, "get" | "delete"> & { set(key: string, value: string): void } {
  const entries = new Map<string, string>();
  return {
    get: (key) => entries.get(key),
    delete: (key) => entries.delete(key),
    set(key, value) {
      entries.delete(key);
      entries.set(key, value);
      const oldest = entries.keys().next().value;
      if (entries.size > most && oldest !== undefined) entries.delete(oldest);
    },
  };
}

/** Remembers uploads in this process: another one uploads a chart again. */
export function createChartPictures(log: Logger, now: () => number = Date.now): ChartPictures {
  const files = latest(mostRemembered);
  const running = new Map<string, Promise<string | undefined>>();
  const quietUntil = new Map<string, number>();

  const note = (workspace: string, cause: unknown): undefined => {
    const error = toAppError(cause, "take a chart's picture");
    const pauseMs = error.code === "not_configured" || error.code === "forbidden" ? refusedMs : (error.retryAfterMs ?? 0);
    if (pauseMs > 0) quietUntil.set(workspace, now() + pauseMs);
    log.warn("A chart is shown as text: its picture could not be brought into Slack.", { workspace, error: error.message });
  };

  const attempt = async (client: webApi.WebClient, workspace: string, chart: ChartSeries, signal: AbortSignal) => {
    try {
      const png = await chartPng(chart);
      const file = await uploadPicture(client, png, clip(oneLine(chart.title), 200) || "Chart", signal);
      files.set(keyOf(workspace, chart), file);
      await pictureReady(client, file, signal);
      return file;
    } catch (error) {
      return note(workspace, error);
    }
  };

  return {
    note,
    known: (workspace, chart) => files.get(keyOf(workspace, chart)),
    forget: (workspace, chart) => {
      files.delete(keyOf(workspace, chart));
    },
    async upload(client, workspace, chart, signal) {
      if ((quietUntil.get(workspace) ?? 0) > now()) return undefined;
      const key = keyOf(workspace, chart);
      const job = running.get(key) ?? attempt(client, workspace, chart, signal).finally(() => running.delete(key));
      running.set(key, job);
      return Promise.race([job, aborted(signal)]);
    },
  };
}

const imageOf = (chart: ChartSeries, file: string, first: types.KnownBlock | undefined): types.KnownBlock => ({
  type: "image",
  slack_file: { id: file },
  alt_text: chartAlt(chart),
  ...(first?.block_id === undefined ? {} : { block_id: first.block_id }),
});

/** The message with pictures in place of the bars of those charts that have a file. */
export function withPictures(message: SlackMessage, fileOf: (chart: ChartSeries) => string | undefined): SlackMessage {
  const blocks = [...message.blocks];
  for (const { at, count, chart } of message.charts.toReversed()) {
    const file = fileOf(chart);
    if (file !== undefined) blocks.splice(at, count, imageOf(chart, file, blocks[at]));
  }
  return { ...message, blocks };
}
