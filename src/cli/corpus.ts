import { randomUUID } from "node:crypto";
import { open, readFile, stat } from "node:fs/promises";
import { basename, isAbsolute, normalize, resolve } from "node:path";
import { plain } from "../../adapters/draw-text.ts";
import { type CorpusHit, corpusLimits, corpusNamed, type DocumentFile, type ExportedDocument } from "../core/corpus.ts";
import { staleDays } from "../core/corpus-analysis.ts";
import { bulkDocuments, type CorpusChange } from "../core/corpus-change.ts";
import { AppError } from "../core/errors.ts";
import { clip, oneLine } from "../core/plain-text.ts";
import type { CorpusAsker } from "../flows/change-corpus.ts";
import { type Command, type CommandContext, type CommandInput, exitCode, shownWord } from "./command.ts";

type Verb = (context: CommandContext, words: readonly string[], input: CommandInput) => Promise<number>;

const usageError = (what: string): AppError => new AppError("bad_input", `${what} Usage: apex ${corpus.usage}`);

/** The corpus that the first word names, and the words after it. */
function named(words: readonly string[]): { readonly name: string; readonly rest: readonly string[] } {
  const [first, ...rest] = words;
  if (first === undefined) throw usageError("Name the corpus.");
  return { name: corpusNamed(first), rest };
}

const askerOf = ({ org, member }: CommandContext): CorpusAsker => ({ orgId: org.id, member });
const requestOf = ({ org, userName }: CommandContext, name: string) => ({ orgId: org.id, corpus: name, actor: userName });

const many = (count: number, what: string): string => `${count.toLocaleString("en-US")} ${what}${count === 1 ? "" : "s"}`;

/** Files as documents of a corpus are named: by their path from here, an absolute one by its last part. */
async function* filesOf({ cwd }: CommandContext, paths: readonly string[]): AsyncGenerator<DocumentFile> {
  for (const path of paths) {
    const at = resolve(cwd, path);
    const found = await stat(at).catch(() => undefined);
    if (found === undefined || !found.isFile()) throw new AppError("not_found", `There is no file ${shownWord(path)}.`);
    if (found.size > corpusLimits.fileBytes && !path.endsWith(".jsonl"))
      throw new AppError("bad_input", `${path} has ${found.size} bytes; at most ${corpusLimits.fileBytes} are read.`);
    yield { name: isAbsolute(path) ? basename(path) : normalize(path), bytes: await readFile(at) };
  }
}

/** The documents of files; what cannot be read is told on the error output. */
async function documentsOf(context: CommandContext, paths: readonly string[]) {
  if (paths.length === 0) throw usageError("Name at least one file.");
  const read = await context.app.corpus.read(filesOf(context, paths), context.signal);
  for (const { name, sentence } of read.refused) context.output.err(plain(`${name}: ${sentence}\n`));
  return read;
}

/** Proposes a change, and says how it is approved. */
async function propose({ app, org, userName, output }: CommandContext, change: CorpusChange, why: string): Promise<void> {
  const author = { platform: "console" as const, workspace: org.name, userId: userName, name: userName };
  const { approvalId } = await app.corpus.propose({ orgId: org.id, author, eventId: `corpus-${randomUUID()}`, change });
  output.out(
    plain(
      `${why} Nothing is changed yet. Approve it with \`apex approve ${approvalId}\`, or turn it down with \`apex reject ${approvalId}\`.\n`,
    ),
  );
}

async function store(context: CommandContext, name: string, documents: readonly ExportedDocument[], refused: number): Promise<number> {
  if (documents.length > 0) {
    const outcome = await context.app.corpus.update(askerOf(context), name, documents);
    if (outcome.done) {
      const count = (wanted: string): number => outcome.outcomes.filter((one) => one === wanted).length;
      context.output.out(
        `${name}: ${count("added")} added, ${count("replaced")} replaced, ${count("unchanged")} unchanged, ${refused} refused.\n`,
      );
    } else {
      const why = `This replaces more than ${bulkDocuments} documents of ${name}, or more than a tenth of them, so an admin has to approve it.`;
      await propose(context, outcome.change, why);
    }
  }
  return refused === 0 ? exitCode.ok : documents.length === 0 ? exitCode.failed : exitCode.partial;
}

const add: Verb = async (context, words) => {
  const { name, rest } = named(words);
  const { documents, refused } = await documentsOf(context, rest);
  return store(context, name, documents, refused.length);
};

const update: Verb = async (context, words) => {
  const { name, rest } = named(words);
  const { documents, refused } = await documentsOf(context, rest);
  const standing = new Set((await context.app.corpus.reader.documents(context.org.id, name)).map(({ document }) => document));
  const fresh = documents.filter(({ document }) => !standing.has(document)).map(({ document }) => document);
  if (fresh.length > 0)
    throw new AppError("not_found", `Not in the corpus ${name}: ${fresh.join(", ")}. Add new documents with \`apex corpus add\`.`);
  return store(context, name, documents, refused.length);
};

const importInto: Verb = async (context, words) => {
  const { name, rest } = named(words);
  const { documents, refused } = await documentsOf(context, rest);
  const known = (await context.app.corpus.reader.corpora(context.org.id)).some((one) => one.corpus === name);
  if (!known && documents.length > 0) await context.app.corpus.create(askerOf(context), name);
  return store(context, name, documents, refused.length);
};

const create: Verb = async (context, words) => {
  const { name } = named(words);
  const made = await context.app.corpus.create(askerOf(context), name);
  context.output.out(
    made ? `The corpus ${name} is made. Add documents with \`apex corpus add ${name} FILE…\`.\n` : `The corpus ${name} stands already.\n`,
  );
  return exitCode.ok;
};

