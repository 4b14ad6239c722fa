import { AppError } from "../../core/errors.ts";

/** Application inference profiles and other ARNs that name no model, by what an admin says that they stand for. */
export type Profiles = ReadonlyMap<string, string>;

/**
 * The geographies of cross-region inference profiles. Tokens of such a profile cost what they cost in the region itself;
 * those of a `global.` profile do not, so that prefix stays in the name.
 */
const geographies = new Set(["us", "us-gov", "eu", "apac", "jp", "au", "ca"]);

const arnPattern = /^arn:aws[a-z-]*:bedrock:[a-z0-9-]*:\d*:([a-z-]+)\/(.+)$/;

/** ARNs whose last part is the name of a model or of a system-defined profile; of all others it is a random id. */
const namesModel = new Set(["foundation-model", "inference-profile"]);

function withoutGeography(id: string): string {
  const dot = id.indexOf(".");
  return geographies.has(id.slice(0, dot)) ? id.slice(dot + 1) : id;
}

/**
 * The model that a logged `modelId` names, as AWS names models: from an ARN, a cross-region profile or the plain id. An ARN
 * that names none (an application profile, provisioned throughput, an imported model) is what the admin mapped it to, or stays.
 */
export function modelOf(modelId: string, profiles: Profiles): string {
  const mapped = profiles.get(modelId);
  if (mapped !== undefined) return mapped;
  const [, kind, name] = arnPattern.exec(modelId) ?? [];
  if (kind === undefined || name === undefined) return withoutGeography(modelId);
  return namesModel.has(kind) ? withoutGeography(name) : modelId;
}

/** Reads the setting `profiles`: `ARN=model`, with commas between. An AppError where a part is none. */
export function profilesOf(setting: string): Profiles {
  const profiles = new Map<string, string>();
  for (const part of setting.split(",").map((word) => word.trim())) {
    if (part === "") continue;
    const at = part.indexOf("=");
    const [arn, model] = [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    if (at < 1 || !arnPattern.test(arn) || model === "")
      throw new AppError(
        "bad_input",
        "The setting profiles is not a list of ARN=model with commas between, such as arn:aws:bedrock:…=anthropic.claude-…",
      );
    profiles.set(arn, model);
  }
  return profiles;
}
