import { CannotCarry } from "./cannot-carry.ts";
import type { Part, Turn } from "./prompt.ts";

const isEmpty = (part: Part): boolean => part.type === "text" && part.text === "";

const resultsFirst = (parts: readonly Part[]): Part[] => [
  ...parts.filter(({ type }) => type === "toolResult"),
  ...parts.filter(({ type }) => type !== "toolResult"),
];

/** Gives results of tools the name of the tool that was called under their id. */
const named = (turns: readonly Turn[]): Turn[] => {
  const names = new Map<string, string>();
  for (const { parts } of turns) for (const part of parts) if (part.type === "toolCall") names.set(part.id, part.name);
  return turns.map(({ role, parts }) => ({
    role,
    parts: parts.map((part) => (part.type === "toolResult" ? { ...part, name: part.name || (names.get(part.id) ?? "") } : part)),
  }));
};

/**
 * Turns that alternate, of messages that may not: those of one side are joined, empty texts and empty messages left out, and
 * results put in front. A conversation that ends with the model's own words asks it to go on with them, which not every
 * API can say: `param` is then refused.
 */
export const turnsOf = (messages: readonly Turn[], param: string): Turn[] => {
  const turns: Turn[] = [];
  for (const { role, parts } of messages) {
    const kept = parts.filter((part) => !isEmpty(part));
    const last = turns.at(-1);
    if (kept.length === 0) continue;
    if (last?.role === role) last.parts.push(...kept);
    else turns.push({ role, parts: kept });
  }
  if (turns.at(-1)?.role === "assistant") {
    throw new CannotCarry({ param }, "it ends with the assistant's own words; end it with the user's");
  }
  return named(turns.map(({ role, parts }) => ({ role, parts: resultsFirst(parts) })));
};
