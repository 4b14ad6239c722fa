import { randomUUID } from "node:crypto";
import { exitCode } from "../src/cli/command.ts";
import { followRun } from "../src/cli/follow-run.ts";
import { AppError } from "../src/core/errors.ts";
import type { DemoContext } from "./run-demo.ts";
import { demoWorkspace, loadWorkspace } from "./workspace.ts";

/** The questions that Apex must answer, in words of the demo's own workspace: the ten, then the daily ones. */
export const demoQuestions: readonly string[] = [
  "Reduce cost and keep quality: code-assistant can take 500 ms, support-chat must stay at 200 ms.",
  "Tools are too slow: three times lower latency without more money.",
  "Usage grows 50 % next month: what happens to cost and rate limits?",
  "Optimise code-assistant.",
  "Would gpt-5-mini or claude-haiku-4-5 suit our set-up?",
  "Audit our caching (prompt cache, duplicates, hit rates, waste).",
  "Cut cost 20 %, halve latency, and expect 30 % more usage, all at once.",
  "Which agents' tools should move to a new model, which version, at what verbosity or reasoning effort?",
  "Was yesterday's upgrade worth it? Roll back where quality did not improve.",
  "claude-sonnet-5 is too dear for support-chat: move to claude-haiku-4-5? Check the quality first.",
  "Why did the bill jump?",
  "What did we spend by workload in the last 7 days?",
  "What will the month end at?",
  "Who spends most?",
  "What is unpriced?",
  "What did you save us?",
];

const usage = `Write --question with a number from 1 to ${demoQuestions.length}, or "all".`;

/** The questions that a word of the command line names; an AppError "bad_input" where it names none. */
export function questionsNamed(word: string): readonly string[] {
  if (word === "all") return demoQuestions;
  const question = /^\d{1,3}$/.test(word) ? demoQuestions[Number(word) - 1] : undefined;
  if (question === undefined) throw new AppError("bad_input", `There is no question ${word}. ${usage}`);
  return [question];
}

/** Asks questions of the demo's workspace, each in a thread of its own, and prints the answers; gives the exit code. */
export async function askDemo({ app, userName, asOf, output, signal }: DemoContext, questions: readonly string[]): Promise<number> {
  const org = await app.openOrg(`demo-${asOf.toISOString().replaceAll(/[:.]/g, "-")}-${randomUUID().slice(0, 4)}`);
  output.out(`Apex demo, workspace ${org.name}, clock at ${asOf.toISOString()}\n`);
  for (const line of demoWorkspace.assumptions) output.out(`  Assumed: ${line}\n`);
  await loadWorkspace(app.ingest, { orgId: org.id, asOf, rejectDir: app.rejectDir }, signal);
  await app.startWorker();
  for (const question of questions) {
    output.out(`\n━━ ${question}\n\n`);
    const thread = { platform: "console" as const, workspace: org.name, channel: "demo", thread: randomUUID() };
    const author = { platform: "console" as const, workspace: org.name, userId: userName, name: userName };
    const event = { type: "message" as const, eventId: randomUUID(), thread, author, receivedAt: asOf.toISOString(), text: question };
    await followRun(app, await app.receive(event), output, signal);
  }
  return exitCode.ok;
}
