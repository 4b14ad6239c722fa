import { dayText } from "../../core/day.ts";
import { type PicoUsd, toUsd, type UsdAmount } from "../../core/money.ts";
import { PriceChange } from "../../core/price-change.ts";
import { type TokenBucket, tokenBuckets } from "../../core/tokens.ts";
import type { UnitKind } from "../../core/units.ts";
import type { Weighed } from "./weigh-sources.ts";

type Agreed = Weighed & { readonly agreed: PicoUsd };

const isBucket = (name: TokenBucket | UnitKind): name is TokenBucket => tokenBuckets.some((bucket) => bucket === name);

/** Whether the agreed price may enter the book: it is new to it and exact for one token, and the row holds at all hours and in all regions. */
function proposable(weighed: Weighed): weighed is Agreed {
  const { place, book, agreed } = weighed;
  if (agreed === undefined || weighed.past || agreed === book?.usd || place.region !== "" || book?.price.hours !== undefined) return false;
  return !isBucket(place.bucket) || agreed % 1_000_000n === 0n;
}

/** The day from which an agreed price holds: the one that the sources name, or the first on which all of them were seen to say so. */
function beginOf({ claims, agreed }: Agreed): string {
  const saying = claims.filter(({ usd, stale }) => !stale && usd === agreed);
  const seen = dayText(new Date(Math.max(...saying.map(({ retrievedAt }) => retrievedAt.getTime()))));
  const named = new Set(saying.flatMap(({ from }) => from ?? []));
  const [only] = named;
  return named.size === 1 && only !== undefined ? only : seen;
}

const amountsOf = (group: readonly Agreed[], of: (weighed: Agreed) => PicoUsd | undefined): Pick<PriceChange, "perMillion" | "perUnit"> => {
  const perMillion: Partial<Record<TokenBucket, UsdAmount>> = {};
  const perUnit: Partial<Record<UnitKind, UsdAmount>> = {};
  for (const weighed of group) {
    const usd = of(weighed);
    const { bucket } = weighed.place;
    if (usd === undefined) continue;
    if (isBucket(bucket)) perMillion[bucket] = toUsd(usd);
    else perUnit[bucket] = toUsd(usd);
  }
  return { perMillion, perUnit };
};

function changeOf(group: readonly Agreed[]): PriceChange | undefined {
  const [first] = group;
  if (first === undefined) return undefined;
  const { provider, model, tier } = first.place;
  const cited = group.flatMap(({ claims, agreed }) => claims.filter(({ usd, stale }) => !stale && usd === agreed));
  const bySource = new Map(cited.map((claim) => [claim.source, claim]));
  return PriceChange.parse({
    type: "price_change",
    provider,
    model,
    tier,
    aboveInputTokens: first.book?.price.aboveInputTokens ?? first.place.aboveInputTokens,
    ...amountsOf(group, ({ agreed }) => agreed),
    was: amountsOf(group, ({ book }) => book?.usd),
    effectiveFrom: group.map(beginOf).sort().at(-1),
    sources: [...bySource.values()].flatMap(({ source, address, retrievedAt, dataOf }) =>
      dataOf === null ? [] : [{ source, address, readAt: retrievedAt.toISOString(), dataOf: dataOf.toISOString() }],
    ),
  });
}

/** Models of whose standard price some fresh source says otherwise than the book. */
const unsettledModels = (weighed: readonly Weighed[]): ReadonlySet<string> =>
  new Set(
    weighed.flatMap(({ place, verdict }) =>
      place.tier === "standard" && verdict === "differ" ? [JSON.stringify([place.provider, place.model])] : [],
    ),
  );

/**
 * The changes of the book that at least two publishers with fresh data agree on and nobody with fresh data speaks against: one for each
 * model, tier and context band, in order of name. A band that the book does not have of a model that it knows is left to people,
 * and another tier waits until sources and book are at one on the standard price: its own may belong to an older one.
 */
export function proposeChanges(weighed: readonly Weighed[], knows: (provider: string, model: string) => boolean): readonly PriceChange[] {
  const groups = new Map<string, Agreed[]>();
  const unsettled = unsettledModels(weighed);
  for (const one of weighed.filter(proposable)) {
    const { provider, model, tier, aboveInputTokens } = one.place;
    if (tier !== "standard" && unsettled.has(JSON.stringify([provider, model]))) continue;
    if (one.book === undefined && aboveInputTokens > 0 && knows(provider, model)) continue;
    const key = JSON.stringify([provider, model, tier, one.book?.price.aboveInputTokens ?? aboveInputTokens]);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, group]) => changeOf(group) ?? []);
}
