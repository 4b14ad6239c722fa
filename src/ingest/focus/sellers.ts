import { bookProvider } from "../provider-names.ts";

/** Who sells AI alone: every charge of theirs is spend on AI. By exact name, in lower case, as bills write it. */
const aiSellers: Readonly<Record<string, string>> = {
  openai: "openai",
  "openai, llc": "openai",
  "openai opco, llc": "openai",
  "openai ireland limited": "openai",
  anthropic: "anthropic",
  "anthropic, pbc": "anthropic",
  "anthropic ireland, limited": "anthropic",
  mistral: "mistral",
  "mistral ai": "mistral",
  cohere: "cohere",
  groq: "groq",
  "groq, inc.": "groq",
  openrouter: "openrouter",
  "openrouter, inc.": "openrouter",
  perplexity: "perplexity",
  "perplexity ai": "perplexity",
  deepseek: "deepseek",
  xai: "x-ai",
  "x.ai": "x-ai",
  "together ai": "together",
  "fireworks ai": "fireworks",
  cerebras: "cerebras",
  "voyage ai": "voyageai",
  "moonshot ai": "moonshotai",
  minimax: "minimax",
};

/** Who sells AI among other things. */
const clouds: Readonly<Record<string, string>> = {
  microsoft: "azure",
  "microsoft azure": "azure",
  "microsoft corporation": "azure",
  azure: "azure",
  aws: "aws",
  "amazon web services": "aws",
  "amazon web services, inc.": "aws",
  "amazon web services emea sarl": "aws",
  "aws marketplace": "aws",
  "google cloud": "google",
  "google cloud platform": "google",
  "google llc": "google",
  gcp: "google",
  google: "google",
};

/** Services that are AI, by exact name in lower case, for bills that file them under another category. */
const aiServices: ReadonlySet<string> = new Set([
  "amazon bedrock",
  "amazon bedrock service",
  "amazon bedrock agentcore",
  "azure openai",
  "azure openai service",
  "azure ai services",
  "azure ai foundry",
  "foundry models",
  "microsoft foundry",
  "cognitive services",
  "vertex ai",
  "gemini api",
  "claude api",
]);

/** A model of another maker that AWS sells: "Claude Sonnet 4.5 (Amazon Bedrock Edition)". */
const bedrockEdition = " (amazon bedrock edition)";
const aiCategory = "AI and Machine Learning";

const own = (table: Readonly<Record<string, string>>, name: string): string | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/** A seller by the name that usage events carry; one that no table names keeps its own name in lower case, and is never taken for another. */
export function sellerOf(name: string): string {
  const plain = name.trim().toLowerCase();
  return own(aiSellers, plain) ?? own(clouds, plain) ?? bookProvider(plain).slice(0, 64);
}

/** True where a charge is spend on AI: by its category, its service, or because the seller sells nothing else. */
export function isAi(charge: { readonly category: string; readonly service: string; readonly seller: string }): boolean {
  const service = charge.service.trim().toLowerCase();
  return (
    charge.category.trim() === aiCategory ||
    aiServices.has(service) ||
    service.endsWith(bedrockEdition) ||
    own(aiSellers, charge.seller.trim().toLowerCase()) !== undefined
  );
}
