import type { Card, PlacedPart } from "../src/core/card.ts";
import type { AlertContent, DigestContent, NoticeView } from "../src/core/notice.ts";
import { clip, oneLine } from "./draw-text.ts";
import { shortProposal } from "./short-proposal.ts";

/** How many proposals a digest shows with their buttons. */
const mostProposals = 3;

const heading = (text: string): PlacedPart => ({ type: "heading", text });
const listed = (title: string, items: readonly string[]): readonly PlacedPart[] =>
  items.length === 0 ? [] : [heading(title), { type: "list", items }];
const noted = (notes: readonly string[]): readonly PlacedPart[] => (notes.length === 0 ? [] : [{ type: "note", text: notes.join("\n") }]);

function proposals({ waiting }: DigestContent, { decisions }: NoticeView): readonly PlacedPart[] {
  if (waiting.length === 0) return [{ type: "text", text: "Nothing waits for approval." }];
  const more = waiting.length - mostProposals;
  return [
    { ...heading("Waiting for approval"), keep: true },
    ...waiting.slice(0, mostProposals).map(({ approvalId, recommendation }, index): PlacedPart => {
      const decision = decisions.find((one) => one.approvalId === approvalId);
      return { ...shortProposal(recommendation, index + 1, decision), keep: true };
    }),
    ...(more > 0 ? [{ type: "note" as const, text: `${more} more: say \`status\`.` }] : []),
  ];
}

const digestParts = (content: DigestContent, view: NoticeView): readonly PlacedPart[] => [
  { type: "heading", text: content.title, keep: true },
  { type: "text", text: content.summary, keep: true },
  ...listed("What moved, and why", content.movers),
  ...(content.measured.length === 0
    ? [{ type: "text" as const, text: "No saving was measured in this week." }]
    : listed("Saved (measured)", content.measured)),
  ...proposals(content, view),
  ...listed("What changed", content.changes),
  ...noted(content.notes),
  { type: "actions", buttons: [{ action: "schedule", id: view.id }], keep: true },
];

const minute = (at: Date): string => `${at.toISOString().slice(0, 16).replace("T", " ")} UTC`;

const alertParts = (content: AlertContent, { id, snoozed }: NoticeView): readonly PlacedPart[] => [
  { type: "heading", text: content.title, keep: true },
  { type: "text", text: content.summary, keep: true },
  ...listed("What lies behind it", content.causes),
  ...noted(content.notes),
  ...(snoozed === undefined
    ? [{ type: "actions" as const, buttons: [{ action: "snooze" as const, id }], keep: true as const }]
    : [{ type: "note" as const, text: `Snoozed until ${minute(snoozed.until)} by ${oneLine(snoozed.by)}.`, keep: true as const }]),
];

/** A notice as a card: the same on every platform, whose own limits cut it. */
export function noticeCard(view: NoticeView): Card {
  const { id, seq, content } = view;
  return {
    about: id,
    version: seq,
    fallback: oneLine(clip(`${content.title}: ${content.summary}`, 3_000)),
    parts: content.kind === "digest" ? digestParts(content, view) : alertParts(content, view),
  };
}
