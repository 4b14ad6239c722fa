import type { ApprovalStore } from "../core/approval.ts";
import { canonicalJson } from "../core/canonical.ts";
import { type Author, type InboundStore, maxQuestionLength } from "../core/conversation.ts";
import { AppError } from "../core/errors.ts";
import { type Id, newId } from "../core/ids.ts";
import type { JobQueue } from "../core/job.ts";
import { clip, oneLine } from "../core/plain-text.ts";
import type { PolicyRule, PolicyStore } from "../core/policy.ts";
import type { PriceBook } from "../core/price.ts";
import type { RuleChange } from "../core/report.ts";
import type { Run, RunStore } from "../core/run.ts";
import { everyTarget, holdoutOf } from "../core/strategy.ts";
import { obstacleTo } from "./change-obstacles.ts";
import { checkCapability } from "./check-capability.ts";
import { yesterdayOf } from "./dry-run-approval.ts";
import type { DryRunDeps } from "./dry-run-policy.ts";
import { estimateRule } from "./estimate-rule.ts";
import { pendingApprovals } from "./pending-approvals.ts";
import { ruleAsWritten, standingVersion } from "./policy-rules.ts";
import { type PrepareOffersDeps, prepareOffers } from "./prepare-offers.ts";
import { offerOf, offersReport } from "./rule-offer.ts";

export interface ProposeDeps {
  readonly inbound: Pick<InboundStore, "receiveMessage">;
  readonly runs: Pick<RunStore, "finish">;
  readonly policies: Pick<PolicyStore, "active" | "version">;
  readonly approvals: Pick<ApprovalStore, "waiting">;
  readonly settings: PrepareOffersDeps["settings"];
  readonly usage: DryRunDeps["usage"] & PrepareOffersDeps["usage"];
  readonly prices: Pick<PriceBook, "priceOf" | "rowsAt" | "model" | "providerOf">;
  /** The providers that an org's gateway can send requests on to. */
  readonly providersOf: (orgId: Id<"org">) => Promise<readonly string[]>;
  readonly jobs: Pick<JobQueue, "enqueue">;
  readonly now: () => Date;
  /** How long a proposal can be approved. */
  readonly approvalTtlMs: number;
}

export interface ProposeRequest {
  readonly orgId: Id<"org">;
  /** Who proposes, known by their platform. */
  readonly author: Author;
  /** Names this proposal: the same id again is refused, as it stands already. */
  readonly eventId: string;
  readonly rules: readonly PolicyRule[];
  /** The day before this moment is what the dry run looks at. */
  readonly asOf: Date;
}

const mostRules = 20;

/** The channel of the runs that proposals are; no conversation has it. */
export const proposalsChannel = "proposals";

const isProposal = ({ thread }: Pick<Run, "thread">): boolean =>
  thread.platform === "console" && thread.channel === proposalsChannel && thread.thread !== "";

type Written = Pick<RuleChange, "workload" | "fromModel" | "strategy" | "cacheSeconds">;

const sameRule = (a: Written, b: Written): boolean => {
  const said = ({ workload, fromModel, strategy, cacheSeconds }: Written): string =>
    canonicalJson({ workload, fromModel, strategy, ...(cacheSeconds === undefined ? {} : { cacheSeconds }) });
  return said(a) === said(b);
};

const writtenOf = ({ requestedModel, ...rule }: PolicyRule): Written => ({ ...rule, fromModel: requestedModel });

/** What a proposal of a rule may not say. */
function notProposable({ strategy, rollout }: PolicyRule): string | undefined {
  if (holdoutOf(strategy) !== undefined) {
    return (
      "a holdout's plan is made by Apex, since who is held out and what is charged must not be the proposer's choice: " +
      "propose a canary, or ask for a saving (“how can we cut our spend?”)."
    );
  }
  return rollout === undefined ? undefined : "stages belong to changes with a holdout, and Apex makes them: leave `rollout` out.";
}

function changeOf(prices: ProposeDeps["prices"], rule: PolicyRule): RuleChange {
  const { workload, requestedModel, strategy, cacheSeconds } = rule;
  const targets = everyTarget(strategy);
  const [first] = targets;
  if (first === undefined) throw new AppError("internal", "A strategy names no target.");
  // Who sells the model that is asked for; where no list or more than one says so, whoever the rule itself says serves it.
  const named = targets.find(({ model }) => model === requestedModel)?.provider;
  return {
    workload,
    fromProvider: prices.providerOf(requestedModel) ?? named ?? first.provider,
    fromModel: requestedModel,
    toProvider: first.provider,
    toModel: first.model,
    strategy,
    ...(cacheSeconds === undefined ? {} : { cacheSeconds }),
  };
}

/** The proposal of the same rule that waits and can be approved still: one that routing has moved on from stands in nobody's way. */
async function waitingFor(deps: ProposeDeps, orgId: Id<"org">, change: RuleChange): Promise<Id<"approval"> | undefined> {
  for (const { id, basePolicyVersion, recommendation } of await deps.approvals.waiting(orgId, deps.now())) {
    const other = recommendation.change;
    if (other?.strategy === undefined || !sameRule(other, change)) continue;
    if ((await standingVersion(deps.policies, orgId, basePolicyVersion)) === basePolicyVersion) return id;
  }
  return undefined;
}

