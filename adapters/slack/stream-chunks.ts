import type { types } from "@slack/bolt";
import type { Card } from "../../src/core/card.ts";
import type { Author } from "../../src/core/conversation.ts";
import type { StepView } from "../../src/core/run.ts";
import { clip, oneLine, plain } from "../draw-text.ts";
import { smallPrint } from "./blocks.ts";

/** What a stream shows of a run: to whom, whether more will come, and its chunks. Sent again, a chunk replaces what it said before. */
export interface SlackStream {
  readonly asker: Author;
  readonly working: boolean;
  /** The question, with which a stream begins. */
  readonly opening: readonly types.AnyChunk[];
  /** Who is at work, and every step. */
  readonly progress: readonly types.AnyChunk[];
}

/** Slack's limits on the words of a chunk and on the tasks of a plan. */
const mostCharacters = 256;
const mostTasks = 50;

const states = { waiting: "pending", running: "in_progress", done: "complete", failed: "error" } as const satisfies Record<
  StepView["state"],
  types.TaskUpdateChunk["status"]
>;

/** One line without signs that could begin a mention or a link: Slack does not say how it reads titles. */
const title = (text: string): string =>
  clip(oneLine(plain(text)).replaceAll("<", "‹").replaceAll(">", "›").replaceAll("](", "] ("), mostCharacters);

/** Draws a card's run as a stream; undefined for a card that is of no run. The names of the chunks begin with what the card is about. */
export function streamOf({ about, course, live }: Card): SlackStream | undefined {
  if (live === undefined) return undefined;
  const tasks = live.steps.slice(0, mostTasks).map(
    (step): types.AnyChunk => ({
      type: "task_update",
      id: `${about}.${step.id}`,
      title: title(step.note === "" ? step.title : `${step.title}: ${step.note}`),
      status: states[step.state],
    }),
  );
  const question = smallPrint(course?.question ?? "…", 300).blocks.map((block) => ({ ...block, block_id: `${about}.asked` }));
  return {
    asker: live.asker,
    working: live.working,
    opening: [{ type: "blocks", blocks: question }],
    progress: [{ type: "plan_update", title: title(live.who) }, ...tasks],
  };
}
