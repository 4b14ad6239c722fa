import type { Approval } from "../core/approval.ts";
import type { Card, CardButton, PlacedPart, ProposalPart } from "../core/card.ts";
import type { Role } from "../core/conversation.ts";
import type { Id } from "../core/ids.ts";
import { fromUsd, type PicoUsd, showUsd } from "../core/money.ts";
import type { SavingsEntry } from "../core/savings.ts";
import type { Sums } from "../core/spend-sums.ts";
import type { Period } from "../core/usage-store.ts";
import { calendarOf, type Zone } from "../core/zone.ts";
import { ago, nextStep, type Standing } from "./command-reports.ts";

/** Spend of a period. */
interface Spent {
  readonly period: Period;
  readonly total: Sums;
}

/** What someone's home shows: stored facts, and whom our own tables know them as now. */
export interface HomeFacts {
  readonly org: string;
  /** Undefined for someone who is no member. */
  readonly role: Role | undefined;
  readonly zone: Zone;
  /** This month so far. */
  readonly month: Spent;
  readonly week: Spent;
  readonly weekBefore: Sums;
  /** All that was ever measured. */
  readonly measured: readonly SavingsEntry[];
  readonly standing: Standing;
  /** What the org has set, by name. */
  readonly settings: readonly { readonly name: string; readonly value: string }[];
  /** The org's own id, for the buttons that open the forms of its settings. */
  readonly orgId: Id<"org">;
}

/** The most proposals that a home shows with their buttons. */
const mostShown = 5;

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** A period's days, both counted: "16–22 Nov". */
function days({ from, to }: Period, zone: Zone): string {
  const [first, last] = [from.getTime(), to.getTime() - 1].map((at) => calendarOf(zone).dateAt(at));
  if (first === undefined || last === undefined) return "";
  const name = ({ day, month }: { readonly day: number; readonly month: number }) => `${day} ${months[month] ?? ""}`;
  if (first.month !== last.month) return `${name(first)} – ${name(last)}`;
  return first.day === last.day ? name(last) : `${first.day}–${name(last)}`;
}

/** How an amount moved, as a share of what it was. */
function moved(before: PicoUsd, after: PicoUsd): string {
  if (before === 0n) return "";
  const tenths = ((after - before) * 1_000n) / before;
  const share = (Math.abs(Number(tenths)) / 10).toLocaleString("en-US", { minimumFractionDigits: 1 });
  return tenths === 0n ? " · as before" : ` · ${share} % ${tenths > 0n ? "up" : "down"}`;
}

const count = (number: number, what: string): string => `${number.toLocaleString("en-US")} ${what}${number === 1 ? "" : "s"}`;

/** Measured amounts of windows that do not overlap may be added: each is of other requests. */
function measuredSoFar(measured: readonly SavingsEntry[]): string {
  if (measured.length === 0) return "nothing measured yet";
  const total = measured.reduce<PicoUsd>((sum, entry) => sum + fromUsd(entry.measured.point), 0n);
  return `${showUsd(total)} in ${count(measured.length, "window")}`;
}

const waitingCount = (waiting: readonly Approval[]): string =>
  waiting.length === 0 ? "nothing waits" : `${count(waiting.length, "proposal")} below, none in effect`;

const figures = ({ month, week, weekBefore, zone, measured, standing }: HomeFacts): PlacedPart => ({
  type: "fields",
  keep: true,
  fields: [
    { name: "This month", value: `${showUsd(month.total.cost)}\n${days(month.period, zone)}` },
    { name: "Last week", value: `${showUsd(week.total.cost)}\n${days(week.period, zone)}${moved(weekBefore.cost, week.total.cost)}` },
    { name: "Measured savings", value: measuredSoFar(measured) },
    { name: "Estimated savings", value: waitingCount(standing.waiting) },
  ],
});

/** What touches the figures. */
function caveats({ month, standing: { coverage, asOf } }: HomeFacts): string {
  const { unpricedRequests } = month.total;
  const newest = coverage.last === null ? "No usage is stored yet." : `Newest usage: ${ago(coverage.last, asOf)}.`;
  const unpriced = unpricedRequests === 0 ? "" : ` ${count(unpricedRequests, "request")} of this month have no price and are in no total.`;
  return `${newest}${unpriced}`;
}

