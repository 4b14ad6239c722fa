import { findProvider, type ModelInfo, type Provider } from "@pydantic/genai-prices";
import { AppError } from "../core/errors.ts";
import { aliasTable, innerIds } from "./alias-table.ts";
import { type ListedSpan, spansOf } from "./listed-spans.ts";
import { providerIds } from "./provider-ids.ts";

/** The release of @pydantic/genai-prices whose bundled figures the book is made from. */
export const listRelease = "0.1.8";

/** The UTC day on which that release was published, by the npm registry. */
export const listReleasedOn = "2026-09-23";

/** A model as the list has it, under every name by which it is exactly known at the seller. */
export interface ListedModel {
  readonly provider: string;
  /** The name that it goes by: the list's id, or the first name where the seller does not know that id. */
  readonly name: string;
  /** Names that the list or a second one spells out for this seller. */
  readonly names: readonly string[];
  /** The maker's names for a model that this seller resells. */
  readonly resoldNames: readonly string[];
  /** True where the seller has no entry of its own and sells at the maker's list price. */
  readonly borrowed: boolean;
  readonly info: ModelInfo;
  readonly spans: readonly ListedSpan[];
  readonly source: string;
}

interface Alias {
  readonly seller: string;
  /** The provider whose entry it is: the seller itself, or the maker whose list price the seller asks. */
  readonly owner: string;
  readonly id: string;
  readonly names: readonly string[];
  /** True for a maker's name at another seller, and for the ids that a platform composes: they say nothing of who sells the model alone. */
  readonly resold: boolean;
}

/** The lines of the generated table (docs/adr/008). */
const aliases: readonly Alias[] = aliasTable
  .trim()
  .split("\n")
  .map((line) => {
    const [seller = "", target = "", evidence = "", , ...names] = line.split(" ");
    const [maker = "", id] = target.split(">");
    return { seller, owner: id === undefined ? seller : maker, id: id ?? target, names, resold: /resold|bedrock-id/.test(evidence) };
  });

/** Ids by which the list knows models that the seller does not know by them. */
const inner: ReadonlySet<string> = new Set(
  innerIds
    .trim()
    .split("\n")
    .flatMap((line) => {
      const [seller = "", ...ids] = line.split(" ");
      return ids.map((id) => `${seller} ${id}`);
    }),
);

/** The exact names that a match expression spells out: no prefix, no pattern. */
const exactNames = (match: ModelInfo["match"]): readonly string[] => {
  if ("equals" in match) return [match.equals];
  return "or" in match ? match.or.flatMap(exactNames) : [];
};

const sourceOf = (provider: Provider): string =>
  [`@pydantic/genai-prices ${listRelease}`, ...(provider.pricing_urls ?? []).slice(0, 1)].join(", from ");

const ownModel = (provider: Provider, info: ModelInfo): ListedModel => {
  const known = aliases.filter(({ seller, owner, id }) => seller === provider.id && owner === provider.id && id === info.id);
  const id = inner.has(`${provider.id} ${info.id}`) ? [] : [info.id];
  const names = [...new Set([...id, ...exactNames(info.match), ...known.flatMap(({ resold, names }) => (resold ? [] : names))])];
  const resoldNames = known.flatMap(({ resold, names }) => (resold ? names : []));
  return {
    provider: provider.id,
    name: names[0] ?? resoldNames[0] ?? info.id,
    names,
    resoldNames,
    borrowed: false,
    info,
    spans: spansOf(provider.id, info.prices),
    source: sourceOf(provider),
  };
};

const listedProvider = (providerId: string): Provider => {
  const provider = findProvider({ providerId });
  if (provider?.id !== providerId) throw new AppError("internal", `@pydantic/genai-prices no longer lists the provider "${providerId}".`);
  return provider;
};

const borrowedModel = ({ seller, owner, id, names }: Alias): ListedModel => {
  const maker = listedProvider(owner);
  const info = maker.models.find((model) => model.id === id);
  if (info === undefined)
    throw new AppError("internal", `@pydantic/genai-prices no longer lists ${owner} ${id}: write the alias table anew.`);
  return {
    provider: seller,
    name: names[0] ?? id,
    names: [],
    resoldNames: names,
    borrowed: true,
    info,
    spans: spansOf(seller, info.prices),
    source: `${sourceOf(maker)}: ${seller} sells it at the list price of ${owner}`,
  };
};

/** Every model of the list at every seller. */
export const listedModels = (): readonly ListedModel[] => [
  ...providerIds.flatMap((providerId) => {
    const provider = listedProvider(providerId);
    return provider.models.map((info) => ownModel(provider, info));
  }),
  ...aliases.filter(({ seller, owner }) => seller !== owner).map(borrowedModel),
];
