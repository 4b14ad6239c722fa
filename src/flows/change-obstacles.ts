import { apiFamilyOf } from "../core/gateway-config.ts";
import type { PriceBook } from "../core/price.ts";
import type { RoutingChange } from "../core/report.ts";
import { everyTarget, type Target } from "../core/strategy.ts";

/** What a change is held against: prices of now, and the providers that the org's gateway can send requests on to. */
export interface ObstacleFacts {
  readonly prices: Pick<PriceBook, "priceOf">;
  readonly providers: readonly string[];
  readonly at: Date;
}

/** How whoever proposed a change gets a better one. */
const again = ({ strategy }: RoutingChange): string => (strategy === undefined ? "ask again for a proposal" : "propose it again");

/** Both sides of a comparison must be served and priced; of a rule that a person wrote, whatever it can send requests to. */
const targetsOf = ({ strategy, fromProvider, fromModel, toProvider, toModel }: RoutingChange): readonly Target[] =>
  strategy === undefined
    ? [
        { provider: toProvider, model: toModel },
        { provider: fromProvider, model: fromModel },
      ]
    : everyTarget(strategy);

const obstacleAt = ({ prices, providers, at }: ObstacleFacts, { provider, model }: Target, change: RoutingChange): string | undefined => {
  if (!providers.includes(provider)) return `The gateway has no upstream for ${provider}. Connect ${provider}, then ${again(change)}.`;
  const price = prices.priceOf({ provider, model, tier: "standard", inputTokens: 1, at });
  if (!("unpriced" in price)) return undefined;
  const what = change.strategy === undefined ? "Its saving could not be measured" : "What it costs could not be told";
  return `${what}: ${price.unpriced}. Add a price for it, then ${again(change)}.`;
};

/** Why a target would break the traffic that it is meant for: all but embeddings is translated between providers' APIs (docs/translation.md). */
const foreignApi = ({ fromProvider, fromModel, strategy }: RoutingChange, { provider }: Target): string | undefined => {
  if (apiFamilyOf(fromProvider) === apiFamilyOf(provider) || !/embed/i.test(fromModel)) return undefined;
  const within = strategy === undefined ? "Ask for a proposal" : "Propose a rule";
  return `${provider} does not speak ${fromProvider}'s API, and embeddings are not translated between them. ${within} within ${fromProvider}'s models.`;
};

/** Why a change cannot take effect as things stand, with what to do; undefined where it can. */
export function obstacleTo(facts: ObstacleFacts, change: RoutingChange): string | undefined {
  const targets = targetsOf(change);
  for (const target of targets) {
    const obstacle = obstacleAt(facts, target, change);
    if (obstacle !== undefined) return obstacle;
  }
  return targets.map((target) => foreignApi(change, target)).find((text) => text !== undefined);
}
