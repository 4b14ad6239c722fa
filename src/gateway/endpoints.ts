import type { ApiFamily } from "../core/gateway-config.ts";
import type { Endpoint, Family } from "./endpoint.ts";
import { anthropic } from "./providers/anthropic/family.ts";
import { countTokens, messages } from "./providers/anthropic/messages.ts";
import { chatCompletions } from "./providers/openai/chat.ts";
import { embeddings } from "./providers/openai/embeddings.ts";
import { openai } from "./providers/openai/family.ts";
import { responses } from "./providers/openai/responses.ts";

/** Every family whose API the gateway speaks. */
export const families = { openai, anthropic } satisfies Record<ApiFamily, Family>;

const served: readonly Endpoint[] = [chatCompletions, responses, embeddings, messages, countTokens];

/** The endpoints by the path that they are served under. */
export const endpoints: ReadonlyMap<string, Endpoint> = new Map(served.map((endpoint) => [`/v1${endpoint.path}`, endpoint]));

/** The family in whose format errors at a path are told: Anthropic's below /v1/messages, else OpenAI's. */
export const familyAt = (path: string): Family => (/^\/v1\/messages(?:\/|$)/.test(path) ? families.anthropic : families.openai);
