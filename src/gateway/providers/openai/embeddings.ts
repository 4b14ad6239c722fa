import { z } from "zod";
import type { Endpoint } from "../../endpoint.ts";
import { CallBody, parseBody, rewriteModel } from "../../json-call.ts";
import { jsonValueOf } from "../../json-value.ts";
import { chatCompletions } from "./chat.ts";
import { openai } from "./family.ts";
import { tokensOf } from "./tokens.ts";

const EmbeddingsRequest = CallBody.extend({ user: z.string().nullish() });
const Answer = z.looseObject({ model: z.string().nullish(), usage: z.unknown().optional() });

/** POST /v1/embeddings: only what goes in is billed. It does not stream; a provider that does all the same is read like a chat. */
export const embeddings: Endpoint = {
  family: openai,
  path: "/embeddings",
  metered: true,
  answersText: false,
  parse: ({ bytes, query }) => {
    const fields = parseBody(EmbeddingsRequest, bytes);
    return { bytes, fields, model: fields.model, stream: false, user: fields.user ?? "", query };
  },
  rewrite: rewriteModel,
  readAnswer: (text) => {
    const parsed = Answer.safeParse(jsonValueOf(text));
    if (!parsed.success) return undefined;
    return { model: parsed.data.model || undefined, tokens: tokensOf("embeddings", parsed.data.usage), failed: false };
  },
  readEvents: chatCompletions.readEvents,
};
