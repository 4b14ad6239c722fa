import { z } from "zod";
import { noFacts } from "../../core/supply.ts";
import type { ModelListFormat } from "./model-page.ts";

const size = z.number().int().positive().optional();

/** GET /v1beta/models: https://ai.google.dev/api/models#method:-models.list. Prices are not told. */
const Page = z.object({
  models: z
    .array(
      z.object({
        name: z.string().min(1).max(256),
        displayName: z.string().optional(),
        inputTokenLimit: size,
        outputTokenLimit: size,
        thinking: z.boolean().optional(),
      }),
    )
    .default([]),
  nextPageToken: z.string().optional(),
});

/** Google's list of models in the Gemini API, a thousand a page. */
export const geminiPage: ModelListFormat = {
  ask({ baseUrl, apiKey }, next) {
    const url = new URL(`${baseUrl.replace(/\/+$/, "")}/models`);
    url.searchParams.set("pageSize", "1000");
    if (next !== undefined) url.searchParams.set("pageToken", next);
    return { url, headers: { "x-goog-api-key": apiKey } };
  },
  async parse(client, call, signal) {
    const { models, nextPageToken } = await client.json(call, Page, signal);
    return {
      models: models.map(({ name, displayName, inputTokenLimit, outputTokenLimit, thinking }) => ({
        provider: "google",
        model: name.replace(/^models\//, ""),
        facts: {
          ...noFacts,
          name: displayName ?? null,
          maxInput: inputTokenLimit ?? null,
          maxOutput: outputTokenLimit ?? null,
          reasoning: thinking ?? null,
        },
      })),
      next: nextPageToken === "" ? undefined : nextPageToken,
    };
  },
};
