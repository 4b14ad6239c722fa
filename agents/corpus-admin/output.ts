import { z } from "zod";
import { Report } from "../../src/core/report.ts";

/** What a document says, as it is quoted: its words are its own, and no figure of ours. */
export const Quote = z.strictObject({ source: z.string(), text: z.string() });
export type Quote = z.infer<typeof Quote>;

/** What was done with the corpora, named for the audit trail. */
export const CorpusAdmin = z.strictObject({
  operation: z.enum(["list", "search", "analyse", "validate", "export", "delete", "create", "add", "cite"]),
  corpus: z.string().nullable(),
  /** The answer, where the question is about corpora. */
  report: Report.nullable(),
  /** What documents say about a question that is about something else. */
  quotes: z.array(Quote),
});
export type CorpusAdmin = z.infer<typeof CorpusAdmin>;
