import { type InboundStore, isUsageFile, type Member, type MemberStore, type Platform, type SharedFile } from "../core/conversation.ts";
import type { AnyPlatformAdapter } from "../core/delivery.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { Report, ReportBlock } from "../core/report.ts";
import type { Analyst, Run } from "../core/run.ts";
import { corpusFor } from "../core/shared-files.ts";
import { maxFileBytes, type ReceivedFile, type SentFile } from "./receive-file.ts";
import { type RunAnalysisDeps, runAnalysis } from "./run-analysis.ts";

export interface SharedFilesDeps extends Omit<RunAnalysisDeps, "analyst"> {
  readonly inbound: Pick<InboundStore, "sharedFiles">;
  readonly members: Pick<MemberStore, "memberOf">;
  readonly adapterFor: (platform: Platform) => Pick<AnyPlatformAdapter, "openFile"> | undefined;
  /** Puts files into a corpus. */
  readonly documents: (files: readonly SharedFile[], corpus: string) => Analyst;
  readonly receive: (file: SentFile, signal: AbortSignal) => Promise<ReceivedFile>;
}

type Shared = NonNullable<Awaited<ReturnType<InboundStore["sharedFiles"]>>>;

/** How long after it was shared a file is tried again where something that may pass stands in the way, in milliseconds. */
const patienceMs = 10 * 60_000;

const shownRefusals = 10;

/** What one file came to, for people. */
interface FileOutcome {
  readonly imported: boolean;
  readonly blocks: readonly ReportBlock[];
  readonly sentence: string;
}

const failed = (sentence: string): FileOutcome => ({ imported: false, blocks: [], sentence });

function described(file: SharedFile, { summary, assumption }: ReceivedFile): FileOutcome {
  const { accepted, refused, unpriced, alreadyDone, firstRefusals } = summary;
  if (alreadyDone) return { imported: true, blocks: [], sentence: `${file.name} was imported before (${accepted} rows); nothing changed.` };
  const shown = firstRefusals.slice(0, shownRefusals).map(({ line, reason }) => `line ${line}: ${reason}`);
  const more = refused - shown.length;
  const items = [...shown, ...(more > 0 ? [`and ${more} more`] : [])];
  return {
    imported: accepted > 0,
    sentence: `${file.name}: ${accepted} rows imported, ${refused} refused, ${unpriced} without a price.`,
    blocks: [
      ...(items.length === 0
        ? []
        : [
            { type: "text" as const, text: `Refused in ${file.name}:` },
            { type: "list" as const, items },
          ]),
      ...(assumption === "" ? [] : [{ type: "note" as const, text: `Assumed for ${file.name}: ${assumption}` }]),
    ],
  };
}

async function importOne(deps: SharedFilesDeps, run: Run, file: SharedFile, signal: AbortSignal): Promise<FileOutcome> {
  const { name, size } = file;
  if (!isUsageFile(name)) return failed(`${name} is no file of usage: share CSV, JSON Lines or FOCUS, also gzipped.`);
  if (size > maxFileBytes) return failed(`${name} has ${size} bytes, and I take at most ${maxFileBytes}. Split it, or gzip it.`);
  try {
    const open = deps.adapterFor(run.thread.platform)?.openFile;
    if (open === undefined) throw new AppError("not_configured", `Files cannot be taken from ${run.thread.platform} here.`);
    return described(file, await deps.receive({ orgId: run.orgId, name, content: await open(file, signal, run.thread) }, signal));
  } catch (error) {
    if (!(error instanceof AppError) || error.code === "internal" || signal.aborted) throw error;
    if (error.retry && deps.now().getTime() - run.createdAt.getTime() < patienceMs) throw error;
    return failed(error.message);
  }
}

const reportOf = (title: string, summary: string, blocks: readonly ReportBlock[] = []): Report => ({
  title,
  summary,
  blocks: [...blocks],
  figures: [],
  recommendations: [],
  missing: [],
});

function refusalFor(member: Member | undefined): Report {
  const who = member === undefined ? "Apex does not know you as a member of this organisation" : `your role is ${member.role}`;
  return reportOf(
    "Nothing was imported",
    `Only an admin or a manager may import usage, and ${who}. Ask an admin of your organisation to do it.`,
  );
}

/** Imports the files and tells what came of each, as the events of a run. */
function importer(deps: SharedFilesDeps, { author, files }: Shared): Analyst {
  return {
    async *analyse(run, log, signal) {
      const at = (): string => deps.now().toISOString();
      if (log.length === 0) yield { type: "run.started", at: at() };
      // Who may is looked up now, on the server; the message only says who wrote it.
      const known = await deps.members.memberOf(author);
      const member = known?.orgId === run.orgId ? known : undefined;
      if (member === undefined || member.role === "member") {
        yield { type: "report.ready", at: at(), report: refusalFor(member) };
        return;
      }
      const outcomes: FileOutcome[] = [];
      for (const file of files) outcomes.push(await importOne(deps, run, file, signal));
      const title = outcomes.some(({ imported }) => imported) ? "Usage was imported" : "Nothing was imported";
      const summary = outcomes.map(({ sentence }) => sentence).join("\n");
      const report = reportOf(
        title,
        summary,
        outcomes.flatMap(({ blocks }) => blocks),
      );
      yield { type: "report.ready", at: at(), report };
    },
  };
}

/**
 * Deals with a run whose message brought files: imports them and answers with what came of it, in the one message that
 * every run has. False where the message brought none. Done twice it imports nothing twice.
 */
export async function importSharedFiles(deps: SharedFilesDeps, runId: Id<"run">, signal: AbortSignal): Promise<boolean> {
  const shared = await deps.inbound.sharedFiles(runId);
  if (shared === undefined) return false;
  const corpus = corpusFor((await deps.runs.get(runId)).question);
  const analyst = corpus === undefined ? importer(deps, shared) : deps.documents(shared.files, corpus);
  await runAnalysis({ ...deps, analyst }, runId, signal);
  return true;
}
