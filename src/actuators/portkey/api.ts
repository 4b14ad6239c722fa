import { z } from "zod";
import { type AdminApi, unfolded } from "../admin-api.ts";

export interface PortkeyAccess {
  readonly baseUrl: string;
  readonly apiKey: string;
}

/** Configs came as JSON and as a text of JSON: both are documented. */
const Config = z.preprocess(unfolded, z.record(z.string(), z.json()));
export type Config = z.infer<typeof Config>;

const Retrieved = z.object({ data: z.object({ config: Config }) });
const Updated = z.object({ data: z.object({ version_id: z.string().nullish() }).nullish() });

/** The calls of Portkey's admin API that are used here. */
export interface PortkeyApi {
  config(slug: string, signal: AbortSignal): Promise<Config>;
  /** Makes this the newest version of a config: the ones before stay listed under its `/versions`. */
  setConfig(slug: string, config: object, signal: AbortSignal): Promise<void>;
}

const refused = "PORTKEY_API_KEY must be a key that may read and update configs (scopes configs.read and configs.update).";

/** Portkey's admin API at an address, with the version: https://api.portkey.ai/v1. */
export function createPortkeyApi(api: AdminApi, { baseUrl, apiKey }: PortkeyAccess): PortkeyApi {
  const call = (slug: string) => ({
    url: new URL(`${baseUrl.replace(/\/+$/, "")}/configs/${encodeURIComponent(slug)}`),
    headers: { "x-portkey-api-key": apiKey },
    refused,
  });
  return {
    async config(slug, signal) {
      const asked = { ...call(slug), method: "GET" as const, what: `Portkey, asked for config ${slug}` };
      return (await api.call(asked, Retrieved, signal)).data.config;
    },
    async setConfig(slug, config, signal) {
      const told = { ...call(slug), method: "PUT" as const, what: `Portkey, told to update config ${slug}`, body: { config } };
      await api.call(told, Updated, signal);
    },
  };
}
