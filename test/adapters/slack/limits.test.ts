import { describe, expect, it } from "vitest";
import { runCard } from "../../../adapters/run-card.ts";
import { renderHome } from "../../../adapters/slack/home.ts";
import { modalOf } from "../../../adapters/slack/modal.ts";
import { renderSlack } from "../../../adapters/slack/render.ts";
import type { Card, PlacedPart } from "../../../src/core/card.ts";
import { askForm, type Form, rejectForm } from "../../../src/core/form.ts";
import { newId } from "../../../src/core/ids.ts";
import { everyView, hostile } from "../../contract/run-views.ts";
import { HomeView, MessageBlocks, ModalView, mostInMessage, textIn } from "./limits.ts";

const thread = { platform: "slack" as const, workspace: "T1", channel: "C1", thread: "1.1" };
const long = (characters: number): string => hostile.repeat(Math.ceil(characters / hostile.length)).slice(0, characters);
const card = (parts: readonly PlacedPart[]): Card => ({ about: newId("run"), version: 7, fallback: long(5_000), parts });

/** More of everything than Slack takes. */
const tooMuch: Readonly<Record<string, PlacedPart>> = {
  heading: { type: "heading", text: long(4_000) },
  text: { type: "text", text: long(20_000) },
  note: { type: "note", text: long(9_000) },
  quote: { type: "quote", text: long(9_000) },
  list: { type: "list", items: Array.from({ length: 500 }, (_, i) => `${i} ${long(300)}`) },
  fields: { type: "fields", fields: Array.from({ length: 40 }, () => ({ name: long(400), value: long(4_000) })) },
  table: {
    type: "table",
    columns: Array.from({ length: 30 }, (_, i) => `column ${i}`),
    rows: Array.from({ length: 300 }, () => Array.from({ length: 30 }, () => long(60))),
  },
  chart: {
    type: "chart",
    chart: {
      title: long(400),
      unit: "USD",
      points: Array.from({ length: 200 }, (_, i) => ({ name: `${i} ${long(90)}`, value: i, label: `$${i}` })),
    },
  },
  actions: { type: "actions", buttons: Array.from({ length: 60 }, () => ({ action: "details" as const, id: newId("approval") })) },
  progress: { type: "progress", who: long(900), where: long(9_000), steps: Array.from({ length: 300 }, () => long(90)) },
  proposal: {
    type: "proposal",
    number: 1,
    title: long(900),
    savings: [{ kind: "estimated", text: long(2_000) }],
    evidence: Array.from({ length: 60 }, () => long(400)),
    toDo: [],
    caveats: Array.from({ length: 60 }, () => long(400)),
    status: { text: long(3_000), good: true },
    buttons: (["approve", "reject", "details"] as const).map((action) => ({ action, id: newId("approval") })),
  },
};

/** What Slack would refuse of a message with these parts. */
function refused(parts: readonly PlacedPart[]): readonly string[] {
  const { blocks, text } = renderSlack(card(parts));
  return [
    ...(MessageBlocks.safeParse(blocks).error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`),
    ...(textIn(blocks) > mostInMessage ? [`${textIn(blocks)} characters`] : []),
    ...(text.length > 300 ? [`a notification of ${text.length} characters`] : []),
  ];
}

describe("a message within Slack's limits", () => {
  it.each(Object.entries(tooMuch))("cuts a %s that is far too large, alone and where it must be shown", (_, part) => {
    expect(refused([part])).toEqual([]);
    expect(refused([{ ...part, keep: true }])).toEqual([]);
  });

  it("has 50 blocks at most and 13,200 characters in all, however many parts there are, and says how many were left out", () => {
    const parts = Array.from({ length: 12 }, () => Object.values(tooMuch)).flat();
    expect(refused(parts)).toEqual([]);
    expect(refused(Array.from({ length: 200 }, (_, i): PlacedPart => ({ type: "text", text: `part ${i}` })))).toEqual([]);
    expect(JSON.stringify(renderSlack(card(parts)).blocks)).toContain("parts of this report did not fit in one message");
  });

  it("shows a table as text in fixed width, so that Slack's 100 rows of 20 cells bind nobody, and counts the rows that are cut", () => {
    const { blocks } = renderSlack(card([{ ...(tooMuch["table"] ?? { type: "note", text: "" }) }]));
    expect(blocks.map(({ type }) => type)).toEqual(["section"]);
    expect(JSON.stringify(blocks)).toMatch(/and \d+ more rows/);
  });

  it.each(Object.entries(everyView()))("holds for a run that is %s", (_, view) => {
    expect(MessageBlocks.safeParse(renderSlack(runCard(view)).blocks).error?.issues ?? []).toEqual([]);
  });

  it("asks whether it helped only when it is finished", () => {
    const asks = (state: string): boolean => {
      const view = Object.values(everyView()).find((one) => one.state === state);
      if (view === undefined) throw new Error(`no view is ${state}`);
      return renderSlack(runCard(view)).blocks.some(({ type }) => type === "context_actions");
    };
    expect(["queued", "working", "failed", "done"].map(asks)).toEqual([false, false, false, true]);
  });
});

describe("a Home tab within Slack's limits", () => {
  it("has 100 blocks at most, headers of 150 characters and 10 fields", () => {
    const home = renderHome(card(Array.from({ length: 30 }, () => Object.values(tooMuch)).flat()));
    expect(HomeView.safeParse(home).error?.issues ?? []).toEqual([]);
    for (const part of Object.values(tooMuch)) expect(HomeView.safeParse(renderHome(card([part, part]))).error?.issues ?? []).toEqual([]);
  });

  it("has a line above every heading but the first", () => {
    const home = renderHome(
      card([
        { type: "heading", text: "One" },
        { type: "text", text: "…" },
        { type: "heading", text: "Two" },
      ]),
    );
    expect(home.blocks.map(({ type }) => type)).toEqual(["header", "section", "divider", "header"]);
  });
});

describe("a modal within Slack's limits", () => {
  const huge: Form = {
    name: "ask",
    about: newId("approval"),
    title: long(200),
    submit: long(200),
    fields: [
      { type: "text", name: "question", label: long(4_000), multiline: true, required: true, most: 9_000, initial: long(9_000) },
      {
        type: "choice",
        name: "day",
        label: "Day",
        options: Array.from({ length: 300 }, (_, i) => ({ value: `v${i}`, label: long(200) })),
        initial: "v3",
      },
    ],
  };

  it.each([
    ["one that rejects", rejectForm(newId("approval"))],
    ["one that asks", askForm(long(9_000))],
    ["one that is far too large", huge],
  ])("cuts titles to 24, labels to 2,000, options to 100 of 75 and what it holds to 3,000 characters: %s", (_, form) => {
    expect(ModalView.safeParse(modalOf(form, thread)).error?.issues ?? []).toEqual([]);
  });

  it("shows what its field holds at first, and remembers nothing but ids and the place", () => {
    const view = modalOf(askForm("What did we spend?"), thread);
    expect(view.blocks).toMatchObject([{ block_id: "question", optional: false, element: { initial_value: "What did we spend?" } }]);
    expect(JSON.parse(view.private_metadata ?? "")).toEqual({ about: "", channel: "C1", thread: "1.1" });
  });
});
