import { type Id, isId } from "./ids.ts";
import type { RolloutMode } from "./rollout.ts";
import { type SettingWords, settingIn } from "./setting-words.ts";

/** What a command can show, besides what is asked of the analyst. */
export type CommandTopic = "hello" | "help" | "status" | "sources" | "export" | "digest" | "budget";

/** What someone typed instead of a question. */
export type Command =
  | { readonly type: "show"; readonly topic: CommandTopic }
  /** A press of a button, in words. */
  | {
      readonly type: "press";
      readonly verb: "approve" | "reject" | "details" | "apply" | "rollback";
      readonly approvalId: Id<"approval">;
      readonly reason: string | undefined;
    }
  /** A form's values, in words. */
  | ({ readonly type: "set" } & SettingWords)
  /** How approved changes go live: to be shown, or set where a mode is said. */
  | { readonly type: "rollout"; readonly mode: RolloutMode | undefined }
  /** How the last answer of the thread came about: its queries and what they gave. */
  | { readonly type: "how" }
  /** Something is to be done about a proposal that is not named: its buttons are shown, nothing is pressed. */
  | { readonly type: "which"; readonly verb: "approve" | "reject" | "rollback" };

/** A text as commands are told by: folded, lower case, without the name of Apex before it and marks after it. */
const bare = (text: string): string =>
  text
    .normalize("NFKC")
    .replace(/\s+/g, " ")
    .trim()
    .replace(/^\/?apex[,:]?(?: |$)/i, "")
    .replace(/^please /i, "")
    .replace(/[\s.!?]+$/, "");

const topics: readonly (readonly [CommandTopic, RegExp])[] = [
  ["hello", /^(?:hi|hello|hey|good morning|good afternoon|start|get started)(?: there| apex)?$/],
  ["help", /^(?:help(?: me)?|commands|what can (?:you do|i ask|we ask)(?: you)?|how does this work|who are you)$/],
  [
    "status",
    /^(?:(?:show(?: me)? )?(?:the |your )?status|(?:is|are) (?:the|our|my) (?:data|numbers) (?:fresh|current|up to date)|how (?:fresh|old) (?:is|are) (?:the|our) (?:data|numbers))$/,
  ],
  [
    "sources",
    /^(?:(?:show|list)?(?: me)? ?(?:the |our |my )?(?:data |connected )?sources|(?:which|what) (?:data )?sources are connected|what(?: is|'s) connected|where does (?:the|our) data come from)$/,
  ],
  [
    "export",
    /^(?:export(?: (?:the|our|my|all))?(?: (?:spend|spending|data|usage|costs?))?(?: (?:as|to|in))?(?: (?:csv|json))?|how (?:do|can) (?:i|we) export\b.*)$/,
  ],
  ["digest", /^(?:(?:show|give)?(?: me)? ?(?:the |our |my )?(?:weekly |last )?digest)$/],
  ["budget", /^(?:(?:show|give)?(?: me)? ?(?:the |our |my )?budgets?)$/],
];

const verbs = {
  approve: "approve",
  reject: "reject",
  details: "details",
  apply: "apply",
  rollback: "rollback",
  "roll back": "rollback",
  undo: "rollback",
} as const;

const named =
  /^(approve|reject|details|apply|rollback|roll back|undo)(?: of| for)? (apr_[A-Za-z0-9-]{1,64})(?:(?:[,:;]| because| since| -)+ ?(.+))?$/i;
const anyOf = {
  approve:
    /^(?:(?:yes|ok|okay)[, ]*)?(?:do it|do that|do this|go ahead|go for it|make it so|proceed|let'?s do it|approve|approve (?:it|this|that)|apply|apply (?:it|this|that))(?: now)?$|^yes(?: please)?$/,
  reject: /^reject(?: it| this| that)?$/,
  rollback: /^(?:rollback|roll back|undo|roll it back|undo (?:it|that|this))$/,
} as const;

const verbOf = (word: string): keyof typeof verbs | undefined => {
  for (const verb of ["approve", "reject", "details", "apply", "rollback", "roll back", "undo"] as const) if (verb === word) return verb;
  return undefined;
};

const how =
  /^(?:(?:can you )?(?:show|tell)(?: me)? )?how (?:did|do) you (?:get|arrive at|compute|calculate|work out|know)(?: to)? (?:this|that|it|these|those|(?:the|these|those) (?:numbers|figures))$|^(?:(?:can you )?(?:show|tell)(?: me)? )?how you (?:got|arrived at|computed|calculated|worked out)(?: to)? (?:this|that|it|these|those|(?:the|these|those) (?:numbers|figures))$|^(?:show|give)(?: me)? (?:the |your )?(?:sql|query|queries|evidence|working|workings)$|^where do (?:these|those|the) (?:numbers|figures) come from$/;

const modes: Readonly<Partial<Record<string, RolloutMode>>> = {
  staged: "staged",
  stages: "staged",
  "at once": "at once",
  "at-once": "at once",
};

/** The command that a text is; undefined where it is a question, or anything else. */
export function commandOf(text: string): Command | undefined {
  const said = bare(text);
  const press = named.exec(said);
  const verb = verbOf((press?.[1] ?? "").toLowerCase());
  const approvalId = press?.[2] ?? "";
  if (verb !== undefined && isId("approval", approvalId)) return { type: "press", verb: verbs[verb], approvalId, reason: press?.[3] };
  const lower = said.toLowerCase();
  const topic = topics.find(([, pattern]) => pattern.test(lower))?.[0];
  if (topic !== undefined) return { type: "show", topic };
  if (how.test(lower)) return { type: "how" };
  const rollout = /^rollouts?(?: (?:to |in )?(staged|stages|at[ -]once))?$/.exec(lower);
  if (rollout !== null) return { type: "rollout", mode: modes[rollout[1] ?? ""] };
  const setting = settingIn(said);
  if (setting !== undefined) return { type: "set", ...setting };
  for (const any of ["approve", "reject", "rollback"] as const) if (anyOf[any].test(lower)) return { type: "which", verb: any };
  return undefined;
}

/** Single words that stand for a question. */
const shorthands: Readonly<Partial<Record<string, string>>> = {
  spend: "What did we spend by workload in the last 30 days?",
  costs: "What did we spend by workload in the last 30 days?",
  savings: "What did you save us?",
  models: "What did we spend by model in the last 30 days?",
  cache: "Audit our caching.",
  forecast: "What will the month end at?",
};

/** The question that a text asks: a shorthand in full, a command none. */
export function questionIn(text: string): string | undefined {
  if (commandOf(text) !== undefined) return undefined;
  return shorthands[bare(text).toLowerCase()] ?? text;
}
