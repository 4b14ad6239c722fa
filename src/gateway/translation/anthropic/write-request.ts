import { CannotCarry } from "../cannot-carry.ts";
import { budgetOf, effortOf } from "../effort.ts";
import { closedSchema, hasOpenObjects } from "../json-schema.ts";
import type { Format, Prompt, Setting, Tool } from "../prompt.ts";
import { present } from "../wire.ts";
import { toBlock } from "./blocks.ts";
import { defaultMaxTokens, thinkingOf } from "./traits.ts";

const toolOf = ({ name, description, parameters, strict }: Tool): object => {
  const schema = { type: "object", ...parameters };
  return present({ name, description, input_schema: strict ? closedSchema(schema) : schema, strict: strict || undefined });
};

/** The tools that may be called, and how. Where several of them may be, the others are left out. */
const toolsOf = ({ tools, toolChoice, parallelToolCalls }: Prompt): object => {
  if (tools.length === 0) return {};
  const { mode, only } = toolChoice ?? { mode: "auto" };
  const oneByOne = parallelToolCalls === false && mode !== "none" ? { disable_parallel_tool_use: true } : {};
  const asked = toolChoice !== undefined || parallelToolCalls === false;
  const [first, ...rest] = only ?? [];
  const type = { auto: "auto", none: "none", required: "any" }[mode];
  const named = mode === "required" && first !== undefined && rest.length === 0;
  const offered = only === undefined || mode === "none" || named ? tools : tools.filter(({ name }) => only.includes(name));
  return {
    tools: offered.map(toolOf),
    ...(asked ? { tool_choice: { ...(named ? { type: "tool", name: first } : { type }), ...oneByOne } } : {}),
  };
};

const formatOf = (format: Format): object => {
  if (format.type === "json") throw new CannotCarry({ setting: "format" }, "it has no JSON mode; ask for a JSON schema");
  if (hasOpenObjects(format.schema)) {
    throw new CannotCarry({ setting: "format" }, "each object of the schema must name its members");
  }
  return { type: "json_schema", schema: closedSchema(format.schema) };
};

/** Anthropic demands the model's earlier thoughts in front of the calls whose results it gets, and these are not carried. */
const isAmidTools = (prompt: Prompt): boolean => prompt.turns.at(-1)?.parts[0]?.type === "toolResult";

const leastBudget = 1_024;
/** The share of all that may come out that thoughts may take. */
const mostThought = 0.8;

interface Thinking {
  readonly thinking?: object;
  readonly effort?: string;
}

const withBudget = (prompt: Prompt, maxTokens: number): Thinking => {
  const budget = Math.min(budgetOf(prompt.reasoning ?? { showThoughts: false }) ?? 0, Math.floor(maxTokens * mostThought));
  return budget < leastBudget || isAmidTools(prompt) ? {} : { thinking: { type: "enabled", budget_tokens: budget } };
};

/** How much to think. A model that must call a tool may not think first. */
const thinkingFor = (prompt: Prompt, model: string, maxTokens: number): Thinking => {
  const style = thinkingOf(model);
  if (prompt.reasoning === undefined || style === "never") return {};
  const forced = prompt.toolChoice?.mode === "required" && prompt.tools.length > 0;
  if (style === "budget") return forced ? {} : withBudget(prompt, maxTokens);
  const effort = effortOf(prompt.reasoning);
  if (effort === "none") return { thinking: { type: "disabled" } };
  const shown = prompt.reasoning.showThoughts ? { display: "summarized" } : {};
  return {
    ...(effort === undefined ? {} : { effort: effort === "minimal" ? "low" : effort }),
    ...(forced ? {} : { thinking: { type: "adaptive", ...shown } }),
  };
};

const never: readonly Setting[] = ["presencePenalty", "frequencyPenalty"];

/** Refuses what Anthropic's API cannot say. */
const check = (prompt: Prompt, thinks: boolean): void => {
  for (const setting of never) if (prompt[setting] !== undefined) throw new CannotCarry({ setting });
  if ((prompt.temperature ?? 1) > 1) throw new CannotCarry({ setting: "temperature" }, "it takes 0 to 1");
  if (!thinks) return;
  if ((prompt.temperature ?? 1) !== 1) throw new CannotCarry({ setting: "temperature" }, "a model that thinks takes 1 alone");
  if (prompt.topK !== undefined) throw new CannotCarry({ setting: "topK" }, "a model that thinks takes none");
};

/** What says no more than the model's own setting: newer models refuse temperature and top_p side by side. */
const unlessOne = (value: number | undefined): number | undefined => (value === 1 ? undefined : value);

/** Writes a prompt as a request of https://docs.anthropic.com/en/api/messages. */
export const writePrompt = (prompt: Prompt, model: string): unknown => {
  const maxTokens = prompt.maxTokens ?? defaultMaxTokens(model);
  const { thinking, effort } = thinkingFor(prompt, model, maxTokens);
  check(prompt, thinking !== undefined && !("type" in thinking && thinking.type === "disabled"));
  const format = prompt.format && formatOf(prompt.format);
  const [first, ...rest] = prompt.system;
  return present({
    model,
    max_tokens: maxTokens,
    system: rest.length === 0 ? first : prompt.system.map((text) => ({ type: "text", text })),
    messages: prompt.turns.map(({ role, parts }) => ({ role, content: parts.map(toBlock) })),
    temperature: unlessOne(prompt.temperature),
    top_p: unlessOne(prompt.topP),
    top_k: prompt.topK,
    stop_sequences: prompt.stop,
    ...toolsOf(prompt),
    thinking,
    output_config: effort === undefined && format === undefined ? undefined : present({ effort, format }),
    stream: prompt.stream || undefined,
  });
};
