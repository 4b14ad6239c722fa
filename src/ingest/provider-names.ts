/** The price book's names of providers, by the names that gateways and observers give them. Each is exact: no prefix, no pattern. */
const bookNames: Readonly<Record<string, string>> = {
  openai: "openai",
  "text-completion-openai": "openai",
  anthropic: "anthropic",
  anthropic_text: "anthropic",
  azure: "azure",
  azure_text: "azure",
  bedrock: "aws",
  bedrock_converse: "aws",
  aws: "aws",
  gemini: "google",
  google: "google",
  "google-ai-studio": "google",
  vertex: "google",
  vertex_ai: "google",
  vertex_ai_beta: "google",
  xai: "x-ai",
  x: "x-ai",
  mistral: "mistral",
  codestral: "mistral",
  cohere: "cohere",
  cohere_chat: "cohere",
  deepseek: "deepseek",
  groq: "groq",
  openrouter: "openrouter",
  together: "together",
  together_ai: "together",
  togetherai: "together",
  fireworks: "fireworks",
  fireworks_ai: "fireworks",
  perplexity: "perplexity",
  cerebras: "cerebras",
  cloudflare: "cloudflare",
  moonshot: "moonshotai",
  novita: "novita",
  minimax: "minimax",
  zai: "zai",
  voyage: "voyageai",
  ovhcloud: "ovhcloud",
  baseten: "baseten",
  avian: "avian",
  github_copilot: "github-copilot",
};

/** True where a gateway's name of a provider is one that the price book has a name for. */
export const isProviderName = (name: string): boolean => Object.hasOwn(bookNames, name.toLowerCase());

/** The price book's name of a provider; a name that the table does not have is kept, so that its usage stays unpriced and says why. */
export const bookProvider = (name: string): string => (isProviderName(name) ? (bookNames[name.toLowerCase()] ?? name) : name);

/** The model without the gateway's own prefix of exactly this provider: "openai/gpt-4o-mini" served by "openai" is "gpt-4o-mini". */
export const withoutProvider = (model: string, provider: string): string =>
  provider !== "" && model.startsWith(`${provider}/`) ? model.slice(provider.length + 1) : model;
