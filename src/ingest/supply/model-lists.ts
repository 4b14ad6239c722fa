import { AppError } from "../../core/errors.ts";
import type { Upstream } from "../../core/gateway-config.ts";
import type { StatedModel, SupplySource } from "../../core/supply.ts";
import type { ApiClient } from "../api-client.ts";
import { anthropicPage } from "./anthropic-models.ts";
import { geminiPage } from "./gemini-models.ts";
import type { ModelListFormat } from "./model-page.ts";
import { openaiPage } from "./openai-models.ts";

/** Providers whose APIs list their models, by the book's names. */
const formats: Readonly<Record<string, ModelListFormat>> = { openai: openaiPage, anthropic: anthropicPage, google: geminiPage };

const mostPages = 100;

async function everyPage(
  client: ApiClient,
  format: ModelListFormat,
  upstream: Upstream,
  signal: AbortSignal,
): Promise<readonly StatedModel[]> {
  const what = `${upstream.provider}'s list of models`;
  const call = { what, refused: "It is read with the key that the gateway calls this provider with: check that key." };
  const models: StatedModel[] = [];
  const seen = new Set<string>();
  for (let next: string | undefined; ; ) {
    const page = await format.parse(client, { ...call, ...format.ask(upstream, next) }, signal);
    models.push(...page.models);
    next = page.next;
    if (next === undefined) return models;
    if (seen.has(next) || seen.size >= mostPages)
      throw new AppError(
        "bad_input",
        `${what} does not end: it names the same page again, or more than ${mostPages}. Nothing of it was kept.`,
      );
    seen.add(next);
  }
}

/** The list of models that a provider's own API gives to an org's key, read weekly; undefined for a provider whose API has none. */
export function modelList(client: ApiClient, upstream: Upstream): SupplySource | undefined {
  const format = Object.hasOwn(formats, upstream.provider) ? formats[upstream.provider] : undefined;
  if (format === undefined) return undefined;
  const { url } = format.ask(upstream, undefined);
  const origin = { source: `${upstream.provider}-models`, address: `${url.origin}${url.pathname}` };
  return {
    ...origin,
    everyDays: 7,
    async read(at, signal) {
      const models = await everyPage(client, format, upstream, signal);
      if (models.length === 0) throw new AppError("bad_input", `${origin.address} lists no model at all. Nothing of it was kept.`);
      return { ...origin, retrievedAt: at, dataOf: at, whole: [upstream.provider], prices: [], models };
    },
  };
}