/** Who may decide presses; who is a member may see the evidence. Whoever presses is looked up again. */
function buttonsFor(role: Role | undefined, id: string): readonly CardButton[] {
  if (role === undefined) return [];
  return role === "admin" ? (["approve", "reject", "details"] as const).map((action) => ({ action, id })) : [{ action: "details", id }];
}

function proposal(
  { id, recommendation: { title, estimate, risk }, first }: Approval,
  number: number,
  role: Role | undefined,
): ProposalPart {
  const usd = (amount: string) => showUsd(fromUsd(amount));
  const saving =
    estimate.notEstimated === undefined
      ? `Estimated: ${usd(estimate.mid)} a month (${usd(estimate.low)} to ${usd(estimate.high)})`
      : "Saving not estimated";
  return {
    type: "proposal",
    number,
    title,
    savings: [
      {
        kind: "estimated",
        text: `${saving} · ${risk} risk`,
      },
    ],
    evidence: [],
    toDo: [],
    caveats: [],
    status: first === undefined ? undefined : { text: `Approved by ${first.name}; one more admin must approve.`, good: true },
    buttons: buttonsFor(role, id),
  };
}

/** Why someone sees no Approve. */
function whyNot(role: Role | undefined): readonly PlacedPart[] {
  if (role === "admin") return [];
  const who = role === undefined ? "Apex does not know you as a member" : `your role is ${role}`;
  return [{ type: "note", text: `Only admins approve, and ${who}. Ask an admin to decide.`, keep: true }];
}

function proposals({ standing: { waiting }, role }: HomeFacts): readonly PlacedPart[] {
  if (waiting.length === 0)
    return [
      { type: "heading", text: "Waiting for approval", keep: true },
      { type: "text", text: "Nothing waits. Ask “How can we cut cost?” for proposals.", keep: true },
    ];
  const more = waiting.length - mostShown;
  return [
    { type: "heading", text: `Waiting for approval (${waiting.length})`, keep: true },
    ...waiting.slice(0, mostShown).map((one, index) => ({ ...proposal(one, index + 1, role), keep: true as const })),
    ...(more > 0
      ? [{ type: "note" as const, text: `${count(more, "more proposal")}: say “status” to see all.`, keep: true as const }]
      : []),
    ...whyNot(role),
  ];
}

function sources({ standing: { sources: connected, coverage, asOf } }: HomeFacts): readonly string[] {
  const lines = connected.map(({ kind, lastSyncAt, lastError }) => {
    if (lastSyncAt === null) return `${kind}: never read yet`;
    return lastError === null
      ? `${kind}: read ${ago(lastSyncAt, asOf)}`
      : `${kind}: stopped ${ago(lastSyncAt, asOf)}. Say “sources” for the reason`;
  });
  const others = coverage.sources.filter((name) => !connected.some(({ kind }) => kind === name));
  return [...lines, ...(others.length === 0 ? [] : [`Also stored: ${others.join(", ")}`])];
}

/** The forms of settings, for those who may set them. Whoever sends one is looked up again. */
function settingForms({ role, orgId: id }: HomeFacts): readonly PlacedPart[] {
  if (role === undefined || role === "member") return [{ type: "note", text: "Managers and admins change these." }];
  return [{ type: "actions", buttons: (["schedule", "budget"] as const).map((action) => ({ action, id })) }];
}

/** Someone's home as a card. Measured and estimated savings stand apart and are never added. */
export function homeCard(facts: HomeFacts): Card {
  const { org, settings, standing, month } = facts;
  const connected = sources(facts);
  return {
    about: "home",
    version: 1,
    fallback: `${org}: ${showUsd(month.total.cost)} spent on AI this month.`,
    parts: [
      { type: "heading", text: `AI spend of ${org}`, keep: true },
      figures(facts),
      { type: "note", text: caveats(facts), keep: true },
      ...proposals(facts),
      { type: "heading", text: "Settings" },
      { type: "fields", fields: settings },
      ...settingForms(facts),
      { type: "heading", text: "Sources" },
      connected.length === 0 ? { type: "text", text: "No source is connected." } : { type: "list", items: connected.slice(0, 10) },
      { type: "heading", text: "Next step", keep: true },
      { type: "text", text: nextStep(standing), keep: true },
      {
        type: "note",
        text: `As of ${standing.asOf.toISOString().slice(0, 16).replace("T", " ")} UTC. Open this page again for newer figures.`,
      },
    ],
  };
}
