// Writes src/catalog/alias-table.ts: the exact names under which the price list's models are sold besides its own (docs/adr/008).
// Usage: node scripts/alias-names.mjs LISTS [OPENAPI]
//   LISTS    a folder with portkey/*.json, litellm-2025-09.json, langfuse.json and models.dev/<provider>/models/*.toml
//   OPENAPI  OpenAI's own OpenAPI document as JSON
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { calcPrice, findProvider } from "@pydantic/genai-prices";
import { parse as parseToml } from "smol-toml";

const [lists, openapi] = process.argv.slice(2);
if (lists === undefined) {
  console.error("Give the folder with the price lists. Usage: node scripts/alias-names.mjs LISTS [OPENAPI]");
  process.exit(2);
}
const target = new URL("../src/catalog/alias-table.ts", import.meta.url);
const release = JSON.parse(readFileSync(new URL("../node_modules/@pydantic/genai-prices/package.json", import.meta.url), "utf8")).version;
const json = (...path) => JSON.parse(readFileSync(join(lists, ...path), "utf8"));

/** Names that other lists spell out: { list, at, provider, name, input, output }, prices in USD per million tokens. */
const spelled = [];
const perMillion = (usd) => (usd > 0 ? Number((usd * 1e6).toPrecision(10)) : undefined);
const spell = (list, at, provider, name, input, output) => spelled.push({ list, at: new Date(at), provider, name, input, output });

const portkey = {
  anthropic: "anthropic",
  "azure-openai": "azure",
  bedrock: "aws",
  deepseek: "deepseek",
  google: "google",
  "mistral-ai": "mistral",
  openai: "openai",
  "vertex-ai": "google",
};
for (const [file, provider] of Object.entries(portkey)) {
  for (const [name, { pricing_config: config }] of Object.entries(json("portkey", `${file}.json`))) {
    if (name === "default" || /-gt-\d+k$/.test(name)) continue;
    const { request_token: input, response_token: output } = config?.pay_as_you_go ?? {};
    const dollars = (cents) => perMillion((cents?.price ?? 0) / 100);
    spell("portkey", "2026-08-20", provider, name.replace(/-lte-\d+k$/, ""), dollars(input), dollars(output));
  }
}

const litellm = {
  anthropic: "anthropic",
  azure: "azure",
  azure_ai: "azure",
  bedrock: "aws",
  bedrock_converse: "aws",
  cerebras: "cerebras",
  cohere: "cohere",
  cohere_chat: "cohere",
  deepseek: "deepseek",
  fireworks_ai: "fireworks",
  gemini: "google",
  groq: "groq",
  mistral: "mistral",
  moonshot: "moonshotai",
  openai: "openai",
  openrouter: "openrouter",
  perplexity: "perplexity",
  together_ai: "together",
  voyage: "voyageai",
  xai: "x-ai",
};
for (const [key, model] of Object.entries(json("litellm-2025-09.json"))) {
  const theirs = model.litellm_provider ?? "";
  const provider = theirs.startsWith("vertex_ai") ? "google" : litellm[theirs];
  if (provider === undefined) continue;
  // "azure/", "gemini/" and the like are the router's own; what is left after a region ("eu/", "us-east-1/") has another price.
  const prefix = [`${theirs}/`, "vertex_ai/", "bedrock/"].find((start) => key.startsWith(start)) ?? "";
  const name = key.slice(prefix.length);
  if (/^(?:us|eu|ap|ca|sa|me|af|global)[\w-]*\//.test(name)) continue;
  spell("litellm", "2025-09-15", provider, name, perMillion(model.input_cost_per_token), perMillion(model.output_cost_per_token));
}

for (const { modelName, pricingTiers } of json("langfuse.json")) {
  const prices = pricingTiers?.find(({ isDefault }) => isDefault)?.prices;
  if (prices === undefined) continue;
  const provider = modelName.startsWith("claude") ? "anthropic" : modelName.startsWith("gemini") ? "google" : "openai";
  spell("langfuse", "2026-08-20", provider, modelName, perMillion(prices.input), perMillion(prices.output));
}

for (const provider of readdirSync(join(lists, "models.dev"))) {
  const folder = join(lists, "models.dev", provider, "models");
  for (const file of readdirSync(folder)) {
    const { cost } = parseToml(readFileSync(join(folder, file), "utf8"));
    spell("models.dev", "2026-07-15", provider, basename(file, ".toml"), cost?.input, cost?.output);
  }
}

if (openapi !== undefined) {
  const walk = (value) => {
    if (Array.isArray(value)) value.forEach(walk);
    else if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        if (key !== "enum") walk(inner);
        else for (const name of inner) if (typeof name === "string") spell("openai-openapi", "2026-08-01", "openai", name);
      }
    }
  };
  walk(JSON.parse(readFileSync(openapi, "utf8")));
}

