import { z } from "zod";

const Entry = z.looseObject({ litellm_provider: z.string() });

/** LiteLLM's model_prices_and_context_window.json: figures by the name that LiteLLM has for a model, in USD per token. */
export const LitellmList = z
  .record(z.string(), z.looseObject({ litellm_provider: z.string().optional() }))
  .refine((list) => Object.values(list).some((entry) => Entry.safeParse(entry).success), "has no litellm_provider");
export type LitellmModel = z.infer<typeof LitellmList>[string];

const size = z.number().int().positive().optional().catch(undefined);
const said = z.boolean().optional().catch(undefined);

/** What an entry says of a model besides prices. */
export const LitellmFacts = z.object({
  max_input_tokens: size,
  max_output_tokens: size,
  supported_modalities: z.array(z.string()).optional().catch(undefined),
  supports_function_calling: said,
  supports_reasoning: said,
  deprecation_date: z.iso.date().optional().catch(undefined),
});
