import type { Author } from "./conversation.ts";
import type { ButtonAction } from "./press.ts";
import type { ChartSeries } from "./report.ts";
import type { StepView } from "./run.ts";

/** A button. It carries an opaque id and nothing else; who pressed, and whether they may, is looked up when it is pressed. */
export interface CardButton {
  readonly action: ButtonAction;
  readonly id: string;
}

/** A change that is proposed, with its evidence and what became of it. */
export interface ProposalPart {
  readonly type: "proposal";
  /** Its place among all proposals of the card, from 1. */
  readonly number: number;
  readonly title: string;
  /** What it saves: estimated and, where that is known, measured, each under its own label. */
  readonly savings: readonly { readonly kind: "estimated" | "measured"; readonly text: string }[];
  readonly evidence: readonly string[];
  /** What the customer would have to do; empty where Apex does it. */
  readonly toDo: readonly string[];
  /** How it was worked out, its risk and its caveats. */
  readonly caveats: readonly string[];
  /** Who decided and what happened; empty while it waits. */
  readonly status: { readonly text: string; readonly good: boolean } | undefined;
  readonly buttons: readonly CardButton[];
}

/** How far something is: who is at work, where, and every step with its mark. */
export interface ProgressPart {
  readonly type: "progress";
  readonly who: string;
  readonly where: string;
  readonly steps: readonly string[];
}

/** A part of a card. Text is plain: each platform escapes it. */
export type CardPart =
  | { readonly type: "heading"; readonly text: string }
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "note"; readonly text: string }
  | { readonly type: "quote"; readonly text: string }
  | { readonly type: "list"; readonly items: readonly string[] }
  | { readonly type: "fields"; readonly fields: readonly { readonly name: string; readonly value: string }[] }
  | { readonly type: "table"; readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] }
  | { readonly type: "chart"; readonly chart: ChartSeries }
  | { readonly type: "actions"; readonly buttons: readonly CardButton[] }
  | ProgressPart
  | ProposalPart;

/** A part and whether it may be left out where a platform's message is too small for all of them. */
export type PlacedPart = CardPart & { readonly keep?: true };

/** A message in neutral parts, from top to bottom, which each platform draws in its own way. */
export interface Card {
  /** The id of the fact that the message is about: a run, a digest, an alert. A message that was posted and not recorded is found again by it. */
  readonly about: string;
  /** Grows with each edit of the message. */
  readonly version: number;
  /** The question that is answered and the steps that were taken, for platforms that show the whole course of it. */
  readonly course?: { readonly question: string; readonly steps: readonly string[] };
  /** Who asked, whether the run is still at work, and its steps, for platforms that stream progress to whoever asked. */
  readonly live?: { readonly asker: Author; readonly working: boolean; readonly who: string; readonly steps: readonly StepView[] };
  /** One sentence for notifications, and for readers that draw no cards. */
  readonly fallback: string;
  readonly parts: readonly PlacedPart[];
}
