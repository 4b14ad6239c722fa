import type { AuditLog } from "../core/audit.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { ImportMapping } from "../core/import.ts";
import { type FileHeader, MappingName, type MappingStore, type SavedMapping } from "../core/saved-mapping.ts";
import { refuseNonText } from "./inspect-file.ts";

/** What saving mappings and finding them again needs. */
export interface MappingDeps {
  readonly mappings: MappingStore;
  readonly audit: AuditLog;
  /** The header of a file; undefined where it has none. */
  readonly headerOf: (path: string) => Promise<FileHeader | undefined>;
  /** A mapping that fits a file's header; undefined where none does. */
  readonly propose: (path: string) => Promise<ImportMapping | undefined>;
  readonly now: () => Date;
}

/** A mapping and how it was come by. */
export interface FoundMapping {
  readonly mapping: ImportMapping;
  /** The name that it is saved under; undefined where it was proposed from the header. */
  readonly savedAs: string | undefined;
}

/** The mapping for a file: the one that was saved last for exactly its header, else one that is proposed; undefined where none fits. */
export async function mappingForFile(deps: MappingDeps, orgId: Id<"org">, path: string): Promise<FoundMapping | undefined> {
  await refuseNonText(path);
  const header = await deps.headerOf(path);
  const saved = header === undefined ? undefined : await deps.mappings.findByHeader(orgId, header.fingerprint);
  if (saved !== undefined) return { mapping: saved.mapping, savedAs: saved.name };
  const mapping = await deps.propose(path);
  return mapping === undefined ? undefined : { mapping, savedAs: undefined };
}

/** What to save, and as what. Without a mapping, the one that the file's header proposes. */
export interface SaveMappingRequest {
  readonly orgId: Id<"org">;
  readonly name: string;
  /** The file that it is for: others with the same header will find it. */
  readonly path: string;
  readonly mapping?: ImportMapping;
  readonly actor: string;
}

/** Columns that a mapping reads and a header lacks. In JSON Lines the first record need not have all. */
function checkFit(path: string, header: FileHeader, mapping: ImportMapping): void {
  if (header.format !== "csv") return;
  for (const [field, from] of Object.entries(mapping.fields)) {
    if ("column" in from && !header.columns.includes(from.column))
      throw new AppError("bad_input", `The mapping takes ${field} from the column "${from.column}", which ${path} does not have.`);
  }
}

/** Saves a mapping for files with the same header; one of the same name is replaced. Both stand in the audit trail. */
export async function saveMapping(
  deps: MappingDeps,
  { orgId, name, path, mapping: given, actor }: SaveMappingRequest,
): Promise<SavedMapping & { readonly replaced: boolean }> {
  const checked = MappingName.safeParse(name);
  if (!checked.success) throw new AppError("bad_input", `"${name.slice(0, 80)}" ${checked.error.issues[0]?.message ?? "is no name"}.`);
  await refuseNonText(path);
  const header = await deps.headerOf(path);
  const mapping = given ?? (await deps.propose(path));
  if (header === undefined || mapping === undefined)
    throw new AppError(
      "bad_input",
      `No mapping could be ${given === undefined ? "proposed" : "saved"} for ${path}: its first line names no columns that are known. See docs/import.md.`,
    );
  checkFit(path, header, mapping);
  const saved: SavedMapping = { name, header: header.fingerprint, mapping, createdBy: actor, createdAt: deps.now() };
  const replaced = await deps.mappings.save(orgId, saved);
  const facts = { name, format: mapping.format, header: header.fingerprint };
  await deps.audit.append(orgId, { actor, action: replaced ? "mapping.replaced" : "mapping.saved", facts });
  return { ...saved, replaced };
}

/** A saved mapping by its name; undefined where the org has none of that name. */
export const mappingNamed = async (deps: MappingDeps, orgId: Id<"org">, name: string): Promise<ImportMapping | undefined> =>
  MappingName.safeParse(name).success ? (await deps.mappings.find(orgId, name))?.mapping : undefined;

/** How files become usage: saved mappings, and those that headers propose. */
export interface MappingFlows {
  /** The saved or proposed mapping for a file; undefined where none fits. */
  forFile(orgId: Id<"org">, path: string): Promise<FoundMapping | undefined>;
  /** A saved mapping by its name. */
  named(orgId: Id<"org">, name: string): Promise<ImportMapping | undefined>;
  save(request: SaveMappingRequest): ReturnType<typeof saveMapping>;
}
