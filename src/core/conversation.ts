import { z } from "zod";
import { type Id, idSchema } from "./ids.ts";

/** Where people talk to Apex. */
export const Platform = z.enum(["slack", "teams", "discord", "console"]);
export type Platform = z.infer<typeof Platform>;

/** The place of a conversation in its platform's own ids: a Slack team, channel and thread; a terminal session. */
export const ThreadKey = z.strictObject({
  platform: Platform,
  workspace: z.string().min(1).max(128),
  channel: z.string().min(1).max(256),
  /** The message that the thread hangs under; in a direct message, empty: the channel is the thread. */
  thread: z.string().max(128),
});
export type ThreadKey = z.infer<typeof ThreadKey>;

/** Who wrote or pressed, in the platform's own ids. The platform's signature vouches for it, nothing else does. */
export const Author = z.strictObject({
  platform: Platform,
  workspace: z.string().min(1).max(128),
  userId: z.string().min(1).max(128),
  name: z.string().max(256),
});
export type Author = z.infer<typeof Author>;

/** A message of ours on a platform, so that it can be edited later. */
export const MessageRef = z.strictObject({ channel: z.string().min(1), messageId: z.string().min(1) });
export type MessageRef = z.infer<typeof MessageRef>;

/** The longest question that is read, in characters. */
export const maxQuestionLength = 4_000;

/** What a button may ask for; the button itself carries only the approval's id. */
export const ClickAction = z.enum(["approve", "reject", "details", "apply", "rollback"]);
export type ClickAction = z.infer<typeof ClickAction>;

/** A form that sets something. */
export const SettingForm = z.enum(["digest", "budget"]);
export type SettingForm = z.infer<typeof SettingForm>;

/** A file that was shared in a conversation, as its platform describes it. Its address is good only with our own token. */
export const SharedFile = z.strictObject({
  id: z.string().min(1).max(128),
  name: z.string().min(1).max(256),
  url: z.url().max(4_096),
  /** Bytes. */
  size: z.number().int().nonnegative(),
});
export type SharedFile = z.infer<typeof SharedFile>;

/** Whether a file's name is one that usage comes under. */
export const isUsageFile = (name: string): boolean => /\.(csv|tsv|txt|json|jsonl|ndjson|parquet|gz)$/i.test(name);

/** The longest reason that is kept with a decision, in characters. */
export const maxReasonLength = 500;

/** Where someone met Apex: it was just installed, its home was opened, or a thread with it was. */
export const Surface = z.enum(["install", "home", "thread"]);
export type Surface = z.infer<typeof Surface>;

const inbound = {
  /** The platform's id of this delivery, equal on every retry of it. */
  eventId: z.string().min(1).max(256),
  thread: ThreadKey,
  author: Author,
  receivedAt: z.iso.datetime(),
};

/** Which delivery something came with, where, by whom and when. */
export type InboundOrigin = z.infer<z.ZodObject<typeof inbound>>;

/** What a platform tells us, verified and parsed. */
export const InboundEvent = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("message"),
    ...inbound,
    text: z.string(),
    files: z.array(SharedFile).max(20).optional(),
    /** The run of ours whose answer it replies to: it belongs to that conversation. */
    continues: idSchema("run").optional(),
  }),
  z.strictObject({
    type: z.literal("click"),
    ...inbound,
    action: ClickAction,
    approvalId: idSchema("approval"),
    /** Why, in the presser's own words, where the platform asked. */
    reason: z.string().max(maxReasonLength).optional(),
  }),
  /** A form that sets something was filled in and sent. */
  z.strictObject({
    type: z.literal("submitted"),
    ...inbound,
    form: SettingForm,
    about: z.string().max(128),
    values: z.record(z.string().max(64), z.string().max(300)),
  }),
  /** An alert is to be silent for a while. */
  z.strictObject({ type: z.literal("snooze"), ...inbound, noticeId: idSchema("notice") }),
  /** Whether an answer helped. */
  z.strictObject({ type: z.literal("feedback"), ...inbound, runId: idSchema("run"), helpful: z.boolean() }),
  /** Someone met Apex; `thread` is where a greeting is to be posted. */
  z.strictObject({ type: z.literal("opened"), ...inbound, surface: Surface }),
  /** Someone looks at Apex's home, which is drawn afresh for them. */
  z.strictObject({ type: z.literal("home"), ...inbound }),
  /** Someone shared links to pages of ours. */
  z.strictObject({ type: z.literal("link"), ...inbound }),
  /** Apex was taken out of the workspace. */
  z.strictObject({ type: z.literal("removed"), ...inbound }),
]);
export type InboundEvent = z.infer<typeof InboundEvent>;

