import { isUsageFile, type SharedFile } from "./conversation.ts";

/** Whether a file's name is one that documents of a corpus come under. */
export const isDocumentFile = (name: string): boolean => /\.(?:md|markdown|html?|csv|tsv|json|jsonl|pdf|txt)$/i.test(name);

const verb = "\\b(?:add|put|upload|save|store|import|update|replace|write)\\b";
const ways: readonly RegExp[] = [
  new RegExp(
    `${verb}.{0,80}\\b(?:to|into|in|of|for)\\b (?:the |our |my |a )?(?:corpus|knowledge base)(?: (?:called|named))?[ :]+["“'\`]?([a-z0-9][a-z0-9-]{0,63})`,
    "i",
  ),
  new RegExp(
    `${verb}.{0,80}\\b(?:to|into|in|of|for)\\b (?:the |our |my )?["“'\`]?([a-z0-9][a-z0-9-]{0,63})["”'\`]? (?:corpus|knowledge base)\\b`,
    "i",
  ),
];

/** The corpus that the words shared with files name ("add this to the corpus policies"), in lower case; undefined where they name none. */
export const corpusFor = (text: string): string | undefined =>
  ways
    .map((way) => way.exec(text)?.[1]?.toLowerCase())
    .find((name) => name !== undefined && !["the", "our", "my", "a", "corpus", "please", "thanks"].includes(name));

/** The files of a message that are taken: documents where its words name a corpus, else those of usage; any others only where nothing was asked besides. */
export function filesTaken(shared: readonly SharedFile[], asked: string): readonly SharedFile[] {
  if (corpusFor(asked) !== undefined) return shared.filter(({ name }) => isDocumentFile(name));
  const usage = shared.filter(({ name }) => isUsageFile(name));
  return usage.length > 0 || asked !== "" ? usage : shared;
}
