import { setTimeout as sleep } from "node:timers/promises";
import type { webApi } from "@slack/bolt";
import { AppError } from "../../src/core/errors.ts";

const pausesMs = [150, 300, 600, 900];

const isSlack = (url: string): boolean => {
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" && (hostname === "slack.com" || hostname.endsWith(".slack.com"));
};

/** Gives the bytes to the address that Slack named. No token goes there: the address itself is the right to write to it, once. */
async function put(address: string, apiUrl: string, png: Uint8Array, signal: AbortSignal): Promise<void> {
  if (isSlack(apiUrl) && !isSlack(address))
    throw new AppError("forbidden", "Slack named an address outside of Slack for a picture, so it was not sent there.");
  const headers = { "content-type": "application/octet-stream" };
  const response = await fetch(address, { method: "POST", headers, body: new Uint8Array(png), redirect: "error", signal });
  await response.body?.cancel();
  if (!response.ok) throw new AppError("provider_down", `Slack did not take a picture: it answered with HTTP status ${response.status}.`);
}

/** Uploads a picture, shared with nobody yet; gives its file id as soon as Slack has it, before Slack has looked at it. */
export async function uploadPicture(client: webApi.WebClient, png: Uint8Array, title: string, signal: AbortSignal): Promise<string> {
  const { upload_url: address, file_id: id } = await client.files.getUploadURLExternal({ filename: "chart.png", length: png.length });
  if (address === undefined || id === undefined) throw new AppError("provider_down", "Slack named no place for a picture.");
  await put(address, client.slackApiUrl, png, signal);
  // Without a channel: with one, Slack would post a message of its own.
  await client.files.completeUploadExternal({ files: [{ id, title }] });
  return id;
}

/** Waits until Slack knows that the file is a picture: before that it refuses blocks that show it. */
export async function pictureReady(client: webApi.WebClient, file: string, signal: AbortSignal): Promise<void> {
  for (const pause of pausesMs) {
    const { file: seen } = await client.files.info({ file });
    if (seen?.mimetype?.startsWith("image/") === true) return;
    await sleep(pause, undefined, { signal });
  }
  throw new AppError("timeout", "Slack took too long to look at a picture; the next edit of the message shows it.");
}
