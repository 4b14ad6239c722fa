import { eventIdPrefix, type Pulled, type RemoteSource, type SourceCheck, type SourceContext } from "../../core/remote-source.ts";
import type { UsageEvent } from "../../core/usage-event.ts";
import type { Period } from "../../core/usage-store.ts";
import type { ApiClient } from "../api-client.ts";
import { type LogBucket, openBucket } from "./bucket.ts";
import { logLines } from "./log-lines.ts";
import { profilesOf } from "./model-id.ts";
import { bedrockEvent, type LogContext } from "./usage.ts";

const settings = {
  accessKeyId: { secret: false, hint: "The id of an access key of an IAM user that may read the log bucket." },
  secretAccessKey: { secret: true, hint: "The secret of that access key, best given as secretAccessKey=@key.txt." },
  sessionToken: { secret: true, hint: "The session token of a temporary key; it runs out within hours.", fallback: "" },
  region: { secret: false, hint: "The region that the bucket is in, such as eu-west-1." },
  bucket: { secret: false, hint: "The bucket that Bedrock's model invocation logging delivers to." },
  prefix: { secret: false, hint: "What stands before AWSLogs/ in the bucket, where a prefix was set.", fallback: "" },
  profiles: {
    secret: false,
    hint: "What application inference profiles and provisioned models stand for: ARN=model, with commas between.",
    fallback: "",
  },
  workloadKey: { secret: false, hint: "The key of requestMetadata that names the workload.", fallback: "workload" },
  teamKey: { secret: false, hint: "The key of requestMetadata that names the team.", fallback: "team" },
  userKey: { secret: false, hint: "The key of requestMetadata that names the user.", fallback: "user" },
  endpoint: { secret: false, hint: "The address of S3, where it is not AWS's own for the region.", fallback: "" },
} as const;

const dayMs = 24 * 3_600_000;
const atOnce = 8;

const rootOf = ({ settings }: SourceContext): string => {
  const prefix = (settings["prefix"] ?? "").replace(/^\/+|\/+$/g, "");
  return prefix === "" ? "AWSLogs/" : `${prefix}/AWSLogs/`;
};

async function groupsUnder(bucket: LogBucket, prefix: string, signal: AbortSignal): Promise<readonly string[]> {
  const groups: string[] = [];
  for await (const page of bucket.list({ prefix, delimiter: "/" }, signal)) groups.push(...page.groups);
  return groups;
}

/** The folders of each account's and region's logs: …/AWSLogs/ACCOUNT/BedrockModelInvocationLogs/REGION/. */
async function logFolders(bucket: LogBucket, context: SourceContext, signal: AbortSignal): Promise<readonly string[]> {
  const folders: string[] = [];
  for (const account of await groupsUnder(bucket, rootOf(context), signal)) {
    folders.push(...(await groupsUnder(bucket, `${account}BedrockModelInvocationLogs/`, signal)));
  }
  return folders;
}

const isLog = (key: string): boolean => /\/\d{4}\/\d{2}\/\d{2}\/\d{2}\/[^/]+\.json\.gz$/.test(key);

/** The days of a period, as folders name them. */
function daysOf({ from, to }: Period): readonly string[] {
  const days: string[] = [];
  for (let at = from.getTime(); at < to.getTime(); at += dayMs) days.push(new Date(at).toISOString().slice(0, 10).replaceAll("-", "/"));
  return days;
}

const contextOf = ({ orgId, connection, settings }: SourceContext): LogContext => ({
  orgId,
  idPrefix: eventIdPrefix(connection),
  profiles: profilesOf(settings["profiles"] ?? ""),
  keys: { workload: settings["workloadKey"] ?? "", team: settings["teamKey"] ?? "", user: settings["userKey"] ?? "" },
});

/** The events of one log object, and the lines that give none. A broken object is left out as a whole. */
function* pulledFrom(key: string, packed: Uint8Array, context: LogContext): Generator<Pulled, void, undefined> {
  const lines = logLines(packed);
  if (lines === undefined) {
    yield { type: "refused", what: key, reason: "the object is no whole gzip file" };
    return;
  }
  const events: UsageEvent[] = [];
  for (const line of lines) {
    const event = "refused" in line ? line : bedrockEvent(line.value, context);
    if ("refused" in event) yield { type: "refused", what: `${key} line ${line.line}`, reason: event.refused };
    else events.push(event);
  }
  yield { type: "usage", events };
}

async function check(api: ApiClient, context: SourceContext, signal: AbortSignal): Promise<SourceCheck> {
  contextOf(context);
  const bucket = openBucket(api, context);
  const folders = await logFolders(bucket, context, signal);
  const [first] = folders;
  let sample: string | undefined;
  if (first !== undefined) {
    for await (const { keys } of bucket.list({ prefix: first, delimiter: "/data/" }, signal)) {
      sample = keys.find(isLog);
      break;
    }
  }
  if (sample !== undefined) await bucket.object(sample, signal);
  const named = folders.map(
    (folder) => /AWSLogs\/([^/]+)\/BedrockModelInvocationLogs\/([^/]+)\//.exec(folder)?.slice(1).join(" in ") ?? folder,
  );
  const none = `No log was found under ${rootOf(context)} yet: switch on model invocation logging in Bedrock, and check the setting prefix.`;
  return {
    account: `bucket ${context.settings["bucket"] ?? ""}${named.length === 0 ? "" : `: account ${named.join(", account ")}`}`,
    notes: [
      ...(sample === undefined ? [none] : []),
      "The log counts tokens and states no money: what AWS billed comes from its FOCUS or cost export.",
      "It holds the calls of the regions and accounts that have logging switched on, since it was switched on, and no batch jobs.",
      "Prompts and answers in the log are not kept: counts alone are read.",
    ],
  };
}

/** AWS Bedrock: every call, read from the model invocation log in S3. */
export function createBedrockSource(api: ApiClient): RemoteSource {
  /**
   * Reads the folders of the period's days. A line is taken with the folder that it lies in, even where its own time is a little
   * before the folder's, so that no line falls between two readings; a line that comes twice is one, by its request id.
   */
  async function* pull(context: SourceContext, period: Period, signal: AbortSignal): AsyncGenerator<Pulled, void, undefined> {
    signal.throwIfAborted();
    const [bucket, lines] = [openBucket(api, context), contextOf(context)];
    for (const folder of await logFolders(bucket, context, signal)) {
      for (const day of daysOf(period)) {
        // Bodies that are too large for a line lie in folders called data: they are not even listed.
        for await (const { keys } of bucket.list({ prefix: `${folder}${day}/`, delimiter: "/data/" }, signal)) {
          const logs = keys.filter(isLog);
          for (let at = 0; at < logs.length; at += atOnce) {
            const some = logs.slice(at, at + atOnce);
            const packed = await Promise.all(some.map(async (key) => [key, await bucket.object(key, signal)] as const));
            for (const [key, bytes] of packed) yield* pulledFrom(key, bytes, lines);
          }
        }
      }
    }
  }

  return {
    source: "bedrock",
    title: "AWS Bedrock",
    guide: "docs/sources/bedrock.md",
    settings,
    grain: "request",
    keeps: "facts",
    trailingDays: 1,
    chunkDays: 1,
    backfillDays: 400,
    test: (context, signal) => check(api, context, signal),
    pull,
  };
}
