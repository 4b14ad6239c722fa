import { z } from "zod";
import type { SourcedFigure } from "../../src/catalog/compare-lists.ts";
import { type ListedModel, listedModels } from "../../src/catalog/listed-prices.ts";
import { ruleFor } from "../../src/catalog/tier-rates.ts";
import { tokenBuckets } from "../../src/core/tokens.ts";

const Key = z.tuple([z.string(), z.number()]);

interface Row {
  readonly model: string;
  readonly line: string;
}

const tidy = (usd: number): number => Number(usd.toPrecision(12));
const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1;

/** The only figure that lists give for a bucket; undefined where they give none, or not the same. */
function agreed(figures: readonly SourcedFigure[], bucket: string): number | undefined {
  const said = new Set(figures.filter((figure) => figure.bucket === bucket).map(({ usd }) => tidy(usd)));
  return said.size === 1 ? [...said][0] : undefined;
}

/** Whether the list's standard prices are those of some time in the book: else it speaks of another price than ours. */
const known = (model: ListedModel, above: number, input: number, output: number): boolean =>
  model.spans.some(({ bands }) =>
    bands.some(
      ({ aboveInputTokens, perToken }) =>
        near(aboveInputTokens, above) &&
        perToken.input === BigInt(Math.round(input * 1e6)) &&
        perToken.output === BigInt(Math.round(output * 1e6)),
    ),
  );

/** The models of the book by "provider/name", under each of their names. */
export function bookModels(): ReadonlyMap<string, ListedModel> {
  const models = new Map<string, ListedModel>();
  for (const model of listedModels()) {
    for (const name of model.names) {
      const key = `${model.provider}/${name}`;
      if (!models.has(key) || name === model.info.id) models.set(key, model);
    }
  }
  return models;
}

/** The lines of src/catalog/published-tiers.ts, from the figures of lists: for some models of the book; those that agree in everything stand in one line. */
export function tierTable(all: readonly SourcedFigure[], models: ReadonlyMap<string, ListedModel>): readonly string[] {
  const groups = new Map<string, SourcedFigure[]>();
  const names = [...models.keys()];
  for (const figure of all.filter(({ region, bucket }) => region === "" && tokenBuckets.some((one) => one === bucket))) {
    const { model } = figure;
    const matched =
      typeof model === "string"
        ? [`${figure.provider}/${model}`]
        : names.filter((name) => name.startsWith(`${figure.provider}/`) && model.test(name.slice(figure.provider.length + 1)));
    for (const name of matched.filter((one) => models.has(one))) {
      const key = JSON.stringify([name, figure.aboveInputTokens]);
      groups.set(key, [...(groups.get(key) ?? []), figure]);
    }
  }
  const rows: Row[] = [];
  for (const [key, figures] of groups) {
    const [name, above] = Key.parse(JSON.parse(key));
    const model = models.get(name);
    const standard = figures.filter(({ tier }) => tier === "standard");
    for (const tier of ["batch", "flex", "priority"] as const) {
      const own = figures.filter((figure) => figure.tier === tier);
      const lists = [...new Set(own.map(({ list }) => list))].sort();
      const ofLists = standard.filter(({ list, file }) => own.some((figure) => figure.list === list && figure.file === file));
      const [input, output] = [agreed(ofLists, "input"), agreed(ofLists, "output")];
      const shortName = name.slice(name.indexOf("/") + 1);
      if (model === undefined || input === undefined || output === undefined || !known(model, above, input, output)) continue;
      if (tier === "batch" && ruleFor(model.provider, shortName, "batch") !== undefined) continue;
      const [ownInput, ownOutput, cached] = [agreed(own, "input"), agreed(own, "output"), agreed(own, "cache_read")];
      if (ownInput === undefined || ownOutput === undefined) continue;
      // A batch discount is one share of everything, and a cached token is never as dear as another: else the list has a slip.
      if (tier === "batch" && tidy(ownInput * output) !== tidy(ownOutput * input)) continue;
      const buckets = tokenBuckets.filter((bucket) => !bucket.startsWith("cache_") || (cached !== undefined && cached < ownInput));
      const prices = buckets.flatMap((bucket) => {
        const usd = agreed(own, bucket);
        return usd === undefined ? [] : [`${bucket}=${usd}`];
      });
      if (prices.length > 0)
        rows.push({
          model: shortName,
          line: `${model.provider} ${tier} ${above} ${input}/${output} ${prices.join(" ")} | ${lists.join("+")} |`,
        });
    }
  }
  const byLine = new Map<string, string[]>();
  for (const { model, line } of rows) byLine.set(line, [...(byLine.get(line) ?? []), model]);
  return [...byLine].map(([line, names]) => `${line} ${names.sort().join(" ")}`).sort();
}