const exactNames = (match) => ("equals" in match ? [match.equals] : "or" in match ? match.or.flatMap(exactNames) : []);
const providerIds = [...new Set(readFileSync(new URL("../src/catalog/provider-ids.ts", import.meta.url), "utf8").match(/[\w-]+/g))].filter(
  (id) => findProvider({ providerId: id })?.id === id,
);
const ownNames = new Map();
for (const id of providerIds) {
  const names = new Map();
  for (const model of findProvider({ providerId: id }).models) {
    for (const name of exactNames(model.match)) if (!names.has(name)) names.set(name, model);
  }
  for (const model of findProvider({ providerId: id }).models) names.set(model.id, model);
  ownNames.set(id, names);
}

/** The entry that the price list's own matching finds for a name, and the provider whose entry it is. */
function resolve(provider, name) {
  const found = calcPrice({}, name, { providerId: provider });
  if (found === null) return undefined;
  const owner = [provider, ...(found.provider.fallback_model_providers ?? [])].find((id) =>
    findProvider({ providerId: id })?.models.includes(found.model),
  );
  return owner === undefined ? undefined : { owner, model: found.model };
}

const base = (figure) => (typeof figure === "object" ? figure.base : figure);
const pricesAt = ({ prices }, at) => {
  if (!Array.isArray(prices)) return prices;
  const dated = prices.filter(({ constraint }) => constraint === undefined || new Date(constraint.start_date ?? 0) <= at);
  return (dated.at(-1) ?? prices[0]).prices;
};
const agrees = ({ input, output, at }, model) => {
  const prices = pricesAt(model, at);
  return input !== undefined && base(prices.input_mtok) === input && (base(prices.output_mtok) ?? output) === output;
};

const rows = new Map();
const known = (provider, name) => ownNames.get(provider).has(name) || rows.has(`${provider} ${name}`);
/** Notes a name as an alias, unless another model of the seller has it as its own. */
function accept(provider, name, { owner, model }, evidence) {
  if (/^$|\s|batch/.test(name) || ownNames.get(provider).has(name)) return;
  // A fine-tuned model has a price of its own.
  if (name.startsWith("ft:") && !model.id.startsWith("ft:")) return;
  const key = `${provider} ${name}`;
  const row = rows.get(key) ?? {
    provider,
    name,
    target: owner === provider ? model.id : `${owner}>${model.id}`,
    model,
    evidence: new Set(),
  };
  row.evidence.add(evidence);
  rows.set(key, row);
}

const dateSuffix = /[-@](?:20\d{2}-\d{2}-\d{2}|20\d{6})$/;
/** Every name by which a seller's model is exactly known so far. */
const namesOf = (provider, model) => [
  ...[...ownNames.get(provider)].flatMap(([name, owner]) => (owner === model ? [name] : [])),
  ...[...rows.values()].flatMap((row) => (row.provider === provider && row.model === model ? [row.name] : [])),
];

