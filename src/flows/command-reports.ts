import type { Approval } from "../core/approval.ts";
import type { ThreadKey } from "../core/conversation.ts";
import type { Report, ReportBlock } from "../core/report.ts";
import type { SourceConnection } from "../core/source-connection.ts";
import type { Coverage } from "../core/usage-store.ts";

/** What Apex has to go by in an org, and what waits there. */
export interface Standing {
  readonly coverage: Coverage;
  readonly sources: readonly SourceConnection[];
  /** The policy version of each gateway process that serves. */
  readonly gateways: readonly number[];
  readonly waiting: readonly Approval[];
  readonly asOf: Date;
  readonly platform: ThreadKey["platform"];
}

const reportOf = (title: string, summary: string, blocks: readonly ReportBlock[] = []): Report => ({
  title,
  summary,
  blocks: [...blocks],
  figures: [],
  recommendations: [],
  missing: [],
});

const minute = (at: Date): string => `${at.toISOString().slice(0, 16).replace("T", " ")} UTC`;
const count = (number: number, what: string): string => `${number.toLocaleString("en-US")} ${what}${number === 1 ? "" : "s"}`;

const hourMs = 3_600_000;

/** How long ago something was, in whole hours or days. */
export function ago(at: Date, asOf: Date): string {
  const hours = Math.floor((asOf.getTime() - at.getTime()) / hourMs);
  if (hours < 1) return "less than an hour ago";
  return hours < 48 ? `${count(hours, "hour")} ago` : `${count(Math.floor(hours / 24), "day")} ago`;
}

const usageLine = ({ coverage: { requests, first, last }, asOf }: Standing): string =>
  requests === 0 || first === null || last === null
    ? "No usage is stored yet."
    : `${count(requests, "request")} from ${minute(first)} to ${minute(last)}; the newest is from ${ago(last, asOf)}.`;

/** How to connect the next thing, with the exact step. */
export function nextStep({ coverage, sources, gateways, platform }: Standing): string {
  if (coverage.requests === 0) {
    if (sources.length > 0) return "Your source has given no usage yet. Say `sources` to see when it was read and what stood in the way.";
    const share = platform === "console" ? "import one with `apex import FILE`" : "share one here in the chat";
    return `Connect usage next: an admin runs \`apex source add openai adminKey=@KEYFILE\` (or anthropic, litellm, langfuse, …). If you have a CSV, JSON Lines or FOCUS file, ${share}.`;
  }
  if (sources.length === 0 && !coverage.sources.includes("gateway")) {
    return "Keep it fresh next: an admin runs `apex source add openai adminKey=@KEYFILE` (or anthropic, litellm, langfuse, …), and I read it again every hour.";
  }
  if (gateways.length === 0) {
    return "Let me apply changes next: an admin makes a key with `apex key LABEL` and points a workload's base URL at Apex under /v1. Savings are measured there.";
  }
  return "Ask “How can we cut cost?” next; an admin approves what I propose, and I apply and measure it.";
}

/** Questions that work on the org's own workloads and teams. */
function examples({ workloads, teams, models }: Coverage): readonly string[] {
  const workload = workloads.find((name) => name !== "");
  const team = teams.find((name) => name !== "");
  const quoted = (name: string): string => `“${name.slice(0, 60)}”`;
  return [
    "What did we spend by model last week? Then: and last month? · by team · do it",
    ...(workload === undefined ? [] : [`What drives the cost of workload ${quoted(workload)}?`]),
    ...(team === undefined ? [] : [`What did team ${quoted(team)} spend this month?`]),
    ...(models[0] === undefined ? [] : [`What do we spend on ${models[0].slice(0, 60)} by workload?`]),
    "Why did the bill jump?",
    "What will the month end at?",
    "How can we cut cost?",
    "Audit our caching.",
  ];
}

const words: readonly (readonly [string, string])[] = [
  ["spend · models · savings · cache · forecast", "the usual questions in one word"],
  ["status", "whether the data is fresh, what is connected, what waits"],
  ["sources", "what is connected and when it was last read"],
  ["digest · digest weekly monday 9 Europe/Berlin · digest off", "the last whole week; when and where you get it (managers)"],
  ["budget · budget 5000 · budget 500 for team … · budget off", "what may be spent in a month, and how that stands; sets it (managers)"],
  [
    "approve apr_… · reject apr_… because … · apply apr_… · rollback apr_… · details apr_…",
    "as the buttons do; admins only, but for details",
  ],
  ["rollout · rollout staged · rollout at once", "how approved changes go live; admins set it"],
  ["export", "how to get the numbers out"],
];

/** What can be asked, on the org's own names. */
export const helpReport = (standing: Standing): Report =>
  reportOf("What you can ask", "Ask about your spend on AI models in your own words, or say one of the words below.", [
    { type: "heading", text: "Questions" },
    { type: "list", items: [...examples(standing.coverage)] },
    { type: "heading", text: "Words" },
    { type: "table", columns: ["Say", "What comes"], rows: words.map(([say, what]) => [say, what]) },
  ]);

