import type { ServerResponse } from "node:http";
import { z } from "zod";
import { type ApiFamily, apiFamilyOf, type Upstream } from "../core/gateway-config.ts";
import { families } from "./endpoints.ts";
import { refuse } from "./errors.ts";
import { sendJson } from "./exchange.ts";
import { readWhole } from "./relay.ts";
import { decoded, type RequestTarget } from "./request-target.ts";
import type { OrgSettings } from "./snapshot.ts";
import { stopAfter } from "./stop.ts";
import type { UpstreamClient } from "./upstream.ts";

/** A model in OpenAI's format; fields of other formats may stand beside. */
const ListedModel = z.looseObject({ id: z.string() });
type ListedModel = z.infer<typeof ListedModel>;

const OpenAiModels = z.looseObject({ data: z.array(ListedModel) }).transform(({ data }) => data);

/** Anthropic's models; `created` is in seconds since 1970. */
const AnthropicModels = z
  .looseObject({ data: z.array(z.looseObject({ id: z.string(), created_at: z.iso.datetime({ offset: true }) })) })
  .transform(({ data }) =>
    data.map((model): ListedModel => {
      const created = Math.floor(Date.parse(model.created_at) / 1000);
      return { ...model, object: "model", created, owned_by: "anthropic" };
    }),
  );

/** Google's models. It does not say when they were made, which OpenAI's format wants to know: 0. */
const GoogleModels = z
  .looseObject({ models: z.array(z.looseObject({ name: z.string() })) })
  .transform(({ models }) =>
    models.map((model): ListedModel => ({ id: model.name.replace(/^models\//, ""), object: "model", created: 0, owned_by: "google" })),
  );

/** How a family lists its models, as many on a page as it takes. */
const lists = {
  openai: { path: "/models", read: OpenAiModels },
  anthropic: { path: "/models?limit=1000", read: AnthropicModels },
  gemini: { path: "/models?pageSize=1000", read: GoogleModels },
} satisfies Record<ApiFamily, { path: string; read: z.ZodType<ListedModel[]> }>;

const timeoutMs = 10_000;

const getFrom = async (upstreams: UpstreamClient, upstream: Upstream, path: string): Promise<{ status: number; body: string }> => {
  const family = families[apiFamilyOf(upstream.provider)];
  const answer = await upstreams.send({
    upstream,
    path,
    headers: { ...family.passedHeaders, ...family.credentials(upstream.apiKey) },
    stop: stopAfter(timeoutMs),
  });
  return { status: answer.statusCode, body: (await readWhole(answer)).toString("utf8") };
};

/** All models that the org's providers say they serve; a provider that does not answer is left out unless none does. */
const listAll = async (upstreams: UpstreamClient, org: OrgSettings): Promise<ReadonlyMap<string, ListedModel>> => {
  const asked = await Promise.allSettled(
    [...org.upstreams.values()].map(async (upstream) => {
      const { path, read } = lists[apiFamilyOf(upstream.provider)];
      const { status, body } = await getFrom(upstreams, upstream, path);
      if (status !== 200) throw refuse.badUpstream(`${upstream.provider} answered ${status}.`);
      return read.parse(JSON.parse(body));
    }),
  );
  const answered = asked.flatMap((list) => (list.status === "fulfilled" ? [list.value] : []));
  if (answered.length === 0) {
    throw refuse.badUpstream(`No provider gave its list of models (${[...org.upstreams.keys()].join(", ")}). Try again shortly.`);
  }
  return new Map(answered.flat().map((model) => [model.id, model]));
};

/** Google's own list, or one of its models, as Google tells it. */
const passGoogles = async (upstreams: UpstreamClient, org: OrgSettings, path: string, res: ServerResponse): Promise<void> => {
  const upstream = [...org.upstreams.values()].find(({ provider }) => apiFamilyOf(provider) === "gemini");
  if (upstream === undefined) throw refuse.notReady("Google is not connected. Ask your admin to connect it, or call GET /v1/models.");
  const { status, body } = await getFrom(upstreams, upstream, path);
  if (status === 200) return sendJson(res, 200, body);
  const refusal = families.gemini.refusalOf(upstream.provider, status, body);
  return sendJson(res, refusal.status, refusal.body);
};

const modelsPath = /^\/v1(beta)?\/models(?:\/([^/:]+))?$/;

/** Which models are asked for at a path: all of them, or one by its id; undefined where the path is none of theirs. */
export const modelsAt = (path: string): { readonly google: boolean; readonly id: string } | undefined => {
  const match = modelsPath.exec(path);
  return match === null ? undefined : { google: match[1] !== undefined, id: decoded(match[2] ?? "") };
};

/** Serves GET /v1/models and /v1/models/{id}: all providers' models in OpenAI's format; below /v1beta: Google's, as Google tells them. */
export async function serveModels(upstreams: UpstreamClient, org: OrgSettings, target: RequestTarget, res: ServerResponse): Promise<void> {
  if (org.upstreams.size === 0) throw refuse.notReady("No provider is connected. Ask your admin to connect one.");
  const asked = modelsAt(target.path);
  if (asked?.google === true) {
    return passGoogles(upstreams, org, `/models${asked.id === "" ? "" : `/${encodeURIComponent(asked.id)}`}${target.query}`, res);
  }
  const models = await listAll(upstreams, org);
  if (asked === undefined || asked.id === "") return sendJson(res, 200, JSON.stringify({ object: "list", data: [...models.values()] }));
  const model = models.get(asked.id);
  if (model === undefined) throw refuse.unknownModel(`No connected provider lists a model '${asked.id}'.`, "model");
  return sendJson(res, 200, JSON.stringify(model));
}
