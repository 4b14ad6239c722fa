import { createTwoFilesPatch } from "diff";
import type { RoutingPolicy } from "../../core/policy.ts";
import { envoyFile } from "./envoy-route.ts";
import { litellmFile } from "./litellm-yaml.ts";

/** Kinds of files that a policy can be exported to, and how each is made. */
export const exportFormats = {
  litellm: litellmFile,
  envoy: envoyFile,
} satisfies Record<string, (text: string, policy: RoutingPolicy | undefined) => string>;
export type ExportFormat = keyof typeof exportFormats;

/** What a policy changes in a file, as a unified diff that `git apply` and `patch -p1` take; empty where it is as wanted. `name` is the file's path in its repository. */
export function patchOf(
  format: ExportFormat,
  file: { readonly name: string; readonly text: string },
  policy: RoutingPolicy | undefined,
): string {
  const wanted = exportFormats[format](file.text, policy);
  if (wanted === file.text) return "";
  const name = file.name.replaceAll("\\", "/").replace(/^\/+/, "");
  return createTwoFilesPatch(`a/${name}`, `b/${name}`, file.text, wanted, undefined, undefined, { context: 3 }).replace(/^=+\n/, "");
}
