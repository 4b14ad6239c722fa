import { z } from "zod";
import type { AnswerFacts, Endpoint } from "../../endpoint.ts";
import type { Call } from "../../json-call.ts";
import { jsonValueOf } from "../../json-value.ts";
import { Answer, usageOf } from "./answer.ts";
import { generateContent, pathOf, renamed } from "./generate.ts";

const Named = z.looseObject({ model: z.string().nullish() });
const Body = z.looseObject({ model: z.string().nullish(), generateContentRequest: Named.nullish(), requests: z.array(Named).nullish() });

const toModel = (named: z.infer<typeof Named>, model: string): object =>
  named.model === undefined || named.model === null ? named : { ...named, model: renamed(named.model, model) };

/** The caller's own bytes; where another model is called, written anew with its name wherever the body repeats the old one. */
const rewrite = (call: Call, model: string): Buffer => {
  const body = Body.safeParse(call.fields).data;
  if (call.model === model || body === undefined) return call.bytes;
  const { generateContentRequest: whole, requests } = body;
  return Buffer.from(
    JSON.stringify({
      ...toModel(body, model),
      ...(whole ? { generateContentRequest: toModel(whole, model) } : {}),
      ...(requests ? { requests: requests.map((one) => toModel(one, model)) } : {}),
    }),
  );
};

/** POST /v1beta/models/{model}:countTokens: Google bills nothing for it. */
export const countTokens: Endpoint = {
  ...generateContent,
  path: "/models/{model}:countTokens",
  pathAt: pathOf("countTokens"),
  metered: false,
  rewrite,
};

/** Google names the kinds of an embedding's tokens otherwise than those of an answer. */
const EmbeddingUsage = z.looseObject({ promptTokenDetails: z.unknown().optional() });

const readEmbeddings = (text: string): AnswerFacts | undefined => {
  const parsed = Answer.safeParse(jsonValueOf(text));
  if (!parsed.success) return undefined;
  const details = EmbeddingUsage.safeParse(parsed.data.usageMetadata).data?.promptTokenDetails;
  const usage = parsed.data.usageMetadata;
  return usageOf({
    ...parsed.data,
    usageMetadata: usage && details !== undefined ? { promptTokensDetails: details, ...usage } : usage,
  });
};

const embedding = (verb: string): Endpoint => ({
  ...generateContent,
  path: `/models/{model}:${verb}`,
  pathAt: pathOf(verb),
  rewrite,
  readAnswer: readEmbeddings,
});

/** POST /v1beta/models/{model}:embedContent. Some of Google's models do not say what it used. */
export const embedContent = embedding("embedContent");

/** POST /v1beta/models/{model}:batchEmbedContents: several at once, at the price of each. */
export const batchEmbedContents = embedding("batchEmbedContents");