/** Why a rule cannot be proposed now, a sentence each. */
async function refusalsOf(deps: ProposeDeps, orgId: Id<"org">, rule: PolicyRule, providers: readonly string[]): Promise<readonly string[]> {
  const no = notProposable(rule);
  if (no !== undefined) return [no];
  const change = changeOf(deps.prices, rule);
  const waits = await waitingFor(deps, orgId, change);
  if (waits !== undefined) return [`this is proposed already and waits as ${waits}.`];
  const obstacle = obstacleTo({ prices: deps.prices, providers, at: deps.now() }, change);
  if (obstacle !== undefined) return [obstacle];
  return (await checkCapability(deps, orgId, change, deps.now())).refusals;
}

/** The rules of a document that are not active already; an AppError "bad_input" says what speaks against any of them. */
async function proposable(
  deps: ProposeDeps,
  { orgId, rules }: ProposeRequest,
  standing: readonly PolicyRule[],
): Promise<readonly PolicyRule[]> {
  const isNew = (rule: PolicyRule): boolean => !standing.some((old) => sameRule(writtenOf(old), writtenOf(rule)));
  if (!rules.some(isNew)) {
    const why = rules.length === 0 ? "The document holds no rule." : "Every rule of the document is active already.";
    throw new AppError("bad_input", `${why} Nothing is proposed. Take a change back with \`apex rollback apr_…\`.`);
  }
  const providers = await deps.providersOf(orgId);
  const wrong: string[] = [];
  for (const [index, rule] of rules.entries()) {
    if (isNew(rule)) wrong.push(...(await refusalsOf(deps, orgId, rule, providers)).map((text) => `rules[${index}]: ${text}`));
  }
  if (wrong.length > 0) throw new AppError("bad_input", `Nothing is proposed.\n${wrong.join("\n")}`);
  return rules.filter(isNew);
}

/**
 * Stores rules that a person wrote as a run whose report proposes each with an approval of its own, and gives the run. Rules that
 * are active already are left out. An AppError "bad_input" says in a sentence each why a rule cannot be proposed; then none is.
 */
export async function proposeRules(deps: ProposeDeps, request: ProposeRequest): Promise<Id<"run">> {
  const { orgId, author, eventId, asOf } = request;
  if (request.rules.length > mostRules)
    throw new AppError("bad_input", `The document holds ${request.rules.length} rules; at most ${mostRules} are proposed at a time.`);
  const { version, policy } = await deps.policies.active(orgId);
  const standing = policy?.rules ?? [];
  const period = yesterdayOf(asOf);
  const offers = [];
  for (const written of await proposable(deps, request, standing)) {
    const change = changeOf(deps.prices, written);
    const rule = ruleAsWritten(newId("approval"), change);
    const replaces = standing.find((old) => old.workload === rule.workload && old.requestedModel === rule.requestedModel);
    offers.push(
      offerOf({ rule, change, period, replaces, ...(await estimateRule(deps, { orgId, rule, period })) }, newId("recommendation")),
    );
  }
  const report = await prepareOffers(deps, orgId, offersReport(author.name, offers), deps.now());
  const said = offers.map(({ evidence }) => evidence[0] ?? "").join(" ");
  const { runId, duplicate } = await deps.inbound.receiveMessage(orgId, {
    type: "message",
    eventId,
    thread: { platform: "console", workspace: author.workspace, channel: proposalsChannel, thread: eventId.slice(0, 128) },
    author,
    receivedAt: asOf.toISOString(),
    text: clip(oneLine(`Proposed by ${author.name}: ${said}`), maxQuestionLength),
  });
  if (duplicate) throw new AppError("conflict", `The proposal ${eventId} stands already, as run ${runId}.`);
  // A crash before the next line leaves a run without a report, and no approval: nothing waits, nothing can be applied. No job is
  // queued for it; reconcile finds it unfinished, and `closeCutOff` ends it with a sentence, so that no analysis takes it for a question.
  const now = deps.now();
  const proposedOn = { orgId, runId, basePolicyVersion: version, now, ttlMs: deps.approvalTtlMs };
  await deps.runs.finish(
    runId,
    1,
    { type: "report.ready", at: now.toISOString(), report },
    pendingApprovals(report.recommendations, proposedOn),
  );
  await deps.jobs.enqueue({ name: "deliver", runId, seq: 1 });
  return runId;
}

/** Ends a proposal that was cut off before its report was stored; false for a run that is none, which is to be answered. */
export async function closeCutOff(
  { runs, now }: { readonly runs: Pick<RunStore, "get" | "fail">; readonly now: () => Date },
  runId: Id<"run">,
): Promise<boolean> {
  const run = await runs.get(runId);
  if (!isProposal(run)) return false;
  if (run.status === "done" || run.status === "failed") return true;
  const reason = "The proposal was cut off before it was stored, so nothing waits for approval. Propose it again.";
  await runs.fail(runId, 1, { type: "run.failed", at: now().toISOString(), reason }).catch((error: unknown) => {
    // It was stored, or ended, at the same moment.
    if (!(error instanceof AppError && error.code === "conflict")) throw error;
  });
  return true;
}