/** The first thing that Apex says: what it does, what data it has, what to connect next. */
export const helloReport = (standing: Standing): Report =>
  reportOf(
    "Hello, I am Apex",
    "I look after your spend on AI models: I answer from your own usage, propose changes with their evidence, apply what an admin approves, and measure what it saved.",
    [
      { type: "heading", text: "What I have" },
      { type: "list", items: [usageLine(standing), sourcesLine(standing.sources)] },
      { type: "heading", text: "Next" },
      { type: "text", text: nextStep(standing) },
      { type: "note", text: "Say `help` for what you can ask, `status` for how things stand." },
    ],
  );

const sourcesLine = (sources: readonly SourceConnection[]): string =>
  sources.length === 0 ? "No source is connected." : `Connected: ${sources.map(({ kind }) => kind).join(", ")}.`;

const gatewayLine = ({ gateways }: Standing): string => {
  if (gateways.length === 0) return "None is running.";
  const versions = [...new Set(gateways)].map((version) => (version === 0 ? "no policy" : `policy version ${version}`));
  return `${count(gateways.length, "process").replace(/processs$/, "processes")} running, on ${versions.join(" and ")}.`;
};

const waitingLine = ({ waiting }: Standing): string =>
  waiting.length === 0 ? "Nothing waits for approval." : `${count(waiting.length, "proposal")} for an admin's word.`;

const tried = ({ lastSyncAt, lastError }: SourceConnection): string => {
  if (lastSyncAt === null) return "never read";
  return lastError === null ? `read ${minute(lastSyncAt)}` : `tried ${minute(lastSyncAt)}: ${lastError.slice(0, 300)}`;
};

const sourceRows = (sources: readonly SourceConnection[]): ReportBlock => ({
  type: "table",
  columns: ["Source", "Last reading", "Read up to"],
  rows: sources.map((source) => [source.kind, tried(source), source.coveredTo === null ? "nothing yet" : minute(source.coveredTo)]),
});

/** Whether data is fresh, what is connected, whether a gateway serves, and what waits. */
export const statusReport = (standing: Standing): Report =>
  reportOf("How things stand", usageLine(standing), [
    {
      type: "table",
      columns: ["What", "How it stands"],
      rows: [
        ["Sources", sourcesLine(standing.sources)],
        ["Gateway", gatewayLine(standing)],
        ["Approvals", waitingLine(standing)],
      ],
    },
    ...(standing.sources.length === 0 ? [] : [sourceRows(standing.sources)]),
    ...(standing.waiting.length === 0
      ? []
      : [{ type: "list" as const, items: standing.waiting.map(({ id, recommendation: { title } }) => `${title}: approve ${id}`) }]),
    { type: "note", text: nextStep(standing) },
  ]);

/** What is connected, and when it was last read. */
export const sourcesReport = (standing: Standing): Report => {
  const seen = standing.coverage.sources;
  return reportOf(
    "Where the numbers come from",
    `${sourcesLine(standing.sources)} ${seen.length === 0 ? "No usage is stored yet." : `Usage stored so far is from: ${seen.join(", ")}.`}`,
    [...(standing.sources.length === 0 ? [] : [sourceRows(standing.sources)]), { type: "note", text: nextStep(standing) }],
  );
};

/** How the numbers are taken out; no key is ever shown here. */
export function exportReport(asOf: Date): Report {
  const to = asOf.toISOString().slice(0, 10);
  const from = `${to.slice(0, 8)}01`;
  return reportOf(
    "How to export the numbers",
    "The same totals that I answer with come as JSON from the command line and over HTTP, and as a page.",
    [
      {
        type: "list",
        items: [
          `On the machine that runs Apex: "apex spend --from ${from} --to ${to} --by model,workload --json > spend.json" (your own days; --by takes provider, model, workload, team and more).`,
          `Over HTTP: an admin makes a read key with "apex read-key LABEL"; then GET /api/usage/spend?from=${from}&to=${to}&by=model at Apex's address, with the header Authorization: Bearer KEY.`,
          "In a browser: /spend at Apex's address, with the read key as the password.",
          "What was measured as saved: `apex savings --json`.",
        ],
      },
      { type: "note", text: "A read key sees totals alone and changes nothing. Do not paste it into a chat." },
    ],
  );
}

/** A plain sentence as an answer. */
export const sentenceReport = (title: string, sentence: string): Report => {
  const [first = "", ...rest] = sentence.split("\n");
  return reportOf(title, first, rest.length === 0 ? [] : [{ type: "text", text: rest.join("\n") }]);
};

/** Proposals that wait, with their buttons; nothing is pressed by showing them. */
export const waitingReport = (waiting: readonly Approval[]): Report => ({
  ...reportOf(
    "Waiting for an admin's word",
    "Nothing was changed. An admin presses Approve on what is to be done.",
    waiting.map(({ recommendation: { id } }) => ({ type: "recommendation", recommendationId: id })),
  ),
  recommendations: waiting.map(({ recommendation }) => recommendation),
});
