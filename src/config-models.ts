import { z } from "zod";
import { checkUpstream } from "./config-gateway.ts";
import { listOf, optional } from "./config-text.ts";
import { AppError } from "./core/errors.ts";
import { fromUsd, type PicoUsd } from "./core/money.ts";

/** A model that may write, as the environment names it. `rank` says what it is able to do, where its name does not. */
export interface NamedModel {
  readonly provider: "openai" | "anthropic" | "google";
  readonly model: string;
  readonly rank: "small" | "strong" | undefined;
}

/** The models that Apex itself may ask, with everything that they need, or off with the reason. */
export type ModelSettings =
  | { readonly kind: "off"; readonly why: string }
  | {
      readonly kind: "on";
      readonly models: readonly NamedModel[];
      /** What the models of one answer may cost at most. */
      readonly budget: PicoUsd;
      /** A gateway of ours in another process; undefined: this process' own one, where it serves one. */
      readonly gatewayUrl: string | undefined;
    };

/** The models' part of the environment. */
export const modelEnvironment = {
  APEX_MODELS: optional,
  APEX_MODEL_BUDGET_USD: z.string().default("0.10"),
  APEX_GATEWAY_URL: optional.pipe(z.url({ protocol: /^https?$/ }).optional()),
  DEV_MODE_DISABLE_LLM: optional,
};

const Settings = z.object({
  ...modelEnvironment,
  OPENAI_API_KEY: optional,
  ANTHROPIC_API_KEY: optional,
  GEMINI_API_KEY: optional,
  GOOGLE_API_KEY: optional,
});
type Environment = z.infer<typeof Settings>;

const makers: readonly (readonly [RegExp, NamedModel["provider"]])[] = [
  [/^(?:gpt-|chatgpt-|o\d)/, "openai"],
  [/^claude-/, "anthropic"],
  [/^gem(?:ini|ma)-/, "google"],
];

const providers: Readonly<Record<string, NamedModel["provider"]>> = {
  openai: "openai",
  anthropic: "anthropic",
  google: "google",
  gemini: "google",
};

const wrong = (what: string): AppError =>
  new AppError(
    "not_configured",
    `APEX_MODELS ${what}. Write it as provider/model, separated by commas, such as openai/gpt-5-mini, anthropic/claude-sonnet-4-5=strong.`,
  );

function readModel(text: string): NamedModel {
  const [, path = "", rank] = /^([^=\s]+)(?:=(small|strong))?$/.exec(text) ?? [];
  if (path === "") throw wrong(`holds "${text.slice(0, 80)}", which names no model`);
  const [, named, rest] = /^([a-z]+)\/(.+)$/.exec(path) ?? [];
  const model = rest ?? path;
  const provider = named === undefined ? makers.find(([pattern]) => pattern.test(model))?.[1] : providers[named];
  if (provider === undefined) throw wrong(`holds "${text.slice(0, 80)}", whose provider is not openai, anthropic or google`);
  return { provider, model, rank: rank === "small" || rank === "strong" ? rank : undefined };
}

const keyNames = { openai: "OPENAI_API_KEY", anthropic: "ANTHROPIC_API_KEY", google: "GEMINI_API_KEY" } as const;

const keyOf = (env: Environment, provider: NamedModel["provider"]): string | undefined =>
  provider === "google" ? (env.GEMINI_API_KEY ?? env.GOOGLE_API_KEY) : env[keyNames[provider]];

function budgetOf({ APEX_MODEL_BUDGET_USD: text }: Environment): PicoUsd {
  const budget = /^\s*\d+(?:\.\d{1,12})?\s*$/.test(text) ? fromUsd(text) : 0n;
  if (budget > 0n) return budget;
  throw new AppError(
    "not_configured",
    "APEX_MODEL_BUDGET_USD must be an amount above zero, such as 0.05. Leave APEX_MODELS out to use no models.",
  );
}

/** Whether all use of models is switched off. */
function isDisabled({ DEV_MODE_DISABLE_LLM: text = "false" }: Environment): boolean {
  if (/^(?:true|1|yes|on)$/i.test(text)) return true;
  if (/^(?:false|0|no|off)$/i.test(text)) return false;
  throw new AppError("not_configured", 'DEV_MODE_DISABLE_LLM must be "true" or "false".');
}

/** The models as their settings say; an AppError "not_configured" that says what to set where they are not whole. */
export function modelSettings(env: Environment): ModelSettings {
  if (isDisabled(env)) return { kind: "off", why: "DEV_MODE_DISABLE_LLM is set" };
  if (env.APEX_MODELS === undefined) return { kind: "off", why: "set APEX_MODELS to turn them on" };
  const models = listOf(env.APEX_MODELS).map(readModel);
  if (models.length === 0) throw wrong("names no model");
  for (const { provider, model } of models) {
    if (keyOf(env, provider) !== undefined) continue;
    throw new AppError(
      "not_configured",
      `APEX_MODELS names ${model}, and ${keyNames[provider]} is not set: set it, or leave the model out.`,
    );
  }
  const { APEX_GATEWAY_URL: gateway } = env;
  return {
    kind: "on",
    models,
    budget: budgetOf(env),
    gatewayUrl: gateway === undefined ? undefined : checkUpstream("APEX_GATEWAY_URL", gateway).replace(/\/$/, ""),
  };
}
