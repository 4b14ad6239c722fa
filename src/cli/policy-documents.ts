import { randomUUID } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { plain } from "../../adapters/draw-text.ts";
import { dayText } from "../core/day.ts";
import { AppError, assertNever } from "../core/errors.ts";
import { isId } from "../core/ids.ts";
import type { PolicyRule } from "../core/policy.ts";
import { policySchema, readPolicyDocument } from "../core/policy-document.ts";
import { modeText, RolloutMode, standingOf, standingText } from "../core/rollout.ts";
import type { RolloutStep } from "../core/rollout-step.ts";
import { holdoutOf } from "../core/strategy.ts";
import { ruleSentence } from "../core/strategy-words.ts";
import { yesterdayOf } from "../flows/dry-run-approval.ts";
import { dryRunLines } from "../flows/dry-run-words.ts";
import { type CommandContext, type CommandInput, shownWord } from "./command.ts";
import { dayGiven } from "./day.ts";
import { followRun } from "./follow-run.ts";

const maxBytes = 4 * 1024 * 1024;
const dayMs = 86_400_000;

async function textOf(path: string, cwd: string): Promise<string> {
  const full = resolve(cwd, path);
  const facts = await stat(full).catch(() => undefined);
  if (facts?.isFile() !== true) throw new AppError("bad_input", `There is no file ${shownWord(path)}.`);
  if (facts.size > maxBytes) throw new AppError("bad_input", `${shownWord(path)} is larger than 4 MB, which no policy is.`);
  return readFile(full, "utf8").catch((error: unknown) => {
    throw new AppError("bad_input", `${shownWord(path)} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  });
}

/** Prints the JSON schema of a routing policy. */
export async function printSchema({ output }: CommandContext): Promise<void> {
  output.out(`${JSON.stringify(policySchema(), null, 2)}\n`);
}

/** Says whether a file is a routing policy and what it does, or what is wrong where. */
export async function checkFile({ cwd, output }: CommandContext, _input: CommandInput, [path]: readonly string[]): Promise<void> {
  if (path === undefined) throw new AppError("bad_input", "Name the file. Usage: apex policy check FILE");
  const rules = readPolicyDocument(await textOf(path, cwd), plain(path));
  output.out(plain(`${path} is a routing policy with ${rules.length} ${rules.length === 1 ? "rule" : "rules"}.\n`));
  for (const rule of rules) output.out(plain(`  ${ruleSentence(rule)}\n`));
}

const stepText = (step: RolloutStep): string => {
  switch (step.do) {
    case "take_back":
      return "A guardrail is breached: it is taken back at the next look.";
    case "move_on":
      return `It moves on at the next look: ${step.why}`;
    case "wait":
      return `It waits for ${step.waitsFor}.`;
    default:
      return assertNever(step);
  }
};

async function rolloutLines({ app, org }: CommandContext, rule: PolicyRule): Promise<readonly string[]> {
  const unit = holdoutOf(rule.strategy)?.plan.unit;
  const step = await app.policies.standing(org.id, rule);
  if (rule.rollout === undefined || unit === undefined || step === undefined) return [];
  const standing = standingText(standingOf(rule.rollout, unit));
  return [...(standing === "" ? [] : [standing]), stepText(step)];
}

/** Shows the active policy in sentences, with where each rollout stands; as a document with --json. */
export async function showPolicy(context: CommandContext, input: CommandInput): Promise<void> {
  const { app, org, output } = context;
  const { version, policy } = await app.stores.policies.active(org.id);
  if (input.flag("json")) return output.out(`${JSON.stringify(policy ?? null, null, 2)}\n`);
  if (policy === undefined) return output.out("No policy is active: every request goes to the model that it asks for.\n");
  output.out(`Policy version ${version} is active.\n`);
  for (const rule of policy.rules) {
    output.out(plain(`  ${ruleSentence(rule)} (${rule.approvalId})\n`));
    for (const line of await rolloutLines(context, rule)) output.out(plain(`    ${line}\n`));
  }
}

async function rulesOf({ app, org, cwd }: CommandContext, word: string): Promise<readonly PolicyRule[]> {
  if (!isId("approval", word)) return readPolicyDocument(await textOf(word, cwd), plain(word));
  const rule = await app.policies.proposedRule(org.id, word);
  if (rule === undefined) throw new AppError("bad_input", `${word} changes no routing: its steps are yours to carry out.`);
  return [rule];
}

const inJson = (_key: string, value: unknown): unknown => (typeof value === "bigint" ? `${value}` : value);

/** Says what a policy, or a proposal, would have done to one day's stored traffic. */
export async function dryRun(context: CommandContext, input: CommandInput, [word]: readonly string[]): Promise<void> {
  const { app, org, output, asOf } = context;
  if (word === undefined)
    throw new AppError("bad_input", "Name a file or an approval. Usage: apex policy dry-run FILE|APPROVAL_ID [--day DAY]");
  const rules = await rulesOf(context, word);
  const from = dayGiven("day", input.text("day")) ?? yesterdayOf(asOf).from;
  const runs = await app.policies.dryRun(org.id, rules, { from, to: new Date(from.getTime() + dayMs) });
  if (input.flag("json")) return output.out(`${JSON.stringify({ day: dayText(from), rules: runs }, inJson, 2)}\n`);
  output.out(`Dry run on the traffic of ${dayText(from)} (UTC). Nothing is changed.\n`);
  for (const run of runs) output.out(plain(`${dryRunLines(run).join("\n")}\n`));
}

/** Proposes each rule of a file for approval, and shows the proposals. */
export async function proposeFile(context: CommandContext, _input: CommandInput, [path]: readonly string[]): Promise<void> {
  const { app, org, userName, asOf, cwd, output, signal } = context;
  if (path === undefined) throw new AppError("bad_input", "Name the file. Usage: apex policy propose FILE");
  const rules = readPolicyDocument(await textOf(path, cwd), plain(path));
  const author = { platform: "console" as const, workspace: org.name, userId: userName, name: userName };
  const runId = await app.policies.propose({ orgId: org.id, author, eventId: `proposal-${randomUUID()}`, rules, asOf });
  await followRun(app, runId, output, signal);
}

/** Shows or sets how changes that are proposed from now on are rolled out. */
export async function setRollout(
  { app, org, userName, output }: CommandContext,
  _input: CommandInput,
  words: readonly string[],
): Promise<void> {
  const { settings } = app.stores;
  if (words.length > 0) {
    const mode = RolloutMode.safeParse(words.join(" ").replace("-", " ")).data;
    if (mode === undefined) throw new AppError("bad_input", "Say staged or at-once. Usage: apex policy rollout [staged | at-once]");
    await settings.setRollout(org.id, mode, userName);
  }
  output.out(`${modeText(await settings.rolloutOf(org.id))}\n`);
}
