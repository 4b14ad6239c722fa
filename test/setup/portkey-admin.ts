import { z } from "zod";
import type { ApiAnswer, ApiRequest } from "./fake-api.ts";

type Config = z.infer<typeof ConfigObject>;
const ConfigObject = z.record(z.string(), z.json());

/** What Portkey has stored: versions of each config, the newest last. */
export interface PortkeyState {
  readonly configs: Map<string, Config[]>;
}

export const portkeyKey = "pk-admin-7b1d";

export const portkeyState = (): PortkeyState => ({
  configs: new Map([
    ["pc-support-1a2b", [{ provider: "@openai-prod", retry: { attempts: 3 }, cache: { mode: "simple" } }]],
    ["pc-other-3c4d", [{ strategy: { mode: "fallback" }, targets: [{ provider: "@openai-prod" }, { provider: "@azure-prod" }] }]],
  ]),
});

const failed = (status: number, message: string): ApiAnswer => ({
  status,
  body: { success: false, data: { message, errorCode: `AB0${status}` } },
});

const Update = z.strictObject({ name: z.string().optional(), config: ConfigObject.optional(), status: z.string().optional() });

function update(versions: Config[], body: string): ApiAnswer {
  const given = Update.safeParse(JSON.parse(body));
  if (!given.success || given.data.config === undefined) return failed(400, given.success ? "config is required" : "Invalid request body");
  const { strategy, targets } = given.data.config;
  const mode = z.object({ mode: z.enum(["single", "loadbalance", "fallback", "conditional"]) }).safeParse(strategy);
  if (strategy !== undefined && (!mode.success || !Array.isArray(targets))) return failed(400, "Invalid config: strategy and targets");
  versions.push(given.data.config);
  return { body: { success: true, data: { version_id: `ver-${versions.length}` } } };
}

/** Portkey's admin API of configs, ours, that follows its documents: updates make versions, reading gives the config as a text of JSON. */
export function portkeyAdmin(state: PortkeyState): (request: ApiRequest) => ApiAnswer {
  return ({ method, url, headers, body }) => {
    if (headers["x-portkey-api-key"] !== portkeyKey) return failed(401, "Unauthorised Request");
    const [, slug = "", rest] = /^\/v1\/configs\/([^/]+)(\/versions)?$/.exec(url.pathname) ?? [];
    const versions = state.configs.get(decodeURIComponent(slug));
    if (versions === undefined) return failed(404, "Config not found");
    if (method === "PUT") return update(versions, body);
    if (method !== "GET") return failed(405, "Method not allowed");
    const shown = versions.map((config, index) => ({
      slug,
      config: JSON.stringify(config),
      version_id: `ver-${index + 1}`,
      object: "config",
    }));
    return rest === undefined
      ? { body: { success: true, data: shown.at(-1) ?? null } }
      : { body: { object: "list", total: shown.length, data: shown.toReversed() } };
  };
}
