import type { ApiFamily } from "../core/gateway-config.ts";
import type { Endpoint, Family } from "./endpoint.ts";
import { anthropic } from "./providers/anthropic/family.ts";
import { countTokens as countMessageTokens, messages } from "./providers/anthropic/messages.ts";
import { batchEmbedContents, countTokens, embedContent } from "./providers/gemini/embed-and-count.ts";
import { gemini } from "./providers/gemini/family.ts";
import { generateContent } from "./providers/gemini/generate.ts";
import { chatCompletions } from "./providers/openai/chat.ts";
import { embeddings } from "./providers/openai/embeddings.ts";
import { openai } from "./providers/openai/family.ts";
import { responses } from "./providers/openai/responses.ts";
import { decoded } from "./request-target.ts";

/** Every family whose API the gateway speaks. */
export const families = { openai, anthropic, gemini } satisfies Record<ApiFamily, Family>;

/** Every endpoint whose path names no model, by the path that it is served under. */
const byPath: ReadonlyMap<string, Endpoint> = new Map(
  [chatCompletions, responses, embeddings, messages, countMessageTokens].map((endpoint) => [`/v1${endpoint.path}`, endpoint]),
);

/** What Google's API can do with a model, by the verb behind its name. */
const byVerb: ReadonlyMap<string, Endpoint> = new Map([
  ["generateContent", generateContent],
  ["streamGenerateContent", generateContent],
  ["countTokens", countTokens],
  ["embedContent", embedContent],
  ["batchEmbedContents", batchEmbedContents],
]);

/** Every endpoint that the gateway serves. */
export const served: readonly Endpoint[] = [...new Set([...byPath.values(), ...byVerb.values()])];

/** The paths of all endpoints, as they are told to people. */
export const servedPaths: readonly string[] = [...byPath.keys(), ...[...byVerb.keys()].map((verb) => `/v1beta/models/{model}:${verb}`)];

/** An endpoint, with the model and the verb where the path names them. */
export interface EndpointMatch {
  readonly endpoint: Endpoint;
  readonly model: string;
  readonly verb: string;
}

const modelVerb = /^\/v1(?:beta)?\/models\/([^/:]+):(\w+)$/;

/** The endpoint that is served at a path; undefined where there is none. */
export const endpointAt = (path: string): EndpointMatch | undefined => {
  const alone = byPath.get(path);
  if (alone !== undefined) return { endpoint: alone, model: "", verb: "" };
  const [, model = "", verb = ""] = modelVerb.exec(path) ?? [];
  const endpoint = byVerb.get(verb);
  return endpoint && { endpoint, model: decoded(model), verb };
};

/** The family in whose format errors at a path are told: Anthropic's below /v1/messages, Google's where a model has a verb and below /v1beta, else OpenAI's. */
export const familyAt = (path: string): Family => {
  if (/^\/v1\/messages(?:\/|$)/.test(path)) return families.anthropic;
  return /^\/v1beta\/|^\/v1\/models\/[^/]*:/.test(path) ? families.gemini : families.openai;
};
