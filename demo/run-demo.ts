import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { awaitEffect } from "../src/cli/await-effect.ts";
import { exitCode } from "../src/cli/command.ts";
import { followRun } from "../src/cli/follow-run.ts";
import type { Output } from "../src/cli/output.ts";
import { describeEntry } from "../src/cli/savings.ts";
import { verifyLedger } from "../src/cli/verify.ts";
import type { App, Workspace } from "../src/compose.ts";
import type { Approval } from "../src/core/approval.ts";
import { AppError } from "../src/core/errors.ts";
import type { Recommendation } from "../src/core/report.ts";
import type { RunView } from "../src/core/run.ts";
import type { SavingsEntry } from "../src/core/savings.ts";
import { defaultPerConversation, sendTraffic, type TraceRequest, trafficAssumption } from "./send-traffic.ts";
import { startStandIn } from "./stand-in-provider.ts";
import { azureTracePath, demoWorkspace, loadWorkspace } from "./workspace.ts";

/** How many requests of the trace go through the gateway. */
const trafficSize = 2_400;
const workload = "code-assistant";
const question = "How can we cut our AI spend without losing quality?";
const followUp = `And how can we cut spend on ${workload}?`;

/** What the demo is run with. */
export interface DemoContext {
  readonly app: App;
  readonly userName: string;
  /** Where the traces end. */
  readonly asOf: Date;
  readonly output: Output;
  readonly signal: AbortSignal;
}

interface Stage extends DemoContext {
  readonly org: Workspace;
}

const heading = (output: Output, number: number, text: string): void =>
  output.out(`\n━━ ${number}. ${text} ${"━".repeat(Math.max(3, output.columns - text.length - 8))}\n\n`);

/** Walks ask → propose → approve → apply → measure on published traces; gives the exit code. */
export async function runDemo(context: DemoContext): Promise<number> {
  const { app, asOf, output } = context;
  const org = await app.openOrg(`demo-${asOf.toISOString().replaceAll(/[:.]/g, "-")}-${randomUUID().slice(0, 4)}`);
  const stage: Stage = { ...context, org };
  // A demo is over before a stage is.
  await app.stores.settings.setRollout(org.id, "at once", context.userName);
  output.out(`Apex demo, workspace ${org.name}, clock at ${asOf.toISOString()}\n`);
  await load(stage);
  heading(output, 2, "Ask, and read the report with its proposals");
  await ask(stage, question);
  output.out(
    `\n  The trace of ${workload} has single requests, so it can be replayed through the gateway: a follow-up in the same thread.\n\n`,
  );
  const recommendation = choose(await ask(stage, followUp));
  const { key, standIn, gateway } = await connectTraffic(stage);
  try {
    const approval = await approveAsAdmin(stage, recommendation);
    await send(stage, key, gateway.url, standIn.baseUrl);
    const entry = await measure(stage, approval);
    heading(output, 7, "Verify: the ledger entry, recomputed from stored rows");
    const verified = await verifyLedger(app, org.id, output);
    if (verified)
      output.out(`\nAsk on: npx apex ask "why did spend change last week?" · npx apex savings · npx apex rollback ${entry.approvalId}\n`);
    return verified ? exitCode.ok : exitCode.failed;
  } finally {
    await gateway.close();
    await standIn.close();
  }
}

async function load({ app, org, asOf, output, signal }: Stage): Promise<void> {
  heading(output, 1, "Usage: published production traces");
  for (const line of demoWorkspace.assumptions) output.out(`  Assumed: ${line}\n`);
  output.out("\n");
  const summaries = await loadWorkspace(app.ingest, { orgId: org.id, asOf, rejectDir: app.rejectDir }, signal);
  for (const summary of summaries) {
    output.out(
      `  ${summary.name.padEnd(22)} ${String(summary.accepted).padStart(6)} rows, ${summary.refused} refused, ${summary.unpriced} without a price\n`,
    );
    for (const { line, reason } of summary.firstRefusals) output.out(`${" ".repeat(25)} line ${line} refused: ${reason}\n`);
  }
}

