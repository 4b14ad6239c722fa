import type { ApiFamily } from "../../core/gateway-config.ts";
import type { Endpoint } from "../endpoint.ts";
import { messages } from "../providers/anthropic/messages.ts";
import { generateContent } from "../providers/gemini/generate.ts";
import { chatCompletions } from "../providers/openai/chat.ts";
import { responses } from "../providers/openai/responses.ts";
import { readAnswer as readMessage, readEvents as readMessageEvents } from "./anthropic/read-answer.ts";
import { params as messageParams, readPrompt as readMessagesRequest } from "./anthropic/read-request.ts";
import { writeAnswer as writeMessage, writeEvents as writeMessageEvents } from "./anthropic/write-answer.ts";
import { writePrompt as writeMessagesRequest } from "./anthropic/write-request.ts";
import type { CallerDialect, ProviderDialect } from "./dialect.ts";
import { readAnswer as readContent, readEvents as readContentEvents } from "./gemini/read-answer.ts";
import { params as contentParams, readPrompt as readGenerateRequest } from "./gemini/read-request.ts";
import { writeAnswer as writeContent } from "./gemini/write-answer.ts";
import { writeEvents as writeContentEvents } from "./gemini/write-events.ts";
import { writePrompt as writeGenerateRequest } from "./gemini/write-request.ts";
import { readEvents as readChunks, readAnswer as readCompletion } from "./openai-chat/read-answer.ts";
import { params as chatParams, readPrompt as readChatRequest } from "./openai-chat/read-request.ts";
import { writeEvents as writeChunks, writeAnswer as writeCompletion } from "./openai-chat/write-answer.ts";
import { writePrompt as writeChatRequest } from "./openai-chat/write-request.ts";
import { readPrompt as readResponsesRequest, params as responseParams } from "./openai-responses/read-request.ts";
import { writeAnswer as writeResponse } from "./openai-responses/response.ts";
import { writeEvents as writeResponseEvents } from "./openai-responses/write-events.ts";

/** How each endpoint whose calls can be told in other APIs is spoken with its callers. */
export const callerDialects: ReadonlyMap<Endpoint, CallerDialect> = new Map<Endpoint, CallerDialect>([
  [chatCompletions, { readPrompt: readChatRequest, params: chatParams, writeAnswer: writeCompletion, writeEvents: writeChunks }],
  [responses, { readPrompt: readResponsesRequest, params: responseParams, writeAnswer: writeResponse, writeEvents: writeResponseEvents }],
  [messages, { readPrompt: readMessagesRequest, params: messageParams, writeAnswer: writeMessage, writeEvents: writeMessageEvents }],
  [generateContent, { readPrompt: readGenerateRequest, params: contentParams, writeAnswer: writeContent, writeEvents: writeContentEvents }],
]);

/** How the providers of each family are spoken with, whatever API was called. */
export const providerDialects: Readonly<Record<ApiFamily, ProviderDialect>> = {
  openai: { endpoint: chatCompletions, writePrompt: writeChatRequest, readAnswer: readCompletion, readEvents: readChunks },
  anthropic: { endpoint: messages, writePrompt: writeMessagesRequest, readAnswer: readMessage, readEvents: readMessageEvents },
  gemini: { endpoint: generateContent, writePrompt: writeGenerateRequest, readAnswer: readContent, readEvents: readContentEvents },
};
