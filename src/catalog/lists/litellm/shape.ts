import { z } from "zod";

const Entry = z.looseObject({ litellm_provider: z.string() });

/** LiteLLM's model_prices_and_context_window.json: figures by the name that LiteLLM has for a model, in USD per token. */
export const LitellmList = z
  .record(z.string(), z.looseObject({ litellm_provider: z.string().optional() }))
  .refine((list) => Object.values(list).some((entry) => Entry.safeParse(entry).success), "has no litellm_provider");
export type LitellmModel = z.infer<typeof LitellmList>[string];
