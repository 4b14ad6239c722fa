import type { CorpusFacts, CorpusReader } from "../../src/core/corpus.ts";
import { analyseCorpus, validateCorpus } from "../../src/core/corpus-analysis.ts";
import type { CorpusChange } from "../../src/core/corpus-change.ts";
import { corpusOffer, corpusOfferReport } from "../../src/core/corpus-offer.ts";
import { AppError, assertNever } from "../../src/core/errors.ts";
import type { Report } from "../../src/core/report.ts";
import { callTool, type ToolFinished } from "../define.ts";
import { safeLabel } from "../figures.ts";
import { defineAgent, type StepContext, type StepOutcome } from "../step.ts";
import { tools } from "../tools/index.ts";
import { type CorpusRequest, corpusRequest, namedCorpus, namedDocuments } from "./instructions.ts";
import { CorpusAdmin } from "./output.ts";
import { quoteOf } from "./quotes.ts";
import { analysisReport, listReport, noCorpora, searchReport, sentenceReport, validationReport } from "./reports.ts";
import { subjectWords } from "./subject-words.ts";

type Steps<O> = AsyncGenerator<ToolFinished, O, void>;

/** What an answer about corpora goes by. */
interface Frame {
  readonly context: StepContext;
  readonly reader: CorpusReader;
  readonly corpora: readonly CorpusFacts[];
  /** The corpus that is named, else the only one that there is. */
  readonly corpus: string | null;
}

const shownQuotes = 5;
const citedQuotes = 2;

const namesOf = ({ corpora }: Frame): string => corpora.map(({ corpus }) => corpus).join(", ");

/** Asks which corpus is meant. */
const which = (frame: Frame, what: string): Report =>
  sentenceReport(
    "Which corpus?",
    `Say which corpus to ${what}: there are ${namesOf(frame)}. For example: “${what} the corpus ${frame.corpora[0]?.corpus ?? "policies"}”.`,
  );

async function* search(frame: Frame, text: string): Steps<Report> {
  const { context, corpus } = frame;
  const { found, byMeaning } = yield* callTool(context, tools.corpus_search, { text, corpus, limit: shownQuotes, purpose: "show" });
  return searchReport(text, corpus, found.map(quoteOf), byMeaning);
}

/** A deletion is asked for as a proposal; without an approval nothing is deleted. */
async function deletion({ context, reader, corpora, corpus }: Frame, whole: boolean): Promise<Report> {
  const scope = corpus === null ? corpora.map((one) => one.corpus) : [corpus];
  const all = (await Promise.all(scope.map((name) => reader.documents(context.orgId, name)))).flat();
  const named = whole ? all : namedDocuments(context.run.question, all);
  const homes = [...new Set(named.map((one) => one.corpus))];
  const home = whole ? corpus : (homes[0] ?? null);
  if (home === null || (named.length === 0 && !whole) || homes.length > 1) {
    const names = all.slice(0, 10).map(({ document }) => safeLabel(document));
    const known = names.length === 0 ? "It holds no document." : `There are, for example: ${names.join(", ")}.`;
    return sentenceReport("Which document?", `Nothing is deleted. Name the document as it is called, and its corpus. ${known}`);
  }
  const documents = named.map(({ document, version }) => ({ document, version }));
  const change: CorpusChange = { type: "corpus_change", corpus: home, what: { verb: "delete", documents, whole } };
  return corpusOfferReport(
    corpusOffer(change, { recommendationId: context.newId("recommendation"), approvalId: context.newId("approval") }),
  );
}

function creation(name: string, { corpora }: Pick<Frame, "corpora">): Report {
  if (corpora.some(({ corpus }) => corpus === name)) return sentenceReport(`The corpus ${name}`, `The corpus ${name} stands already.`);
  const change: CorpusChange = { type: "corpus_change", corpus: name, what: { verb: "create" } };
  return { ...sentenceReport("A new corpus", `You asked for a corpus ${name}. It is made where you are an admin.`), operations: [change] };
}

async function* answer(frame: Frame, request: CorpusRequest): Steps<Report> {
  const { context, reader, corpora, corpus } = frame;
  const { orgId, asOf } = context;
  switch (request.type) {
    case "list":
      return listReport(corpora, corpus, corpus === null ? [] : await reader.documents(orgId, corpus), asOf);
    case "search":
      return yield* search(frame, request.text);
    case "analyse":
      return corpus === null ? which(frame, "analyse") : analysisReport(await analyseCorpus(reader, orgId, corpus, asOf), asOf);
    case "validate": {
      if (corpus === null) return which(frame, "validate");
      const { documents, problems } = await validateCorpus(reader, orgId, corpus);
      return validationReport(corpus, documents, problems, asOf);
    }
    case "export":
      return sentenceReport(
        "Exporting a corpus",
        `An admin exports it with \`apex corpus export ${corpus ?? corpora[0]?.corpus ?? "NAME"} --to FILE\`: a JSON line for each document, which \`apex corpus import\` reads again.`,
      );
    case "add":
      return sentenceReport(
        "Adding documents",
        `Share the files in this conversation, and write with them “add this to the corpus ${corpus ?? "policies"}”. Markdown, HTML, CSV, JSON, PDF and plain text are read.`,
      );
    case "create":
      return creation(request.name, frame);
    case "delete":
      return deletion(frame, request.whole);
    default:
      return assertNever(request);
  }
}

/** Answers a question about corpora. */
async function* administer(context: StepContext, reader: CorpusReader): Steps<StepOutcome<CorpusAdmin>> {
  const { question } = context.run;
  const corpora = await reader.corpora(context.orgId);
  const named = namedCorpus(
    question,
    corpora.map((one) => one.corpus),
  );
  const request = corpusRequest(question, named);
  const only = corpora.length === 1 && request.type !== "list" && request.type !== "search" ? (corpora[0]?.corpus ?? null) : null;
  const frame: Frame = { context, reader, corpora, corpus: named ?? only };
  const report = corpora.length === 0 && request.type !== "create" ? noCorpora() : yield* answer(frame, request);
  return { summary: report.title, result: { operation: request.type, corpus: frame.corpus, report, quotes: [] } };
}

/** Looks for what documents say about a question on something else. */
async function* cite(context: StepContext): Steps<StepOutcome<CorpusAdmin>> {
  const text = subjectWords(context.run.question).join(" ");
  const input = { text, corpus: null, limit: 10, purpose: "cite" as const };
  const found = text === "" ? [] : (yield* callTool(context, tools.corpus_search, input)).found;
  const quotes = found.slice(0, citedQuotes).map(quoteOf);
  const summary = quotes.length === 0 ? "None of your documents is about this." : "Your documents say something about this.";
  return { summary, result: { operation: "cite", corpus: null, report: null, quotes } };
}

async function* run(context: StepContext): Steps<StepOutcome<CorpusAdmin>> {
  const { corpus: reader, triage } = context;
  if (reader === undefined) throw new AppError("not_configured", "No corpora are kept here.");
  return yield* triage.category === "corpus" ? administer(context, reader) : cite(context);
}

/** Looks after the corpora of reference documents: it reads them, and asks for changes as operations. */
export const corpusAdmin = defineAgent({
  name: "corpus_admin",
  output: CorpusAdmin,
  put: (results, { report, quotes }) => ({ ...results, ...(report === null ? {} : { handled: report }), quotes }),
  run,
});
