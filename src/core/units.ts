import { z } from "zod";

/**
 * What providers bill besides tokens. A second is a second of audio that was transcribed or spoken; a character is one of
 * text that was spoken; a provisioned hour is one hour of one reserved unit (Azure's PTU).
 */
export const unitKinds = [
  "web_search",
  "file_search",
  "code_execution",
  "image",
  "audio_second",
  "character",
  "document_page",
  "provisioned_hour",
] as const;

/** A kind of unit that is billed besides tokens. */
export const UnitKind = z.enum(unitKinds);
export type UnitKind = z.infer<typeof UnitKind>;

/** Whole units by kind; a kind that is not named was not used. */
export const Units = z.partialRecord(UnitKind, z.number().int().positive().max(Number.MAX_SAFE_INTEGER));
export type Units = z.infer<typeof Units>;
