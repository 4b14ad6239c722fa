import { z } from "zod";
import { noFacts } from "../../core/supply.ts";
import type { ModelListFormat } from "./model-page.ts";

const size = z.number().int().positive().nullish();
const Supported = z.object({ supported: z.boolean() }).optional();

/** GET /v1/models: https://platform.claude.com/docs/en/api/models/list. Prices are not told. */
const Page = z.object({
  data: z.array(
    z.object({
      id: z.string().min(1).max(256),
      display_name: z.string().optional(),
      created_at: z.string().optional(),
      lifecycle: z.string().optional(),
      retires_at: z.string().nullish(),
      max_input_tokens: size,
      max_tokens: size,
      capabilities: z.object({ image_input: Supported, pdf_input: Supported, thinking: Supported }).nullish(),
    }),
  ),
  has_more: z.boolean(),
  last_id: z.string().nullish(),
});
type Model = z.infer<typeof Page>["data"][number];

/** A day; an epoch stands for one that is not known. */
const dayOf = (text: string | null | undefined): string | null => {
  const at = text === null || text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) || at <= 0 ? null : new Date(at).toISOString().slice(0, 10);
};

function takesOf({ capabilities }: Model): string[] | null {
  if (capabilities === null || capabilities === undefined) return null;
  const { image_input: image, pdf_input: pdf } = capabilities;
  return [...(image?.supported === true ? ["image"] : []), ...(pdf?.supported === true ? ["pdf"] : [])];
}

/** Anthropic's list of models, a thousand a page. A retired one is in its catalogue still, and is no longer for sale. */
export const anthropicPage: ModelListFormat = {
  ask({ baseUrl, apiKey }, next) {
    const url = new URL(`${baseUrl.replace(/\/+$/, "")}/models`);
    url.searchParams.set("limit", "1000");
    if (next !== undefined) url.searchParams.set("after_id", next);
    return { url, headers: { "x-api-key": apiKey, "anthropic-version": "2023-06-01" } };
  },
  async parse(client, call, signal) {
    const { data, has_more: more, last_id: last } = await client.json(call, Page, signal);
    const models = data
      .filter(({ lifecycle }) => lifecycle !== "retired")
      .map((model) => ({
        provider: "anthropic",
        model: model.id,
        facts: {
          ...noFacts,
          name: model.display_name ?? null,
          maxInput: model.max_input_tokens ?? null,
          maxOutput: model.max_tokens ?? null,
          takes: takesOf(model),
          reasoning: model.capabilities?.thinking?.supported ?? null,
          deprecated: model.lifecycle === undefined ? null : model.lifecycle === "deprecated",
          releasedOn: dayOf(model.created_at),
          retiresOn: dayOf(model.retires_at),
        },
      }));
    return { models, next: more ? (last ?? data.at(-1)?.id) : undefined };
  },
};
