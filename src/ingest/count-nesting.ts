import type { FieldMapping, ImportMapping } from "../core/import.ts";

/** Which counts of a file stand inside others, and what a person should know of how that was told. */
export interface CountNesting {
  readonly inputIncludesCached: boolean;
  readonly outputIncludesReasoning: boolean;
  /** False where the file's total leaves out counts, so that no row can be held to it. */
  readonly totalHolds: boolean;
  readonly notes: readonly string[];
}

type Fields = Readonly<Record<string, FieldMapping>>;

const plain = (name: string): string => name.toLowerCase().replace(/[\s._-]/g, "");

/** Langfuse's keys that are written after the count was taken out of the plain input or output. */
const takenOut = /^usagedetails(?:input(?:cached|cache)|output)/;

/** Anthropic counts cached tokens beside its input, and so does Helicone; LiteLLM, the others and OpenTelemetry count them inside. */
const cachedBeside = (column: string): boolean => {
  const name = plain(column);
  if (name.startsWith("genai") || name.startsWith("metadatausageobject")) return false;
  return /cachereadinputtokens|cachecreationinputtokens|ephemeral[15][hm]|uncached|promptcache/.test(name) || takenOut.test(name);
};

const cachedFields = ["tokens.cache_read", "tokens.cache_write_5m", "tokens.cache_write_1h"];

/**
 * Tells from the first row's sums whether cached tokens stand inside the input and reasoning inside the output; where they
 * leave it open, from the names of the columns.
 */
export function nestingOf(fields: Fields, sample: (column: string) => unknown): CountNesting {
  const column = (field: string): string | undefined => {
    const from = fields[field];
    return from !== undefined && "column" in from ? from.column : undefined;
  };
  const count = (field: string): number => {
    const name = column(field);
    const value = name === undefined ? 0 : Number(sample(name));
    return Number.isFinite(value) ? value : 0;
  };
  const cachedColumns = cachedFields.flatMap((field) => column(field) ?? []);
  const reasoningColumn = column("tokens.reasoning");
  const beside = [...cachedColumns, column("tokens.input") ?? ""].some(cachedBeside);
  const helicone = cachedColumns.some((name) => plain(name).startsWith("promptcache"));
  const cached = cachedFields.reduce((all, field) => all + count(field), 0);
  const reasoning = count("tokens.reasoning");
  const sums = { input: count("tokens.input"), cached, output: count("tokens.output"), reasoning, total: count("tokens.total") };
  const told = helicone ? undefined : toldBySums(sums);
  const summed = told !== undefined && !told.input && !told.output && [...cachedColumns, reasoningColumn ?? ""].some(isLangfuse);
  return {
    inputIncludesCached: told !== undefined && cached > 0 ? told.input : cachedColumns.length > 0 && !beside,
    outputIncludesReasoning:
      told !== undefined && reasoning > 0 ? told.output : reasoningColumn !== undefined && !takenOut.test(plain(reasoningColumn)),
    totalHolds: !helicone,
    notes: summed ? ["Langfuse adds up all counts itself where a producer gave no total: compare one row with its provider's bill."] : [],
  };
}

interface Sums {
  readonly input: number;
  readonly cached: number;
  readonly output: number;
  readonly reasoning: number;
  readonly total: number;
}

/** Where cached and reasoning tokens stand, where only one way to add up comes to the total; undefined where none or several do. */
function toldBySums({ input, cached, output, reasoning, total }: Sums): { readonly input: boolean; readonly output: boolean } | undefined {
  const fitting = [true, false].flatMap((inside) =>
    [true, false].flatMap((within) => {
      const possible = (!inside || (cached > 0 && cached <= input)) && (!within || (reasoning > 0 && reasoning <= output));
      const sum = input + (inside ? 0 : cached) + output + (within ? 0 : reasoning);
      return possible && sum === total ? [{ input: inside, output: within }] : [];
    }),
  );
  return fitting.length === 1 && cached + reasoning > 0 ? fitting[0] : undefined;
}

const isLangfuse = (column: string): boolean => plain(column).startsWith("usagedetails");

/** Cache writes by lifetime: where all writes together stand in one column, those for an hour are among them and are not counted again. */
export function withoutOverlap(fields: Readonly<ImportMapping["fields"]>, columns: readonly string[]): ImportMapping["fields"] {
  const { "tokens.cache_write_1h": hour, "tokens.cache_write_5m": all, ...others } = fields;
  if (hour === undefined || all === undefined || !("column" in all)) return { ...fields };
  const minutes = columns.find((name) => plain(name).endsWith("ephemeral5minputtokens"));
  if (minutes !== undefined) return { ...fields, "tokens.cache_write_5m": { column: minutes } };
  return /5m/.test(plain(all.column)) ? { ...fields } : { ...others, "tokens.cache_write_5m": all };
}
