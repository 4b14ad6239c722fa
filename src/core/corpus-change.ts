import { z } from "zod";
import { CorpusName, corpusLimits, DocumentName } from "./corpus.ts";
import { assertNever } from "./errors.ts";

const Version = z.strictObject({ document: DocumentName, version: z.number().int().positive() });

/** A change of a corpus that waits for an approval, or that an answer brings about. */
export const CorpusChange = z.strictObject({
  type: z.literal("corpus_change"),
  corpus: CorpusName,
  what: z.discriminatedUnion("verb", [
    z.strictObject({ verb: z.literal("create") }),
    /** Deletes documents as they stood when it was asked for; with `whole`, the corpus too. */
    z.strictObject({ verb: z.literal("delete"), documents: z.array(Version).max(corpusLimits.documents), whole: z.boolean() }),
    /** Writes the documents that are kept under the proposal's name; `hash` is over all of them. */
    z.strictObject({
      verb: z.literal("update"),
      proposal: z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
      hash: z.string().length(64),
      documents: z.number().int().positive(),
      replaced: z.number().int().nonnegative(),
    }),
  ]),
});
export type CorpusChange = z.infer<typeof CorpusChange>;

/** More documents than this are replaced only after an approval. */
export const bulkDocuments = 10;

/** Whether an update is a bulk update: it replaces more than ten documents, or more than a tenth of those that stand; one alone never is. */
export const isBulkUpdate = (replaced: number, standing: number): boolean =>
  replaced > 1 && (replaced > bulkDocuments || replaced * 10 > standing);

const many = (count: number): string => `${count} ${count === 1 ? "document" : "documents"}`;

/** What a change would do, in a clause. */
export function corpusChangeText({ corpus, what }: CorpusChange): string {
  switch (what.verb) {
    case "create":
      return `make the corpus ${corpus}`;
    case "delete": {
      const [only] = what.documents;
      if (what.whole) return `delete the corpus ${corpus} with its ${many(what.documents.length)}`;
      return only !== undefined && what.documents.length === 1
        ? `delete ${only.document} from the corpus ${corpus}`
        : `delete ${many(what.documents.length)} from the corpus ${corpus}`;
    }
    case "update":
      return `write ${many(what.documents)} into the corpus ${corpus}, of which ${what.replaced} would be replaced`;
    default:
      return assertNever(what);
  }
}

/** How many documents are named on a card. */
const namedDocuments = 10;

/** The sentences that a card shows of a change. */
export function corpusChangeEvidence({ corpus, what }: CorpusChange): string[] {
  if (what.verb !== "delete") return [];
  const names = what.documents.slice(0, namedDocuments).map(({ document }) => document);
  const more = what.documents.length - names.length;
  return names.length === 0
    ? [`The corpus ${corpus} holds no document.`]
    : [`To be deleted: ${names.join(", ")}${more > 0 ? `, and ${more} more` : ""}.`];
}