const remove: Verb = async (context, words, input) => {
  const { name, rest } = named(words);
  const whole = input.flag("whole");
  if (whole === rest.length > 0) throw usageError("Name the documents to delete, or give --whole for the corpus and all it holds.");
  const change = await context.app.corpus.deletion(askerOf(context), name, whole ? "whole" : rest);
  await propose(context, change, "What is deleted has to be approved by an admin.");
  return exitCode.ok;
};

const list: Verb = async ({ app, org, output }) => {
  const corpora = await app.corpus.reader.corpora(org.id);
  const lines = corpora.map(
    (one) =>
      `${one.corpus}: ${many(one.documents, "document")}, ${many(one.passages, "passage")}, ${many(one.words, "word")}, changed ${one.changedAt.toISOString().slice(0, 10)}`,
  );
  output.out(lines.length === 0 ? "There is no corpus yet. Make one with `apex corpus create NAME`.\n" : `${lines.join("\n")}\n`);
  return exitCode.ok;
};

const sourceText = ({ corpus: home, title, document, headings, place }: CorpusHit): string =>
  oneLine([`${home}/${document}`, `“${title}”`, ...headings.slice(-2), place].filter((part) => part !== "").join(", "));

const search: Verb = async ({ app, org, userName, output }, words, input) => {
  const inside = input.text("in");
  const query = { orgId: org.id, corpus: inside === undefined ? undefined : corpusNamed(inside), text: words.join(" "), limit: 10 };
  const { hits } = await app.corpus.search(query, userName);
  const lines = hits.flatMap((hit, index) => [
    `${index + 1}. ${sourceText(hit)} (score ${hit.score.toFixed(2)})`,
    `   ${clip(oneLine(hit.text), 300)}`,
  ]);
  output.out(plain(lines.length === 0 ? "Nothing was found.\n" : `${lines.join("\n")}\n`));
  return exitCode.ok;
};

const analyse: Verb = async (context, words) => {
  const { name } = named(words);
  const found = await context.app.corpus.analyse(requestOf(context, name));
  const lines = [
    `${name}: ${many(found.documents.length, "document")}, ${many(found.passages, "passage")}, ${many(found.words, "word")}, ${many(found.bytes, "byte")}`,
    ...found.documents.map(
      (one) => `  ${one.document}: “${one.title}”, ${one.format}, ${many(one.passages, "passage")}, ${many(one.words, "word")}`,
    ),
    ...found.duplicates.map((names) => `Say the same: ${names.join(", ")}`),
    ...(found.stale.length === 0 ? [] : [`Unchanged for ${staleDays} days: ${found.stale.map(({ document }) => document).join(", ")}`]),
    `Words in most documents: ${found.topWords.map(({ word, documents }) => `${word} (${documents})`).join(", ")}`,
  ];
  context.output.out(plain(`${lines.map(oneLineKeepingIndent).join("\n")}\n`));
  return exitCode.ok;
};

const oneLineKeepingIndent = (line: string): string => `${line.startsWith("  ") ? "  " : ""}${oneLine(line)}`;

const validate: Verb = async (context, words) => {
  const { name, rest } = named(words);
  if (rest.length > 0) {
    const { documents, refused } = await documentsOf(context, rest);
    context.output.out(`${many(documents.length, "document")} can be read, ${refused.length} cannot. Nothing is stored.\n`);
    return refused.length === 0 ? exitCode.ok : exitCode.failed;
  }
  const { documents, problems } = await context.app.corpus.validate(requestOf(context, name));
  const lines = problems.map(({ document, problem, sentence }) => oneLine(`${document}: ${problem}: ${sentence}`));
  context.output.out(
    plain(`${[...lines, `${many(documents, "document")} looked at, ${many(problems.length, "problem")} found.`].join("\n")}\n`),
  );
  return problems.length === 0 ? exitCode.ok : exitCode.failed;
};

const exportTo: Verb = async (context, words, input) => {
  const { name } = named(words);
  const to = input.text("to");
  const lines = context.app.corpus.exported(requestOf(context, name));
  if (to === undefined) {
    for await (const line of lines) context.output.out(line);
    return exitCode.ok;
  }
  const path = resolve(context.cwd, to);
  const file = await open(path, "wx", 0o600).catch((cause: unknown) => {
    throw new AppError("conflict", `${shownWord(to)} cannot be written: it is there already, or its folder is not.`, { cause });
  });
  try {
    for await (const line of lines) await file.writeFile(line);
  } finally {
    await file.close();
  }
  context.output.out(plain(`${name} is exported to ${to}.\n`));
  return exitCode.ok;
};

const verbs: Readonly<Record<string, Verb>> = {
  list,
  create,
  add,
  update,
  import: importInto,
  delete: remove,
  search,
  analyse,
  validate,
  export: exportTo,
};

export const corpus: Command = {
  usage:
    "corpus list | create NAME | add NAME FILE… | update NAME FILE… | import NAME FILE… | delete NAME DOCUMENT…|--whole | search WORDS… [--in NAME] | analyse NAME | validate NAME [FILE…] | export NAME [--to FILE]",
  summary:
    "Keeps corpora of reference documents (Markdown, HTML, CSV, JSON, PDF) that answers cite; deletes and bulk updates need an approval.",
  options: { in: { type: "string" }, to: { type: "string" }, whole: { type: "boolean" } },
  async run(context, input) {
    const [word = "list", ...words] = input.words;
    const verb = Object.entries(verbs).find(([name]) => name === word)?.[1];
    if (verb === undefined) throw usageError(`${shownWord(word)} is no word of corpus.`);
    return verb(context, words, input);
  },
};
