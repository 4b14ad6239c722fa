import { ageText, dayOf, modelChangeText, moveText } from "../catalog/supply/supply-words.ts";
import { type Survey, type SurveyDeps, surveySupply } from "../catalog/supply/survey.ts";
import { weightText } from "../catalog/supply/weighed-words.ts";
import type { Id } from "../core/ids.ts";
import type { JobQueue } from "../core/job.ts";
import type { AlertContent, NoticeStore } from "../core/notice.ts";
import type { SaidSpan } from "../core/supply.ts";
import { type AlertPlaceDeps, alertPlace } from "./alert-place.ts";

export interface SupplyNoticeDeps extends AlertPlaceDeps {
  readonly supply: SurveyDeps["supply"];
  /** An org's list prices without its contracts. */
  readonly listOf: (orgId: Id<"org">) => Promise<SurveyDeps["book"]>;
  readonly notices: Pick<NoticeStore, "raise" | "raised" | "snoozed">;
  readonly jobs: Pick<JobQueue, "enqueue">;
  readonly now: () => Date;
}

/** A notice of the supply researcher: what it is about is what a snooze silences. */
interface Told {
  readonly subject: "price moves" | "old data" | "models" | "market report";
  readonly window: string;
  readonly span: SaidSpan;
  /** Undefined where there is nothing to tell. */
  readonly content: (survey: Survey) => Omit<AlertContent, "kind"> | undefined;
}

const dayMs = 24 * 3_600_000;
const mostLines = 10;

const first = (lines: readonly string[]): string[] =>
  lines.length <= mostLines
    ? [...lines]
    : [...lines.slice(0, mostLines), `And ${lines.length - mostLines} more: \`apex supply report\` shows all.`];

const times = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;
const askNote = "A price enters the book only when an admin approves it.";

/** Moves above a threshold since the start of a UTC day. */
const movesToday = (now: Date): Told => {
  const start = new Date(Math.floor(now.getTime() / dayMs) * dayMs - 1);
  return {
    subject: "price moves",
    window: dayOf(now),
    span: { after: start, until: now },
    content: ({ flagged }) =>
      flagged.length === 0
        ? undefined
        : {
            title: `Prices moved on ${dayOf(now)}`,
            summary: `${times(flagged.length, "price", "prices")} moved by more than 10 % in a day or 20 % in 30 days, by what their sources say.`,
            causes: first(flagged.map(moveText)),
            notes: [askNote],
          },
  };
};

/** Data older than 30 days, once a month. */
const oldData = (now: Date): Told => ({
  subject: "old data",
  window: dayOf(now).slice(0, 7),
  span: { after: now, until: now },
  content: ({ ages }) => {
    const old = ages.filter(({ stale, dataOf }) => stale && dataOf !== null);
    if (old.length === 0) return undefined;
    return {
      title: "Price data is older than 30 days",
      summary: `${times(old.length, "source says", "sources say")} what is older than 30 days. Nothing is proposed by them.`,
      causes: first(old.map(ageText)),
      notes: ["Name an address of a newer list in APEX_PRICE_LISTS, or read one with `apex supply research --file FILE --format LIST`."],
    };
  },
});

/** New models and other capabilities in the last whole week, Monday to Monday in UTC. */
const modelsOfWeek = (now: Date): Told => {
  const day = Math.floor(now.getTime() / dayMs);
  const monday = day - ((day + 3) % 7);
  const [from, to] = [new Date((monday - 7) * dayMs), new Date(monday * dayMs)];
  return {
    subject: "models",
    window: dayOf(from),
    span: { after: new Date(from.getTime() - 1), until: new Date(to.getTime() - 1) },
    content: ({ changes }) =>
      changes.length === 0
        ? undefined
        : {
            title: `Models: what changed in the week of ${dayOf(from)}`,
            summary: `${times(changes.length, "change", "changes")}: new models, such as are no longer listed, and capabilities.`,
            causes: first(changes.map(modelChangeText)),
            notes: [],
          },
  };
};

/** The market in the last whole month, in UTC. */
const marketOfMonth = (now: Date): Told => {
  const to = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));
  const from = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1));
  const month = dayOf(from).slice(0, 7);
  return {
    subject: "market report",
    window: month,
    span: { after: new Date(from.getTime() - 1), until: new Date(to.getTime() - 1) },
    content: ({ sources, moves, flagged, changes, weighed, ages }) =>
      sources.every(({ firstReadAt }) => firstReadAt >= to)
        ? undefined
        : {
            title: `Market report for ${month}`,
            summary: `${times(moves.length, "price", "prices")} moved, ${flagged.length} of them by more than 10 % in a day or 20 % in 30 days; ${times(changes.filter(({ kind }) => kind === "new").length, "new model", "new models")}. ${weightText(weighed)}`,
            causes: first([...flagged.map(moveText), ...changes.map(modelChangeText)]),
            notes: ages.map(ageText),
          },
  };
};

async function tell(deps: SupplyNoticeDeps, orgId: Id<"org">, { subject, window, span, content }: Told): Promise<void> {
  if (await deps.notices.raised({ orgId, kind: "supply", subject, window })) return;
  const thread = await alertPlace(deps, orgId);
  if (thread === undefined || (await deps.notices.snoozed(orgId, "supply", subject, deps.now()))) return;
  const words = content(await surveySupply({ supply: deps.supply, book: await deps.listOf(orgId) }, orgId, span));
  if (words === undefined) return;
  const noticeId = await deps.notices.raise({ orgId, subject, window, cause: subject, thread, content: { kind: "supply", ...words } });
  if (noticeId !== undefined) await deps.jobs.enqueue({ name: "send-notice", noticeId });
}

/**
 * Keeps a notice for what the supply researcher has to tell, and queues its sending: prices that moved, a day; data that is too old, a
 * month; models, a week; the market, a month. One per cause and window, and none before a
 * source has been known for a day: there is nothing to compare before, and nobody is greeted with an alarm.
 */
export async function raiseSupplyNotices(deps: SupplyNoticeDeps, orgId: Id<"org">): Promise<void> {
  const now = deps.now();
  const known = (await deps.supply.sources(orgId)).some(({ firstReadAt }) => now.getTime() - firstReadAt.getTime() >= dayMs);
  if (!known) return;
  for (const told of [movesToday(now), oldData(now), modelsOfWeek(now), marketOfMonth(now)]) await tell(deps, orgId, told);
}