/** A button that was pressed, the one that sends a form included: what it asks for is done by a worker, and its presser is told. */
export type Click = InboundEvent & { readonly type: "click" | "submitted" | "snooze" };

/** What a member may do: ask; ask and see everyone's spend; decide. */
export const Role = z.enum(["member", "manager", "admin"]);
export type Role = z.infer<typeof Role>;

/** A person as our own tables know them. */
export interface Member {
  readonly orgId: Id<"org">;
  readonly userId: Id<"user">;
  readonly role: Role;
  readonly name: string;
  /** The role on their platform that makes them an admin at this moment, where our own table does not. */
  readonly through?: string;
}

/** The tie of a platform workspace to an org. `removed`: Apex was taken out of it, so nothing is sent there. */
export interface Installation {
  readonly orgId: Id<"org">;
  readonly removed: boolean;
}

/** Roles come from this table alone; who is not in it is nobody. */
export interface MemberStore {
  /** The org that a platform workspace belongs to, where it is installed and was not removed since. */
  orgOf(platform: Platform, workspace: string): Promise<Id<"org"> | undefined>;
  /** The tie of a workspace to an org, also where it is gone. */
  installationOf(platform: Platform, workspace: string): Promise<Installation | undefined>;
  /** Ties a workspace to an org, or revives a tie that is gone; the same tie twice is one, another org is refused. */
  install(orgId: Id<"org">, platform: Platform, workspace: string): Promise<void>;
  memberOf(author: Author): Promise<Member | undefined>;
  /** A member of an org by their own id. */
  member(orgId: Id<"org">, userId: Id<"user">): Promise<Member | undefined>;
  /** The admins of an org as their platforms know them, in workspaces that Apex is in, in the order in which they joined. */
  admins(orgId: Id<"org">): Promise<readonly Author[]>;
  /** Whether any person of a workspace is an admin of the org. */
  hasAdmin(orgId: Id<"org">, platform: Platform, workspace: string): Promise<boolean>;
  /** Who a member is on each platform. */
  identitiesOf(userId: Id<"user">): Promise<readonly Author[]>;
  /** The member that a person is, made with the role "member" where there is none. */
  enrol(orgId: Id<"org">, author: Author): Promise<Member>;
  /** Sets the role of a person, making the member where there is none. */
  grant(orgId: Id<"org">, author: Author, role: Role): Promise<Member>;
}

/** What came in, kept until it is dealt with. */
export interface InboundStore {
  /**
   * Stores a message with its thread and a queued run, in one transaction.
   * The same event id again stores nothing and gives the run of the first time.
   */
  receiveMessage(
    orgId: Id<"org">,
    event: InboundEvent & { type: "message" },
  ): Promise<{ readonly runId: Id<"run">; readonly duplicate: boolean }>;
  /** Who asked the question that a run answers. */
  askerOf(runId: Id<"run">): Promise<Author>;
  /** The files that came with a run's message, and who shared them; undefined where none did. */
  sharedFiles(runId: Id<"run">): Promise<{ readonly author: Author; readonly files: readonly SharedFile[] } | undefined>;
  /**
   * Stores that someone met Apex, and the run that greets them: one per person and surface, also over several events.
   * No run where they were greeted there before.
   */
  receiveOpened(
    orgId: Id<"org">,
    event: InboundEvent & { type: "opened" },
    greeting: string,
  ): Promise<{ readonly runId: Id<"run"> | undefined; readonly duplicate: boolean }>;
  /** Stores whether an answer helped, with its entry in the audit trail: a person's last word on a run counts. "not_found" for another org's run. */
  receiveFeedback(orgId: Id<"org">, event: InboundEvent & { type: "feedback" }): Promise<{ readonly duplicate: boolean }>;
  /** Marks the workspace's tie as gone, with its entry in the audit trail; an event from before the tie was made changes nothing. */
  receiveRemoved(orgId: Id<"org">, event: InboundEvent & { type: "removed" }): Promise<{ readonly duplicate: boolean }>;
  /** How many people an answer of this org helped, and how many it did not. */
  feedbackOn(orgId: Id<"org">, runId: Id<"run">): Promise<{ readonly helpful: number; readonly unhelpful: number }>;
  /** Stores a click once; the same event id again gives the first one's id. */
  receiveClick(orgId: Id<"org">, event: Click): Promise<{ readonly inboundId: Id<"inbound">; readonly duplicate: boolean }>;
  click(inboundId: Id<"inbound">): Promise<{ readonly orgId: Id<"org">; readonly event: Click }>;
  markDone(inboundId: Id<"inbound">, at: Date): Promise<void>;
  /** Clicks older than `before` that nobody has dealt with. */
  undoneClicks(before: Date): Promise<readonly Id<"inbound">[]>;
}
