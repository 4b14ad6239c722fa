import { CannotCarry } from "../cannot-carry.ts";
import { budgetOf, effortOf } from "../effort.ts";
import type { Format, JsonSchema, Prompt, Reasoning, Tool } from "../prompt.ts";
import { present } from "../wire.ts";
import { toWire } from "./contents.ts";

/** The version in a model's name; a name without one is new. */
const versionOf = (model: string): number => Number(/gemini-(\d+(?:\.\d+)?)/.exec(model)?.[1] ?? Number.POSITIVE_INFINITY);

const plain = ({ $schema: _dialect, ...schema }: JsonSchema): JsonSchema => schema;

const toolOf = ({ name, description, parameters }: Tool): object =>
  present({ name, description, parametersJsonSchema: parameters && plain(parameters) });

/** Whether tools are called, and which; a tool that is strict is called with arguments that fit. */
const callingOf = ({ toolChoice, tools }: Prompt): object | undefined => {
  const { mode = "auto", only } = toolChoice ?? {};
  const strict = tools.some((tool) => tool.strict) || only !== undefined;
  if (mode === "none") return { mode: "NONE" };
  if (mode === "required") return present({ mode: "ANY", allowedFunctionNames: only });
  if (strict) return present({ mode: "VALIDATED", allowedFunctionNames: only });
  return toolChoice === undefined ? undefined : { mode: "AUTO" };
};

const formatOf = (format: Format): object => ({
  responseMimeType: "application/json",
  ...(format.type === "schema" ? { responseJsonSchema: plain(format.schema) } : {}),
});

const levels = { none: "minimal", minimal: "minimal", low: "low", medium: "medium", high: "high", xhigh: "high", max: "high" } as const;

/** Gemini 2.5 thinks by a budget of tokens, 3 and newer by a level; 2.5 Pro, and the newer ones, cannot be told not to think at all. */
const thinkingOf = (reasoning: Reasoning, model: string): object | undefined => {
  const version = versionOf(model);
  if (version < 2.5) return undefined;
  const shown = reasoning.showThoughts ? { includeThoughts: true } : {};
  if (version < 3) {
    const budget = budgetOf(reasoning);
    return present({ ...shown, thinkingBudget: budget !== undefined && model.includes("pro") ? Math.max(budget, 128) : budget });
  }
  const effort = effortOf(reasoning);
  const level = effort && levels[effort];
  return present({ ...shown, thinkingLevel: level === "minimal" && model.includes("pro") ? "low" : level });
};

const configOf = (prompt: Prompt, model: string): object =>
  present({
    maxOutputTokens: prompt.maxTokens,
    temperature: prompt.temperature,
    topP: prompt.topP,
    topK: prompt.topK,
    stopSequences: prompt.stop,
    seed: prompt.seed,
    presencePenalty: prompt.presencePenalty,
    frequencyPenalty: prompt.frequencyPenalty,
    ...(prompt.format === undefined ? {} : formatOf(prompt.format)),
    thinkingConfig: prompt.reasoning && thinkingOf(prompt.reasoning, model),
  });

/** Writes a prompt as a request of https://ai.google.dev/api/generate-content; the model stands in the path. */
export const writePrompt = (prompt: Prompt, model: string): unknown => {
  const tools = prompt.tools.length > 0;
  if (tools && prompt.parallelToolCalls === false)
    throw new CannotCarry({ setting: "parallelToolCalls" }, "it may always call several tools at once");
  if ((prompt.stop?.length ?? 0) > 5) throw new CannotCarry({ setting: "stop" }, "five sequences are the most that it takes");
  const config = configOf(prompt, model);
  const calling = tools ? callingOf(prompt) : undefined;
  return present({
    systemInstruction: prompt.system.length === 0 ? undefined : { parts: prompt.system.map((text) => ({ text })) },
    contents: prompt.turns.map((turn) => toWire(turn, versionOf(model) >= 3)),
    tools: tools ? [{ functionDeclarations: prompt.tools.map(toolOf) }] : undefined,
    toolConfig: calling && { functionCallingConfig: calling },
    generationConfig: Object.keys(config).length === 0 ? undefined : config,
  });
};