async function ask({ app, org, userName, output, signal, asOf }: Stage, text: string): Promise<RunView> {
  await app.startWorker();
  const runId = await app.receive({
    type: "message",
    eventId: randomUUID(),
    thread: { platform: "console", workspace: org.name, channel: "demo", thread: "demo" },
    author: { platform: "console", workspace: org.name, userId: userName, name: userName },
    receivedAt: asOf.toISOString(),
    text,
  });
  return followRun(app, runId, output, signal);
}

/** The proposal to approve: the one for the workload whose trace will be replayed. */
function choose(view: RunView): Recommendation {
  const found = view.report?.recommendations.find((candidate) => candidate.workload === workload && candidate.approvalId !== null);
  if (found === undefined) throw new AppError("internal", `The report proposes no change for ${workload} that could be approved.`);
  return found;
}

async function connectTraffic({ app, org, output }: Stage) {
  heading(output, 3, "Connect the gateway to a stand-in provider");
  const standIn = await startStandIn({});
  app.gateway.trust(standIn.baseUrl);
  await app.stores.gateway.setUpstream(org.id, { provider: "openai", baseUrl: standIn.baseUrl, apiKey: "stand-in" });
  const { secret } = await app.stores.gateway.createKey(org.id, { label: "demo traffic", workload, team: "developer-tools" });
  output.out(
    `  ${standIn.baseUrl} is a local stand-in, not a model provider: it bills by the token counts of the trace and returns no real text.\n`,
  );
  return { key: secret, standIn, gateway: await app.listen({ http: false, gateway: true, port: 0 }) };
}

async function approveAsAdmin(stage: Stage, recommendation: Recommendation): Promise<Approval> {
  const { app, org, userName, output } = stage;
  heading(output, 4, "Approve as an admin; the change is applied and read back");
  const approvalId = recommendation.approvalId;
  if (approvalId === null) throw new AppError("internal", "The proposal cannot be approved.");
  const member = await app.admitLocalAdmin(org, userName);
  const { sentence } = await app.press({ orgId: org.id, approvalId, verb: "approve", member });
  output.out(`  ${sentence}\n  `);
  const effect = await awaitEffect({ app, org, output, signal: stage.signal }, approvalId);
  if (effect !== exitCode.ok) throw new AppError("internal", "The approved change did not take effect.");
  return app.stores.approvals.get(org.id, approvalId);
}

/** The first requests of the Azure trace, as token counts. */
async function traceRequests(): Promise<readonly TraceRequest[]> {
  const [, ...lines] = (await readFile(azureTracePath, "utf8")).trim().split("\n");
  return lines.slice(0, trafficSize).map((line) => {
    const [, promptTokens, completionTokens] = line.split(",").map(Number);
    return { promptTokens: promptTokens ?? 0, completionTokens: completionTokens ?? 0 };
  });
}

async function send({ app, output }: Stage, apiKey: string, gatewayUrl: string, standInUrl: string): Promise<void> {
  heading(output, 5, "Live traffic through the gateway");
  const requests = await traceRequests();
  output.out(`  ${trafficAssumption(defaultPerConversation)}\n`);
  const traffic = await sendTraffic({ baseUrl: `${gatewayUrl}/v1`, apiKey, model: "gpt-5", workload, requests });
  output.out(
    `  ${traffic.sent.toLocaleString("en-US")} requests of ${traffic.conversations} conversations (${traffic.streamed} streamed) went through the gateway to the stand-in at ${standInUrl} ` +
      `in ${(traffic.ms / 1000).toFixed(1)} s; ${traffic.failed} failed.\n`,
  );
  if (traffic.failed > 0) throw new AppError("internal", `The gateway failed ${traffic.failed} requests: ${traffic.firstFailure ?? ""}`);
  if (!(await app.gateway.flush())) throw new AppError("internal", "Some usage could not be stored yet.");
}

async function measure({ app, org, output }: Stage, approval: Approval): Promise<SavingsEntry> {
  heading(output, 6, "Measure: held-out conversations against changed ones");
  const { entries, skipped } = await app.measure(org.id, app.now());
  const [entry] = entries;
  if (entry === undefined) throw new AppError("internal", `Nothing was measured: ${skipped.join(" ")}`);
  output.out(`${describeEntry(entry, approval)}\n`);
  return entry;
}
