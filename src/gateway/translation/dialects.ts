import type { ApiFamily } from "../../core/gateway-config.ts";
import type { Endpoint } from "../endpoint.ts";
import { messages } from "../providers/anthropic/messages.ts";
import { generateContent } from "../providers/gemini/generate.ts";
import { chatCompletions } from "../providers/openai/chat.ts";
import { responses } from "../providers/openai/responses.ts";
import * as claudeAnswer from "./anthropic/read-answer.ts";
import * as claudeRequest from "./anthropic/read-request.ts";
import * as claudeTelling from "./anthropic/write-answer.ts";
import { writePrompt as writeClaude } from "./anthropic/write-request.ts";
import type { CallerDialect, ProviderDialect } from "./dialect.ts";
import * as geminiAnswer from "./gemini/read-answer.ts";
import * as geminiRequest from "./gemini/read-request.ts";
import { writeAnswer as writeGeminiAnswer } from "./gemini/write-answer.ts";
import { writeEvents as writeGeminiEvents } from "./gemini/write-events.ts";
import { writePrompt as writeGemini } from "./gemini/write-request.ts";
import * as chatAnswer from "./openai-chat/read-answer.ts";
import * as chatRequest from "./openai-chat/read-request.ts";
import * as chatTelling from "./openai-chat/write-answer.ts";
import { writePrompt as writeChat } from "./openai-chat/write-request.ts";
import * as responsesRequest from "./openai-responses/read-request.ts";
import { writeAnswer as writeResponse } from "./openai-responses/response.ts";
import { writeEvents as writeResponseEvents } from "./openai-responses/write-events.ts";

/** How each endpoint whose calls can be told in other APIs is spoken with its callers. */
export const callerDialects: ReadonlyMap<Endpoint, CallerDialect> = new Map<Endpoint, CallerDialect>([
  [chatCompletions, { ...chatRequest, ...chatTelling }],
  [responses, { ...responsesRequest, writeAnswer: writeResponse, writeEvents: writeResponseEvents }],
  [messages, { ...claudeRequest, ...claudeTelling }],
  [generateContent, { ...geminiRequest, writeAnswer: writeGeminiAnswer, writeEvents: writeGeminiEvents }],
]);

/** How the providers of each family are spoken with, whatever API was called. */
export const providerDialects: Readonly<Record<ApiFamily, ProviderDialect>> = {
  openai: { ...chatAnswer, endpoint: chatCompletions, writePrompt: writeChat },
  anthropic: { ...claudeAnswer, endpoint: messages, writePrompt: writeClaude },
  gemini: { ...geminiAnswer, endpoint: generateContent, writePrompt: writeGemini },
};
