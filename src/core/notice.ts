import { z } from "zod";
import type { ThreadKey } from "./conversation.ts";
import type { DecisionView } from "./decision-view.ts";
import { type Id, idSchema } from "./ids.ts";
import { Recommendation } from "./report.ts";
import type { ShowingStore } from "./showing.ts";

/** What Apex says unasked. */
export const NoticeKind = z.enum(["digest", "budget", "anomaly", "bill", "guardrail", "supply"]);
export type NoticeKind = z.infer<typeof NoticeKind>;

/** A proposal that waited when the digest was made. */
const WaitingProposal = z.strictObject({
  approvalId: idSchema("approval"),
  runId: idSchema("run"),
  recommendation: Recommendation,
});

/** What a digest says. Text is plain; each platform draws it in its own way. */
export const DigestContent = z.strictObject({
  kind: z.literal("digest"),
  title: z.string(),
  /** What was spent, and how that compares with the week before, in a sentence. */
  summary: z.string(),
  /** A sentence for each workload that moved: by how much, and why. */
  movers: z.array(z.string()),
  /** Measured savings, a sentence each; never mixed with estimates. */
  measured: z.array(z.string()),
  waiting: z.array(WaitingProposal),
  /** What was decided, applied and rolled back in the week: by whom and why. */
  changes: z.array(z.string()),
  /** What touches the figures: usage without a price, bills that do not agree. */
  notes: z.array(z.string()),
});
export type DigestContent = z.infer<typeof DigestContent>;

/** What an alert says. */
export const AlertContent = z.strictObject({
  kind: NoticeKind.exclude(["digest"]),
  title: z.string(),
  summary: z.string(),
  /** What lies behind it, the largest first. */
  causes: z.array(z.string()),
  notes: z.array(z.string()),
});
export type AlertContent = z.infer<typeof AlertContent>;

/** The content of a notice, as data. */
export const NoticeContent = z.discriminatedUnion("kind", [DigestContent, AlertContent]);
export type NoticeContent = z.infer<typeof NoticeContent>;

/** A notice that is to be sent: once per org, kind, subject and window. */
export interface NewNotice {
  readonly orgId: Id<"org">;
  /** Whom or what it is about: a manager's schedule, a budget's threshold, a workload, a provider. */
  readonly subject: string;
  /** The span of time that it is about: a week's or a day's first day, a month. */
  readonly window: string;
  /** What a snooze silences; wider than the subject where a budget has several thresholds. */
  readonly cause: string;
  readonly thread: ThreadKey;
  readonly content: NoticeContent;
}

/** That a cause is silent, by whose word and until when. */
export interface Snooze {
  readonly by: string;
  readonly until: Date;
}

/** A notice as it is kept. */
export interface Notice extends NewNotice {
  readonly id: Id<"notice">;
  /** Grows with what happens to it: a proposal is decided, its cause is snoozed. */
  readonly seq: number;
  readonly createdAt: Date;
  readonly snoozed: Snooze | undefined;
}

/** What a reader sees of a notice: its content, and what became of the proposals in it. */
export interface NoticeView {
  readonly id: Id<"notice">;
  readonly seq: number;
  readonly content: NoticeContent;
  readonly decisions: readonly DecisionView[];
  readonly snoozed: Snooze | undefined;
}

/** The outbox of what Apex says unasked. */
export interface NoticeStore extends ShowingStore<"notice"> {
  /** Keeps a notice; undefined, keeping nothing, where its window has one already or its cause is snoozed. */
  raise(notice: NewNotice): Promise<Id<"notice"> | undefined>;
  /** Whether a window has its notice already. */
  raised(key: {
    readonly orgId: Id<"org">;
    readonly kind: NoticeKind;
    readonly subject: string;
    readonly window: string;
  }): Promise<boolean>;
  /** The notice, or an AppError "not_found". */
  get(id: Id<"notice">): Promise<Notice>;
  /** Gives a notice up for good: it is not looked after any more. Only the holder of the lease may. */
  giveUp(id: Id<"notice">, token: string, why: string): Promise<void>;
  /**
   * Silences the cause of a notice of this org until a moment, with an entry in the audit trail; where it is silent already
   * nothing changes and that snooze is given, with `fresh` false. An AppError "not_found" for a notice of another org or a digest.
   */
  snooze(
    orgId: Id<"org">,
    id: Id<"notice">,
    by: { readonly userId: Id<"user">; readonly name: string },
    until: Date,
  ): Promise<Snooze & { readonly fresh: boolean }>;
  /** Whether a cause is silent at a moment. */
  snoozed(orgId: Id<"org">, kind: NoticeKind, cause: string, at: Date): Promise<boolean>;
}
