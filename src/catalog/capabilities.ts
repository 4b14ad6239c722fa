import type { ModelCapabilities } from "../core/capability.ts";
import type { PriceBook } from "../core/price.ts";
import { capabilityTable } from "./capability-table.ts";

const sizeOf = (text: string | undefined): number | undefined => (text === undefined || text === "-" ? undefined : Number(text));
const said = (flags: string, sign: string): boolean | undefined =>
  flags.includes(sign) ? true : flags.includes(sign.toLowerCase()) ? false : undefined;

const table: ReadonlyMap<string, ModelCapabilities> = new Map(
  capabilityTable
    .trim()
    .split("\n")
    .map((line): readonly [string, ModelCapabilities] => {
      const [provider = "", model = "", source = "", context, input, output, flags = ""] = line.split(" ");
      return [
        `${provider} ${model}`,
        {
          source,
          contextWindow: sizeOf(context),
          maxInput: sizeOf(input),
          maxOutput: sizeOf(output),
          tools: said(flags, "T"),
          jsonSchema: said(flags, "J"),
          images: said(flags, "V"),
          audio: said(flags, "A"),
          reasoning: said(flags, "R"),
          sampling: said(flags, "S"),
        },
      ];
    }),
);

/**
 * What lists say that a model can take, matched by its exact name; a context window that only the price book knows counts too.
 * Undefined where nothing is known of it.
 */
export function capabilitiesOf(prices: Pick<PriceBook, "model">, provider: string, model: string): ModelCapabilities | undefined {
  const listed = table.get(`${provider} ${model}`);
  const contextWindow = prices.model(provider, model)?.contextWindow;
  if (listed !== undefined) return { ...listed, contextWindow: listed.contextWindow ?? contextWindow };
  if (contextWindow === undefined) return undefined;
  const unknown = { maxInput: undefined, maxOutput: undefined, tools: undefined, jsonSchema: undefined, images: undefined };
  return { source: "price book", contextWindow, ...unknown, audio: undefined, reasoning: undefined, sampling: undefined };
}
