import { z } from "zod";
import { noFacts } from "../../core/supply.ts";
import type { ModelListFormat } from "./model-page.ts";

/** GET /v1/models: https://developers.openai.com/api/docs/api-reference/models/list. Capabilities and prices are not told. */
const Page = z.object({
  data: z.array(
    z.object({
      id: z.string().min(1).max(256),
      created: z.number().int().nonnegative(),
      shutdown_date: z.iso.date().nullish(),
    }),
  ),
  has_more: z.boolean().optional(),
});

const dayOf = (seconds: number): string | null => (seconds === 0 ? null : new Date(seconds * 1_000).toISOString().slice(0, 10));

/** OpenAI's list of models. An org's own fine-tuned models are nobody's supply, and are left out. */
export const openaiPage: ModelListFormat = {
  ask({ baseUrl, apiKey }, next) {
    const url = new URL(`${baseUrl.replace(/\/+$/, "")}/models`);
    if (next !== undefined) url.searchParams.set("after", next);
    return { url, headers: { authorization: `Bearer ${apiKey}` } };
  },
  async parse(client, call, signal) {
    const { data, has_more: more = false } = await client.json(call, Page, signal);
    const models = data
      .filter(({ id }) => !id.startsWith("ft:"))
      .map(({ id, created, shutdown_date: shutdown }) => ({
        provider: "openai",
        model: id,
        facts: { ...noFacts, releasedOn: dayOf(created), retiresOn: shutdown ?? null },
      }));
    return { models, next: more ? data.at(-1)?.id : undefined };
  },
};
