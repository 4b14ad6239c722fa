import { basename } from "node:path";
import { z } from "zod";
import { listOf, optional } from "./config-text.ts";
import { AppError } from "./core/errors.ts";

/** Whose requests LiteLLM moves for a workload. */
export interface ScopeSetting {
  readonly kind: "team" | "key";
  readonly id: string;
}

/** Places besides our own gateway where policies take effect; undefined: off. */
export interface ActuatorSettings {
  readonly litellm:
    | {
        readonly baseUrl: string;
        readonly masterKey: string;
        readonly scopes: ReadonlyMap<string, ScopeSetting>;
        readonly credentials: ReadonlyMap<string, string>;
        readonly settleMs: number;
      }
    | undefined;
  readonly portkey: { readonly baseUrl: string; readonly apiKey: string; readonly configs: ReadonlyMap<string, string> } | undefined;
  readonly export:
    | {
        readonly dir: string;
        readonly files: readonly { readonly format: "litellm" | "envoy"; readonly path: string; readonly name: string }[];
      }
    | undefined;
}

/** The actuators' part of the environment. */
export const actuatorEnvironment = {
  LITELLM_BASE_URL: optional.pipe(z.url({ protocol: /^https?$/ }).optional()),
  LITELLM_MASTER_KEY: optional,
  LITELLM_SCOPES: z.string().default(""),
  LITELLM_CREDENTIALS: z.string().default(""),
  LITELLM_SETTLE_SECONDS: z.coerce.number().min(0).max(30).default(0),
  PORTKEY_API_KEY: optional,
  PORTKEY_BASE_URL: z.url({ protocol: /^https?$/ }).default("https://api.portkey.ai/v1"),
  PORTKEY_CONFIGS: z.string().default(""),
  APEX_EXPORT_DIR: optional,
  APEX_EXPORT_LITELLM: optional,
  APEX_EXPORT_ENVOY: optional,
};

const Settings = z.object({ ...actuatorEnvironment });
type Environment = z.infer<typeof Settings>;

const wrong = (text: string): AppError => new AppError("not_configured", text);

/** `name=value` pairs, separated by commas. */
function pairsOf(setting: string, text: string, example: string): ReadonlyMap<string, string> {
  const pairs = listOf(text).map((pair) => {
    const at = pair.indexOf("=");
    const [name, value] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    if (at < 1 || name === "" || value === "") throw wrong(`${setting} is not a list like ${example}: "${pair}" is no such pair.`);
    return [name, value] as const;
  });
  const twice = pairs.find(([name], index) => pairs.findIndex(([other]) => other === name) !== index);
  if (twice !== undefined) throw wrong(`${setting} names ${twice[0]} twice: give it one value.`);
  return new Map(pairs);
}

function scopesOf(text: string): ReadonlyMap<string, ScopeSetting> {
  const example = "support-chat=team:TEAM_ID,search=key:KEY_HASH";
  return new Map(
    [...pairsOf("LITELLM_SCOPES", text, example)].map(([workload, scope]) => {
      const [, kind, id] = /^(team|key):(\S+)$/.exec(scope) ?? [];
      if (id === undefined) throw wrong(`LITELLM_SCOPES is not a list like ${example}: "${scope}" names no team and no key.`);
      if (id.startsWith("sk-"))
        throw wrong("LITELLM_SCOPES takes the hash of a key, as LiteLLM's page of virtual keys shows it, not the key itself.");
      return [workload, { kind: kind === "key" ? "key" : "team", id }] as const;
    }),
  );
}

function litellmOf(env: Environment): ActuatorSettings["litellm"] {
  const { LITELLM_BASE_URL: baseUrl, LITELLM_MASTER_KEY: masterKey } = env;
  if (baseUrl === undefined && masterKey === undefined && env.LITELLM_SCOPES === "") return undefined;
  if (baseUrl === undefined)
    throw wrong("LITELLM_BASE_URL is not set: give the address of the LiteLLM proxy, like https://litellm.example.com.");
  if (masterKey === undefined)
    throw wrong("LITELLM_MASTER_KEY is not set: give the proxy's master key, or the key of a user with the role proxy_admin.");
  const scopes = scopesOf(env.LITELLM_SCOPES);
  if (scopes.size === 0) throw wrong("LITELLM_SCOPES is not set: name the team or key whose requests each workload's rules may move.");
  const credentials = pairsOf("LITELLM_CREDENTIALS", env.LITELLM_CREDENTIALS, "openai=NAME");
  return { baseUrl, masterKey, scopes, credentials, settleMs: env.LITELLM_SETTLE_SECONDS * 1_000 };
}

function portkeyOf({
  PORTKEY_API_KEY: apiKey,
  PORTKEY_BASE_URL: baseUrl,
  PORTKEY_CONFIGS: text,
}: Environment): ActuatorSettings["portkey"] {
  if (apiKey === undefined && text === "") return undefined;
  if (apiKey === undefined) throw wrong("PORTKEY_API_KEY is not set: give a key that may read and update configs.");
  const configs = pairsOf("PORTKEY_CONFIGS", text, "support-chat=pc-suppor-1a2b3c");
  if (configs.size === 0) throw wrong("PORTKEY_CONFIGS is not set: name the config that each workload's requests come with.");
  return { baseUrl, apiKey, configs };
}

/** A file, and its path in its repository after two colons where that is not its name: `/srv/config/proxy.yaml::deploy/proxy.yaml`. */
function fileOf(format: "litellm" | "envoy", text: string | undefined) {
  if (text === undefined) return [];
  const [path = "", name = basename(path)] = text.split("::");
  return [{ format, path, name }];
}

function exportOf(env: Environment): ActuatorSettings["export"] {
  const files = [...fileOf("litellm", env.APEX_EXPORT_LITELLM), ...fileOf("envoy", env.APEX_EXPORT_ENVOY)];
  const dir = env.APEX_EXPORT_DIR;
  if (dir === undefined && files.length === 0) return undefined;
  if (dir === undefined) throw wrong("APEX_EXPORT_DIR is not set: name the folder that patches are put into.");
  if (files.length === 0) throw wrong("APEX_EXPORT_DIR is set without a file: name one in APEX_EXPORT_LITELLM or APEX_EXPORT_ENVOY.");
  return { dir, files };
}

/** The actuators as their settings say; an AppError "not_configured" that says what to set where one is not whole. */
export const actuatorSettings = (env: Environment): ActuatorSettings => ({
  litellm: litellmOf(env),
  portkey: portkeyOf(env),
  export: exportOf(env),
});
