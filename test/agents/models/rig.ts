import type { RankedModel } from "../../../agents/models/choose.ts";
import type { ModelRequest } from "../../../agents/models/client.ts";
import { type Models, type ModelsOptions, openModels } from "../../../agents/models/models.ts";
import { modelPrices } from "../../../agents/models/price.ts";
import { createPriceBook } from "../../../src/catalog/price-book.ts";
import { createBreakers } from "../../../src/core/breaker.ts";
import { fromUsd } from "../../../src/core/money.ts";
import { type Script, scriptedModel } from "../../setup/scripted-model.ts";

const now = new Date("2026-11-23T12:00:00Z");

/** The prices of these tests. */
export const prices = modelPrices(createPriceBook(), now);

/** A small and a strong model whose prices the book knows. */
export const small: RankedModel = { provider: "openai", model: "gpt-5-mini", rank: "small" };
export const strong: RankedModel = { provider: "anthropic", model: "claude-sonnet-4-5", rank: "strong" };

/** Models that do as they are told, and everything that they were asked. */
export function scriptedModels(
  script: Script | Readonly<Record<string, Script>>,
  change: Partial<ModelsOptions> = {},
): { readonly models: Models; readonly asked: { readonly model: string; readonly request: ModelRequest }[] } {
  const asked: { model: string; request: ModelRequest }[] = [];
  const turns = new Map<string, number>();
  const models = openModels({
    models: [small],
    prices,
    budget: { maxCost: fromUsd("1"), maxCalls: 20 },
    breakers: createBreakers({ breakerFailures: 5, breakerMs: 1_000, breakerMaxMs: 1_000 }, () => performance.now()),
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    random: () => 0.5,
    retries: { attempts: 3, baseMs: 1, maxWaitMs: 10 },
    clientOf: (name) =>
      scriptedModel(
        name,
        (request) => {
          asked.push({ model: name.model, request });
          const turn = (turns.get(name.model) ?? 0) + 1;
          turns.set(name.model, turn);
          const own = typeof script === "function" ? script : script[name.model];
          return own === undefined ? { kind: "refuse" } : own(request, turn);
        },
        { prices, now: () => now, timeoutMs: 500 },
      ),
    ...change,
  });
  return { models, asked };
}

/** A script whose model always says this, as JSON. */
export const saying =
  (value: unknown): Script =>
  () => ({ kind: "say", text: JSON.stringify(value) });
