import type { PriceList } from "./figure.ts";
import { genaiPrices } from "./genai-prices/parse.ts";
import { langfuse } from "./langfuse/parse.ts";
import { litellm } from "./litellm/parse.ts";
import { modelsDev } from "./models-dev/parse.ts";
import { portkey } from "./portkey/parse.ts";

/** Every published list that the book can be checked against. */
export const priceLists = { "genai-prices": genaiPrices, langfuse, litellm, "models.dev": modelsDev, portkey } satisfies Record<
  string,
  PriceList
>;