// 1. Spelled out by a second list with the same price of input and output.
for (const entry of spelled) {
  const found = resolve(entry.provider, entry.name);
  if (found !== undefined && agrees(entry, found.model)) accept(entry.provider, entry.name, found, entry.list);
}
// 2. Snapshots: spelled out by a list or by the maker; only a date tells the name from an exact one.
for (const entry of spelled) {
  const stem = entry.name.replace(dateSuffix, "");
  const found = stem === entry.name || known(entry.provider, entry.name) ? undefined : resolve(entry.provider, entry.name);
  if (found?.owner === entry.provider && namesOf(entry.provider, found.model).includes(stem)) {
    accept(entry.provider, entry.name, found, "dated");
  }
}
// 3. "name-latest" is listed, and the bare name is resolved to it.
for (const id of providerIds) {
  for (const [name, model] of ownNames.get(id)) {
    const bare = name.replace(/-latest$/, "");
    if (bare !== name && !known(id, bare) && resolve(id, bare)?.model === model) accept(id, bare, { owner: id, model }, "latest");
  }
}
// 4. Google's API names a model "models/x" where it names it as a resource.
for (const [name, model] of [
  ...ownNames.get("google"),
  ...[...rows.values()].flatMap((row) => (row.provider === "google" ? [[row.name, row.model]] : [])),
]) {
  if (!/^gemini-[^/]+$/.test(name) || resolve("google", `models/${name}`)?.model !== model) continue;
  accept("google", `models/${name}`, { owner: "google", model }, "resource");
}
// 5. AWS: in-Region and geographic profiles cost the Region's price; the global profile has a name and a price of its own.
for (const [id, model] of ownNames.get("aws")) {
  const [, where = "", rest, version = ""] = /^(global\.|regional\.)?(.+?)(-v\d+(?::\d+)?)?$/.exec(id);
  // The list's prices are those of the United States, except where it says that an entry is for every Region.
  const heads = where === "global." ? ["global."] : where === "" ? ["", "us."] : ["", "us.", "eu.", "apac.", "jp.", "au."];
  const tails = new Set(["", version, version.replace(/:\d+$/, "")]);
  for (const head of heads) {
    for (const tail of tails) {
      const name = `${head}${rest}${tail}`;
      if (resolve("aws", name)?.model === model) accept("aws", name, { owner: "aws", model }, "bedrock-id");
    }
  }
}
// 6. Resellers: a name that is exact at the maker, where the seller's own entry is that same model or the seller has none of its own.
const bedrockStem = (id) => id.replace(/^regional\.[a-z0-9]+\./, "").replace(/-v\d+(:\d+)?$/, "");
const makers = { azure: findProvider({ providerId: "azure" }).fallback_model_providers, google: ["anthropic"], aws: ["anthropic"] };
for (const [seller, sold] of Object.entries(makers)) {
  for (const maker of sold) {
    const exact = [...ownNames.get(maker), ...[...rows.values()].flatMap((row) => (row.provider === maker ? [[row.name, row.model]] : []))];
    for (const [name, model] of exact) {
      const found = resolve(seller, name);
      if (found === undefined) continue;
      if (found.owner !== seller) {
        if (found.owner === maker && found.model === model) accept(seller, name, found, "resold");
        continue;
      }
      const theirs = namesOf(seller, found.model).flatMap((known) => [known, bedrockStem(known)]);
      const ours = [name, name.replace(dateSuffix, ""), model.id];
      if (ours.some((known) => theirs.includes(known))) accept(seller, name, found, "resold");
    }
  }
}

// 7. AWS composes ids of Anthropic's names: what is sold under the bare name is sold under the ids made of it.
for (const { name, model } of [...rows.values()].filter((row) => row.provider === "aws" && row.name.startsWith("claude-"))) {
  for (const head of ["", "us.", "eu.", "apac.", "jp.", "au."]) {
    for (const tail of ["", "-v1", "-v1:0", "-v2:0"]) {
      const id = `${head}anthropic.${name}${tail}`;
      if (resolve("aws", id)?.model === model) accept("aws", id, { owner: "aws", model }, "bedrock-id");
    }
  }
}

const groups = new Map();
for (const { provider, name, target, evidence } of rows.values()) {
  const key = `${provider} ${target} ${[...evidence].sort((a, b) => (a < b ? -1 : 1)).join("+")}`;
  groups.set(key, [...(groups.get(key) ?? []), name]);
}
// Ids that the list's own rule for the model refuses: they are the list's, no name at the seller.
const inner = providerIds.flatMap((id) => {
  const models = findProvider({ providerId: id }).models.filter((model) => resolve(id, model.id)?.model !== model);
  return models.length === 0 ? [] : [`${id} ${models.map((model) => model.id).join(" ")}`];
});
const lines = [...groups].map(([key, names]) => `${key} = ${names.sort().join(" ")}`).sort();
writeFileSync(
  target,
  `/**
 * Written by scripts/alias-names.mjs from @pydantic/genai-prices ${release} and the lists of models.dev
 * (https://github.com/anomalyco/models.dev), Portkey (https://github.com/Portkey-AI/models), LiteLLM
 * (https://github.com/BerriAI/litellm) and Langfuse (https://github.com/langfuse/langfuse), all MIT, and OpenAI's OpenAPI
 * document (https://github.com/openai/openai-openapi, MIT). One line: seller, model, evidence = names. "a>b" is model b of a.
 */
export const aliasTable = \`
${lines.join("\n")}
\`;

/** Ids of the list that are no names at the seller, by seller. */
export const innerIds = \`
${inner.join("\n")}
\`;
`,
);
execFileSync("npx", ["biome", "check", "--write", target.pathname], { stdio: "inherit" });
console.log(`${rows.size} names in ${lines.length} lines.`);
