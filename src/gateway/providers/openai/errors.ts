import { z } from "zod";
import { type ApiError, refuse } from "../../errors.ts";

const ErrorBody = z.looseObject({
  error: z.looseObject({
    message: z.string(),
    type: z.string().nullish(),
    code: z.union([z.string(), z.number()]).nullish(),
    param: z.string().nullish(),
  }),
});

const safeJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/**
 * What the caller is told of a provider's refusal. An error in OpenAI's format keeps its status and words; anything else
 * is put into that format; a refusal of OUR key at the provider is not the caller's fault and becomes a 502.
 */
export const refusalOf = (provider: string, status: number, body: string): ApiError => {
  if (status === 401 || status === 403) {
    return refuse.badUpstream(`${provider} refused the gateway's own key (${status}). Ask your admin to set a working key for ${provider}.`)
      .api;
  }
  const parsed = ErrorBody.safeParse(safeJson(body));
  const shown = status >= 400 && status <= 599 ? status : 502;
  const type = status >= 500 || shown !== status ? "server_error" : "invalid_request_error";
  if (!parsed.success) {
    return {
      status: shown,
      type,
      code: "upstream_error",
      param: null,
      message: `${provider} answered ${status} without an error that can be read.`,
    };
  }
  const { message, type: said, code, param } = parsed.data.error;
  return {
    status: shown,
    type: said ?? type,
    code: code === null || code === undefined ? null : String(code),
    param: param ?? null,
    message,
  };
};
