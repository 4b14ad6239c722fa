import { z } from "zod";
import { noTokens } from "../../src/core/tokens.ts";
import { json, listen, readJson, secret } from "./rig.ts";

/** The wire format of https://ai.google.dev/api/generate-content, by hand. */
export const usageMetadata = {
  promptTokenCount: 100,
  cachedContentTokenCount: 40,
  candidatesTokenCount: 20,
  thoughtsTokenCount: 7,
  toolUsePromptTokenCount: 5,
  totalTokenCount: 132,
  promptTokensDetails: [
    { modality: "TEXT", tokenCount: 90 },
    { modality: "AUDIO", tokenCount: 10 },
  ],
  cacheTokensDetails: [{ modality: "TEXT", tokenCount: 40 }],
};
export const buckets = { ...noTokens, input: 55, audio_input: 10, cache_read: 40, output: 20, reasoning: 7 };

export const answer = (more: object = {}, parts: readonly object[] = [{ text: "I am a stand-in provider, not an AI model." }]) => ({
  candidates: [{ content: { role: "model", parts }, finishReason: "STOP", index: 0 }],
  usageMetadata,
  modelVersion: "gemini-2.5-flash-001",
  responseId: "r1",
  ...more,
});
export const half = answer({ candidates: [{ content: { role: "model", parts: [{ text: "Hel" }] }, index: 0 }] });
export const event = (data: unknown): string => `data: ${JSON.stringify(data)}\r\n\r\n`;

export const question = {
  contents: [{ role: "user", parts: [{ text: "Hello?" }] }],
  generationConfig: { seed: 7 },
  something_new: [1, null],
};
export const model = "/v1beta/models/gemini-2.5-flash";
export const send = (
  url: string,
  path: string,
  body: unknown = question,
  headers: Record<string, string> = { "x-goog-api-key": secret },
  signal?: AbortSignal,
) =>
  fetch(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });

export const providers = ["google", "openai"];
export const stream = (pieces: string) =>
  listen((_req, res) => void res.writeHead(200, { "content-type": "text/event-stream" }).end(pieces));
export const ErrorAnswer = z.strictObject({
  error: z.strictObject({ code: z.number(), message: z.string().min(9), status: z.string().regex(/^[A-Z_]+$/) }),
});
export const errorOf = async (response: Response) => ErrorAnswer.parse(await response.json()).error;

/** A provider that remembers what it was sent. */
export const remembering = async (body: unknown) => {
  const seen: { path: string; body: Record<string, unknown>; headers: Record<string, unknown> }[] = [];
  const upstream = await listen(async (req, res) => {
    seen.push({ path: req.url ?? "", body: await readJson(req), headers: req.headers });
    json(res, 200, body);
  });
  return { url: upstream.url, seen };
};
