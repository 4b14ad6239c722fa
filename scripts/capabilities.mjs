// Writes src/catalog/capability-table.ts: what models can take, as published lists say it.
// Usage: node scripts/capabilities.mjs LISTS
//   LISTS    a folder with models.dev/<provider>/models/*.toml and litellm-2025-09.json
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parse as parseToml } from "smol-toml";

const [lists] = process.argv.slice(2);
if (lists === undefined) {
  console.error("Give the folder with the lists. Usage: node scripts/capabilities.mjs LISTS");
  process.exit(2);
}
const target = new URL("../src/catalog/capability-table.ts", import.meta.url);

/** Lines by provider and name; models.dev is read first, and stays. */
const lines = new Map();
const size = (tokens) => (Number.isInteger(tokens) && tokens > 0 ? String(tokens) : "-");
/** A capital letter for what is said to be possible, a small one for what is said not to be; nothing where nothing is said. */
const letter = (sign, value) => (value === true ? sign : value === false ? sign.toLowerCase() : "");
const put = (provider, name, source, { context, input, output, flags }) => {
  const key = `${provider} ${name}`;
  const sizes = [context, input, output].map(size).join(" ");
  if (!lines.has(key) && (sizes !== "- - -" || flags !== "")) lines.set(key, `${key} ${source} ${sizes} ${flags === "" ? "-" : flags}`);
};

for (const provider of readdirSync(join(lists, "models.dev"))) {
  for (const file of readdirSync(join(lists, "models.dev", provider, "models"))) {
    const model = parseToml(readFileSync(join(lists, "models.dev", provider, "models", file), "utf8"));
    // A file that only adds to another one, which is not here, says too little.
    if (model.limit === undefined || model.modalities === undefined || model.base_model !== undefined) continue;
    const takes = (kind) => model.modalities.input.includes(kind);
    const flags = [
      letter("T", model.tool_call),
      letter("J", model.structured_output),
      letter("V", takes("image")),
      letter("A", takes("audio")),
      letter("R", model.reasoning),
      letter("S", model.temperature),
    ].join("");
    put(provider, basename(file, ".toml"), "models.dev", {
      context: model.limit.context,
      input: model.limit.input,
      output: model.limit.output,
      flags,
    });
  }
}

const sellers = { openai: "openai", anthropic: "anthropic", gemini: "google", mistral: "mistral", deepseek: "deepseek", xai: "x-ai" };
const litellm = JSON.parse(readFileSync(join(lists, "litellm-2025-09.json"), "utf8"));
for (const [name, model] of Object.entries(litellm)) {
  const provider = sellers[model.litellm_provider];
  if (provider === undefined || !["chat", "responses"].includes(model.mode) || name.startsWith("ft:")) continue;
  // LiteLLM says what a model can do, and mostly leaves out what it cannot: what it leaves out is unknown.
  const flags = [
    letter("T", model.supports_function_calling),
    letter("J", model.supports_response_schema),
    letter("V", model.supports_vision),
    letter("A", model.supports_audio_input),
    letter("R", model.supports_reasoning),
  ].join("");
  put(provider, name.replace(/^[^/]+\//, ""), "litellm", { input: model.max_input_tokens, output: model.max_output_tokens, flags });
}

writeFileSync(
  target,
  `/**
 * Written by scripts/capabilities.mjs from the lists of models.dev (https://github.com/anomalyco/models.dev, July 2026) and LiteLLM
 * (https://github.com/BerriAI/litellm, September 2025), both MIT. One line: provider, model, list, context window, longest
 * input, longest output (tokens; "-" where not said), and a letter for each ability, small where it is said to be missing:
 * T tools, J JSON schema, V images, A audio, R reasoning, S sampling parameters.
 */
export const capabilityTable = \`
${[...lines.values()].sort((a, b) => (a < b ? -1 : 1)).join("\n")}
\`;
`,
);
execFileSync("npx", ["biome", "check", "--write", "src/catalog/capability-table.ts"], { stdio: "inherit" });
