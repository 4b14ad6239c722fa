import type { z } from "zod";
import { AppError } from "../../core/errors.ts";
import type { RemoteSource, SourceContext } from "../../core/remote-source.ts";
import type { Period } from "../../core/usage-store.ts";
import { apiAddress } from "../address.ts";
import type { ApiCall, ApiClient } from "../api-client.ts";
import { pullRows } from "../observed-rows.ts";
import { byModel, usageOf } from "./usage.ts";
import { type Observation, ObservationPage, Projects } from "./wire.ts";

const guide = "docs/sources/langfuse.md";
const refused =
  "Give the public and the secret key of the project (Project settings → API keys), both of the same pair and of the region that baseUrl names.";

/** What a page holds at most. */
const pageSize = 1_000;
/** The groups of fields that are read; never "io", which holds prompts and answers. */
const fields = "core,basic,usage,model,metrics,trace_context";
/** The kinds of observation that stand for a call of a model. */
const types = ["GENERATION", "EMBEDDING"] as const;

function callOf({ settings }: SourceContext, path: string, query: Readonly<Record<string, string>>, what: string): ApiCall {
  const url = apiAddress(settings, path, query);
  const keys = `${settings["publicKey"] ?? ""}:${settings["secretKey"] ?? ""}`;
  return { url, headers: { authorization: `Basic ${Buffer.from(keys).toString("base64")}` }, what, refused };
}

/** One page of observations; where the address has no such list, the sentence says which Langfuse has it. */
async function pageOf(
  api: ApiClient,
  context: SourceContext,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<z.infer<typeof ObservationPage>> {
  const call = callOf(context, "api/public/v2/observations", { fields, ...query }, "Langfuse's list of observations");
  try {
    return await api.json(call, ObservationPage, signal);
  } catch (cause) {
    if (!(cause instanceof AppError) || cause.code !== "not_found") throw cause;
    throw new AppError(
      "not_found",
      `${call.url.origin} has no v2 list of observations. It needs Langfuse Cloud, or a Langfuse of your own from version 4 on that writes v4 data.`,
      { cause },
    );
  }
}

async function* pagesOf(
  api: ApiClient,
  context: SourceContext,
  period: Period,
  signal: AbortSignal,
): AsyncGenerator<readonly Observation[]> {
  for (const type of types) {
    const query = {
      type,
      fromStartTime: period.from.toISOString(),
      toStartTime: period.to.toISOString(),
      limit: String(pageSize),
    };
    let cursor: string | null | undefined;
    do {
      const page = await pageOf(api, context, cursor ? { ...query, cursor } : query, signal);
      yield page.data;
      cursor = page.meta.cursor;
    } while (cursor);
  }
}

const settings: RemoteSource["settings"] = {
  baseUrl: {
    secret: false,
    hint: "Langfuse's address: https://cloud.langfuse.com, https://us.cloud.langfuse.com, or that of your own.",
    fallback: "https://cloud.langfuse.com",
  },
  publicKey: { secret: false, hint: "The project's public key, pk-lf-…, from Project settings → API keys." },
  secretKey: { secret: true, hint: "The secret key of the same pair, sk-lf-…." },
  provider: {
    secret: false,
    hint: `The provider that serves every model of this project, by the price book's name (azure, aws, openrouter …), or "${byModel}": gpt-… is OpenAI's, claude-… Anthropic's, gemini-… Google's.`,
    fallback: byModel,
  },
};

/** Langfuse: observations that stand for a call of a model. */
export function createLangfuseSource(api: ApiClient): RemoteSource {
  return {
    source: "langfuse",
    title: "Langfuse",
    guide,
    settings,
    grain: "request",
    keeps: "facts",
    trailingDays: 2,
    chunkDays: 1,
    backfillDays: 365,
    async test(context, signal) {
      const { data } = await api.json(callOf(context, "api/public/projects", {}, "Langfuse's list of projects"), Projects, signal);
      const to = context.now();
      const from = new Date(to.getTime() - 3_600_000);
      await pageOf(
        api,
        context,
        { type: "GENERATION", limit: "1", fromStartTime: from.toISOString(), toStartTime: to.toISOString() },
        signal,
      );
      const named = data.map(({ name, organization }) => (organization ? `${name} (${organization.name})` : name));
      return {
        account: `the Langfuse project ${named.join(", ") || "of these keys"}`,
        notes: [
          context.settings["provider"] === byModel
            ? "Langfuse does not say who served a model: gpt-… is taken as OpenAI's, claude-… as Anthropic's, gemini-… as Google's. Connect it with provider=NAME where another sells them."
            : `Every model is taken to be served by ${context.settings["provider"] ?? ""}.`,
          "Observations whose counts do not show whether cached tokens are inside the input are left out, with the reason. Langfuse's own costs are not taken over.",
        ],
      };
    },
    pull: (context, period, signal) => pullRows(pagesOf(api, context, period, signal), (row) => usageOf(row, context)),
  };
}
