import { sha256 } from "../../core/canonical.ts";
import type { Id } from "../../core/ids.ts";
import type { Tier } from "../../core/price.ts";
import { noTokens, type Tokens } from "../../core/tokens.ts";
import { type UsageEvent, unsaid } from "../../core/usage-event.ts";
import { modelOf, type Profiles } from "./model-id.ts";
import { InvocationLog } from "./wire.ts";

interface Refused {
  readonly refused: string;
}

/** What the lines of one reading have in common. */
export interface LogContext {
  readonly orgId: Id<"org">;
  /** What the events' ids begin with; empty for files. */
  readonly idPrefix: string;
  readonly profiles: Profiles;
  /** The keys of `requestMetadata` that hold workload, team and user. */
  readonly keys: { readonly workload: string; readonly team: string; readonly user: string };
}

/**
 * Disjoint buckets of a log line. Bedrock counts cached tokens beside the input ("any tokens not read from or written to
 * cache" are input: AWS, Prompt caching). Where the logged answer says so too, the two must agree; a line that turns out to
 * count them inside has them taken out, and one that fits neither way is refused.
 */
function tokensOf({ input, output }: InvocationLog): Tokens | Refused {
  const read = input?.cacheReadInputTokenCount ?? 0;
  const written = input?.cacheWriteInputTokenCount ?? 0;
  const stated = input?.inputTokenCount ?? 0;
  const body = output?.outputBodyJson;
  const inclusive = body?.input !== undefined && body.input !== stated && body.input + read + written === stated;
  if (body?.input !== undefined && body.input !== stated && !inclusive)
    return { refused: `tokens: inputTokenCount is ${stated}, but the answer's usage says ${body.input}` };
  const hour = body?.write1h ?? 0;
  if (body?.write1h !== undefined && hour + (body.write5m ?? 0) !== written)
    return { refused: `tokens: cacheWriteInputTokenCount is ${written}, but the answer's usage adds up to ${hour + (body.write5m ?? 0)}` };
  return {
    ...noTokens,
    input: inclusive ? stated - read - written : stated,
    cache_read: read,
    cache_write_5m: written - hour,
    cache_write_1h: hour,
    output: output?.outputTokenCount ?? 0,
  };
}

const label = (text: string): string => text.slice(0, 256);

/** Who called: the role or user that signed the request, and the session in it, which often names a person. */
function callerOf(arn: string): { readonly principal: string; readonly session: string } {
  const [kind = "", name = "", session = ""] = arn.replace(/^arn:[^:]*:[^:]*:[^:]*:[^:]*:/, "").split("/");
  return { principal: name === "" ? kind : `${kind}/${name}`, session: kind === "assumed-role" ? session : "" };
}

const tiers: Readonly<Record<string, Tier>> = { default: "standard", reserved: "standard", flex: "flex", priority: "priority" };

/**
 * The name to price by. Calls on latency-optimized inference are billed at rates of their own, and those on reserved capacity
 * by the month: no price in the book fits such a name.
 */
const servedBy = (log: InvocationLog, profiles: Profiles): string => {
  const model = modelOf(log.modelId, profiles);
  if (log.output?.outputBodyJson?.tier === "reserved") return `${model} (reserved)`;
  return log.performanceConfig?.latency === "optimized" ? `${model} (latency-optimized)` : model;
};

const tierOf = ({ output }: InvocationLog): Tier | undefined => {
  const tier = output?.outputBodyJson?.tier ?? "default";
  return Object.hasOwn(tiers, tier) ? tiers[tier] : undefined;
};

const statusOf = ({ errorCode }: InvocationLog): UsageEvent["status"] => {
  if ((errorCode ?? "") === "") return "ok";
  return errorCode === "ModelTimeoutException" ? "timeout" : "error";
};

/**
 * A usage event of one line of the invocation log, or why it is none. What it cost is what the log counts, which is what AWS
 * bills: also the whole of an answer that the client stopped reading. A reason never holds a text of the line.
 */
export function bedrockEvent(raw: unknown, context: LogContext): UsageEvent | Refused {
  const parsed = InvocationLog.safeParse(raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return { refused: `${issue?.path.join(".") ?? "line"}: ${issue?.message ?? "it is wrong"}` };
  }
  const log = parsed.data;
  const tokens = tokensOf(log);
  if ("refused" in tokens) return tokens;
  const tier = tierOf(log);
  if (tier === undefined) return { refused: "output.outputBodyJson.serviceTier: it is not known" };
  const status = statusOf(log);
  const { principal, session } = callerOf(log.identity?.arn ?? "");
  const said = (key: string): string => label(log.requestMetadata?.[key] ?? "");
  // A failed call without counts used nothing; an answer without them used we do not know what.
  const uncounted = (log.input?.inputTokenCount ?? null) === null && status === "ok";
  return {
    ...unsaid,
    id: `${context.idPrefix}${log.requestId.length > 64 ? sha256(log.requestId) : log.requestId}`,
    orgId: context.orgId,
    source: "bedrock",
    at: new Date(log.timestamp),
    provider: "aws",
    requestedModel: label(log.modelId),
    model: label(servedBy(log, context.profiles)),
    tier,
    tokens,
    region: label(log.inferenceRegion ?? log.region),
    workload: said(context.keys.workload),
    team: said(context.keys.team),
    user: said(context.keys.user) || label(session),
    apiKey: label(principal),
    status,
    ...(uncounted ? { unmetered: true } : {}),
  };
}
