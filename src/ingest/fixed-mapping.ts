import type { ImportMapping } from "../core/import.ts";

/** The mapping of a format whose columns have one meaning: it maps nothing, and says what is read. */
export const fixedMapping = (format: ImportMapping["format"], assumption: string): ImportMapping => ({
  format,
  fields: {},
  time: { unit: "iso", origin: "file" },
  inputIncludesCached: false,
  outputIncludesReasoning: false,
  tier: "standard",
  assumption,
});
