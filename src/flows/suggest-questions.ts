import type { MemberStore, Platform, ThreadKey } from "../core/conversation.ts";
import type { AnyPlatformAdapter, Prompt } from "../core/delivery.ts";
import { AppError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { Coverage, UsageReader } from "../core/usage-store.ts";

export interface SuggestDeps {
  readonly members: Pick<MemberStore, "installationOf">;
  readonly usage: Pick<UsageReader, "coverage">;
  readonly adapterFor: (platform: Platform) => Pick<AnyPlatformAdapter, "suggest"> | undefined;
  readonly log: Logger;
}

/** The most questions that are offered at a time. */
const most = 4;

const named = (names: readonly string[]): string | undefined => names.find((name) => name !== "")?.slice(0, 60);

/** Questions that work on an org's own names; where no usage is stored, what to do about that. */
export function promptsFor({ requests, workloads, teams }: Coverage): readonly Prompt[] {
  if (requests === 0) {
    return [
      { title: "What should I connect first?", question: "status" },
      { title: "What can I ask?", question: "help" },
    ];
  }
  const [workload, team] = [named(workloads), named(teams)];
  const prompts = [
    { title: "How can we cut cost?", question: "How can we cut cost?" },
    ...(workload === undefined
      ? []
      : [{ title: `What drives the cost of ${workload}?`, question: `What drives the cost of workload “${workload}”?` }]),
    ...(team === undefined ? [] : [{ title: `What did ${team} spend?`, question: `What did team “${team}” spend this month?` }]),
    { title: "Where does the money go?", question: "What did we spend by model this month?" },
    { title: "Why did the bill jump?", question: "Why did the bill jump?" },
  ];
  return prompts.slice(0, most);
}

/** Offers questions in a thread that someone began. Failures that may pass are thrown; without the offer the thread works as well. */
export async function suggestQuestions({ members, usage, adapterFor, log }: SuggestDeps, thread: ThreadKey): Promise<void> {
  const suggest = adapterFor(thread.platform)?.suggest;
  const installation = await members.installationOf(thread.platform, thread.workspace);
  if (suggest === undefined || installation === undefined || installation.removed) return;
  try {
    await suggest(thread, promptsFor(await usage.coverage(installation.orgId)));
  } catch (error) {
    if (!(error instanceof AppError) || error.retry) throw error;
    log.warn("No questions could be offered in a thread.", { platform: thread.platform, error: error.message });
  }
}
