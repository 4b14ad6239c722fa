/**
 * The price book's provider by what spans call it (gen_ai.provider.name, the older gen_ai.system, and what Vercel's AI SDK
 * and OpenLLMetry write there), in lower case and exactly. A name that is not here stays as it is, and is unpriced where the
 * book does not know it.
 */
const providers: Readonly<Record<string, readonly string[]>> = {
  openai: ["openai", "openai.chat", "openai.responses", "openai.completion", "openai.embedding"],
  anthropic: ["anthropic", "anthropic.messages"],
  aws: ["aws.bedrock", "aws_bedrock", "bedrock", "amazon-bedrock", "amazon_bedrock", "aws"],
  azure: [
    "azure.ai.openai",
    "az.ai.openai",
    "azure.openai",
    "azure_openai",
    "azure-openai",
    "azure.ai.inference",
    "az.ai.inference",
    "azure",
    "azure.chat",
    "azure-openai.chat",
    "azure.responses",
    "azure-openai.responses",
  ],
  google: [
    "gcp.gemini",
    "gcp.vertex_ai",
    "gcp.gen_ai",
    "gemini",
    "vertex_ai",
    "vertexai",
    "google",
    "google_genai",
    "google-gla",
    "google-vertex",
    "google.generative-ai",
    "google.vertex",
    "google.vertex.chat",
    "vertex.anthropic.messages",
  ],
  mistral: ["mistral_ai", "mistralai", "mistral", "mistral.chat"],
  "x-ai": ["x_ai", "xai", "x-ai", "xai.chat", "xai.responses"],
  groq: ["groq", "groq.chat"],
  deepseek: ["deepseek", "deepseek.chat"],
  cohere: ["cohere", "cohere.chat"],
  perplexity: ["perplexity"],
  together: ["together", "together_ai", "togetherai", "togetherai.chat"],
  fireworks: ["fireworks", "fireworks_ai", "fireworks.chat"],
  openrouter: ["openrouter", "openrouter.chat"],
  moonshotai: ["moonshot_ai", "moonshotai", "moonshotai.chat"],
  cerebras: ["cerebras", "cerebras.chat"],
};

const byName = new Map(Object.entries(providers).flatMap(([provider, names]) => names.map((name) => [name, provider])));

/** Frameworks that name themselves where the provider belongs. */
const frameworks: ReadonlySet<string> = new Set([
  "langchain",
  "langgraph",
  "llamaindex",
  "llama_index",
  "haystack",
  "crewai",
  "litellm",
  "pydantic_ai",
  "openai_agents",
  "dspy",
  "agno",
  "unknown",
  "_other",
  "",
]);

/** The provider's id in the price book; undefined where the name says nothing of a provider. */
export function providerNamed(name: string): string | undefined {
  const plain = name.trim().toLowerCase();
  return frameworks.has(plain) ? undefined : (byName.get(plain) ?? plain.slice(0, 64));
}
