import { asItReads } from "../triage/readings.ts";

/** What someone asks of the corpora. */
export type CorpusRequest =
  | { readonly type: "list" | "analyse" | "validate" | "export" | "add" }
  | { readonly type: "search"; readonly text: string }
  | { readonly type: "create"; readonly name: string }
  | { readonly type: "delete"; readonly whole: boolean };

const corpusWords = "(?:corpus|corpora|corpuses|knowledge base|reference documents?)";
const one = "(?:the |our |my |this |a )?";

/** Ways to say that something is looked for, before and after what it is. */
const searching: readonly RegExp[] = [
  new RegExp(
    `^(?:please )?(?:can you |could you )?(?:search|query|look (?:through|in|into)|go through|check) (?:in |through )?${one}(?:\\S+ )?${corpusWords}(?: for| about| on|:)?`,
  ),
  new RegExp(`^what (?:does|do|is|are) ${one}(?:\\S+ )?${corpusWords}(?: say| says| have| state)?(?: about| on| regarding)`),
  new RegExp(`\\b(?:in|from|according to) ${one}(?:\\S+ )?${corpusWords}\\b`),
  /^(?:please )?(?:find|look up|look for|search(?: for)?|quote|show me|tell me)(?: me)?(?: what)?/,
  new RegExp(`\\b${corpusWords}\\b`),
];

/** What is looked for: the question without the words that say that something is. */
const soughtIn = (text: string, corpus: string | null): string => {
  const bare = searching.reduce((rest, pattern) => rest.replace(pattern, " ").trim(), text);
  const rest = corpus === null ? bare : bare.replace(new RegExp(`(?<![\\p{L}\\p{N}-])${corpus}(?![\\p{L}\\p{N}-])`, "u"), " ");
  return rest.replaceAll(/\s+/g, " ").replace(/^[\s:,]+|[\s?.!,:]+$/g, "");
};

const created = new RegExp(
  `\\b(?:create|make|start|set up|open|new)\\b.{0,20}\\bcorpus(?: (?:called|named|for))?[ :]+["“'\`]?([a-z0-9][a-z0-9-]{0,63})`,
);

const listed = new RegExp(
  `^(?:${corpusWords}|(?:which|what|list|show|how many)\\b.{0,40}\\b(?:documents?|files?|corpora|corpuses)\\b.*|(?:list|show)(?: me)? ${one}${corpusWords}.*|what(?: is|'s) in ${one}(?:\\S+ )?${corpusWords}.*)\\W*$`,
);

/** Reads what is asked of the corpora by rules alone. */
export function corpusRequest(question: string, corpus: string | null): CorpusRequest {
  const text = asItReads(question).trim();
  const name = created.exec(text)?.[1];
  if (/\b(?:delete|remove|drop|erase|take out)\b/.test(text))
    return { type: "delete", whole: new RegExp(`\\b(?:delete|remove|drop|erase) ${one}(?:\\S+ )?(?:corpus|knowledge base)\\b`).test(text) };
  if (/^(?:please )?(?:add|upload|put|store)\b/.test(text)) return { type: "add" };
  if (name !== undefined && !/^(?:for|about|with|search)$/.test(name)) return { type: "create", name };
  if (/\bvalidat\w+|\b(?:broken|damaged|wrong)\b/.test(text)) return { type: "validate" };
  if (/\b(?:export|download|back ?up)\b/.test(text)) return { type: "export" };
  if (/\banaly[sz]\w+|\b(?:statistics|stats|summar\w+|duplicates?|stale|out ?dated|how (?:big|large))\b/.test(text))
    return { type: "analyse" };
  if (listed.test(text)) return { type: "list" };
  const sought = soughtIn(text, corpus);
  return sought === "" ? { type: "list" } : { type: "search", text: sought };
}

/** The corpus that a question names, among those that there are; the longest name counts. */
export function namedCorpus(question: string, corpora: readonly string[]): string | null {
  const text = asItReads(question);
  const found = corpora.filter((name) => new RegExp(`(?<![\\p{L}\\p{N}-])${name}(?![\\p{L}\\p{N}-])`, "u").test(text));
  return [...found].sort((a, b) => b.length - a.length)[0] ?? null;
}

/** The documents that a question names, by their names or titles; a name inside a longer one that is named too does not count. */
export function namedDocuments<D extends { readonly document: string; readonly title: string }>(
  question: string,
  documents: readonly D[],
): readonly D[] {
  let text = ` ${asItReads(question)} `;
  const found: D[] = [];
  const spelt = documents
    .flatMap((of) => [of.document, of.title].map((name) => ({ of, name: asItReads(name) })))
    .sort((a, b) => b.name.length - a.name.length);
  for (const { of, name } of spelt) {
    const at = text.search(
      new RegExp(`(?<![\\p{L}\\p{N}._/-])${name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\p{L}\\p{N}_/-])`, "u"),
    );
    if (name === "" || at < 0) continue;
    if (!found.includes(of)) found.push(of);
    text = `${text.slice(0, at)} ${text.slice(at + name.length)}`;
  }
  return found;
}
