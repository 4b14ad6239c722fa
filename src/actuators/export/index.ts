import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../core/errors.ts";
import type { Id } from "../../core/ids.ts";
import type { Actuator, PolicyRule, RoutingPolicy } from "../../core/policy.ts";
import { perRequestNote, splitOrWhy, splitText } from "../split.ts";
import { type ExportFormat, patchOf } from "./patch.ts";

/** A file that is kept in Git, and what kind it is. */
export interface ExportFile {
  readonly format: ExportFormat;
  /** Where the file lies on this machine. */
  readonly path: string;
  /** Its path in its repository: what the patch names. */
  readonly name: string;
}

export interface ExportActuatorDeps {
  /** Where patches are put, in a folder of each org. */
  readonly dir: string;
  readonly files: readonly ExportFile[];
}

/** A file of a Git-managed config; an AppError that says which setting is wrong where it cannot be read. */
export async function readExportFile(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: unknown) => {
    throw new AppError("not_found", `The file ${path} cannot be read. Check its path.`, { cause });
  });
}

/** Puts a file in place whole, or not at all. */
async function place(path: string, text: string): Promise<void> {
  const half = `${path}.${process.pid}.tmp`;
  await writeFile(half, text);
  await rename(half, path);
}

/** Puts the patches of a version in the folder, in the place of those of other versions. All are made before one is put. */
async function putPatches({ dir: all, files }: ExportActuatorDeps, policy: RoutingPolicy | undefined, orgId: Id<"org">): Promise<void> {
  const dir = join(all, orgId);
  const made: { readonly name: string; readonly patch: string }[] = [];
  for (const { format, path, name } of files) {
    const patch = patchOf(format, { name, text: await readExportFile(path) }, policy);
    if (patch !== "") made.push({ name: `apex-${format}-v${policy?.version ?? 0}.patch`, patch });
  }
  try {
    await mkdir(dir, { recursive: true });
    for (const { name, patch } of made) await place(join(dir, name), patch);
    const stale = (await readdir(dir)).filter(
      (name) => /^apex-(?:litellm|envoy)-v\d+\.patch$/.test(name) && !made.some((one) => one.name === name),
    );
    for (const name of stale) await rm(join(dir, name), { force: true });
  } catch (cause) {
    throw new AppError("not_configured", `Patches cannot be written to ${dir}. Check APEX_EXPORT_DIR and its rights.`, { cause });
  }
}

function sentence(names: string, rule: PolicyRule): string {
  const split = splitOrWhy(rule);
  if (typeof split === "string") return `Export: ${split}`;
  return `Export: a patch for ${names} sends requests of ${rule.workload} for ${rule.requestedModel} ${splitText(split)}.`;
}

/** The model that a rule moves requests to, where it moves them to another one. */
const newModelOf = (rule: PolicyRule): string | undefined => {
  const split = splitOrWhy(rule);
  return typeof split === "string" ? undefined : split.find(({ target }) => target.model !== rule.requestedModel)?.target.model;
};

/** Patches for Git-managed configs as a place where policies take effect: once somebody has merged them, which only traffic can show. */
export function createExportActuator(deps: ExportActuatorDeps): Actuator {
  return {
    name: "export",
    plan(next) {
      const names = deps.files.map(({ name }) => name).join(" and ");
      const rules = next?.rules ?? [];
      return Promise.resolve([
        ...(rules.length === 0 ? [`Export: a patch takes everything that Apex added out of ${names}.`] : []),
        ...rules.map((rule) => sentence(names, rule)),
        "Export: it takes effect once the patch is merged and rolled out, not before.",
        ...(rules.length === 0 ? [] : [perRequestNote("A gateway whose config is kept in Git")]),
      ]);
    },
    apply: (next, orgId) => putPatches(deps, next, orgId),
    // Nobody tells when a file from Git is in use.
    readBack: () => Promise.resolve([]),
    trace(_policy, rule) {
      const model = newModelOf(rule);
      const fromLitellm = deps.files.some(({ format }) => format === "litellm");
      return fromLitellm && model !== undefined ? { source: "litellm", requestedModel: rule.requestedModel, model } : undefined;
    },
  };
}
