import type { ServerResponse } from "node:http";
import { z } from "zod";
import { type ApiFamily, apiFamilyOf } from "../core/gateway-config.ts";
import { families } from "./endpoints.ts";
import { refuse } from "./errors.ts";
import { sendJson } from "./exchange.ts";
import { readWhole } from "./relay.ts";
import type { OrgSettings } from "./snapshot.ts";
import type { UpstreamClient } from "./upstream.ts";

const ListedModel = z.looseObject({ id: z.string() });
const ModelList = z.looseObject({ data: z.array(ListedModel) });

/** A model as Anthropic lists it. */
const AnthropicModel = z.looseObject({ id: z.string(), type: z.literal("model"), created_at: z.iso.datetime({ offset: true }) });

/** A model in OpenAI's format; `created` is in seconds since 1970. */
const asListed = (model: z.infer<typeof ListedModel>): z.infer<typeof ListedModel> => {
  const parsed = AnthropicModel.safeParse(model);
  if (!parsed.success) return model;
  return { ...model, object: "model", created: Math.floor(Date.parse(parsed.data.created_at) / 1000), owned_by: "anthropic" };
};

/** Anthropic lists 20 models a page where no limit is said. */
const pathOf: Readonly<Record<ApiFamily, string>> = { openai: "/models", anthropic: "/models?limit=1000" };

const timeoutMs = 10_000;

/** Serves GET /v1/models: what the org's providers say they serve, one list; providers that do not answer are left out unless none does. */
export async function serveModels(upstreams: UpstreamClient, org: OrgSettings, res: ServerResponse): Promise<void> {
  if (org.upstreams.size === 0) throw refuse.notReady("No provider is connected. Ask your admin to connect one.");
  const lists = await Promise.allSettled(
    [...org.upstreams.values()].map(async (upstream) => {
      const family = families[apiFamilyOf(upstream.provider)];
      const answer = await upstreams.send({
        upstream,
        path: pathOf[family.name],
        headers: { ...family.passedHeaders, ...family.credentials(upstream.apiKey) },
        signal: AbortSignal.timeout(timeoutMs),
      });
      const body = await readWhole(answer);
      if (answer.statusCode !== 200) throw refuse.badUpstream(`${upstream.provider} answered ${answer.statusCode}.`);
      return ModelList.parse(JSON.parse(body.toString("utf8"))).data;
    }),
  );
  const answered = lists.flatMap((list) => (list.status === "fulfilled" ? [list.value] : []));
  if (answered.length === 0) {
    throw refuse.badUpstream(`No provider gave its list of models (${[...org.upstreams.keys()].join(", ")}). Try again shortly.`);
  }
  const byId = new Map(answered.flat().map((model) => [model.id, asListed(model)]));
  sendJson(res, 200, JSON.stringify({ object: "list", data: [...byId.values()] }));
}
