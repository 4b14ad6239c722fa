import { describe, expect, it } from "vitest";
import { renderConsole } from "../../adapters/console/render.ts";
import { runCard } from "../../adapters/run-card.ts";
import { renderSlack } from "../../adapters/slack/render.ts";
import { estimateLine, sharedCaveats } from "../../adapters/wording.ts";
import { toUsd } from "../../src/core/money.ts";
import { notEstimated } from "../../src/core/savings.ts";
import { recommendationOf, reportOf, viewAfter } from "../contract/run-views.ts";

const everywhere = "Quality has not been measured.";
const three = ["chat", "search", "faq"].map((name) =>
  recommendationOf({ title: `Move ${name}`, evidence: [`Evidence of ${name}.`], caveats: [everywhere, `Caveat of ${name}.`] }),
);
const view = viewAfter([{ type: "report.ready", at: "2026-11-23T12:00:00.000Z", report: reportOf(three) }]);
const count = (text: string, part: string): number => text.split(part).length - 1;

describe("how a proposal reads", () => {
  it("keeps the method out of the estimate and names a possible loss", () => {
    const { estimate } = recommendationOf();
    expect(estimateLine(estimate)).toBe("Estimated saving: $1,500.00 a month (between $1,200.00 and $1,700.00).");
    expect(estimateLine({ ...estimate, low: toUsd(-5_000_000_000_000n) })).toMatch(/it may also cost more/);
  });

  it("names a rise in cost as one, and says why where nothing is estimated", () => {
    const { estimate } = recommendationOf();
    const dearer = { ...estimate, low: toUsd(-5_000_000_000_000n), mid: toUsd(-4_000_000_000_000n), high: toUsd(0n) };
    expect(estimateLine(dearer)).toBe("Estimated saving: none. It costs about $4.00 a month more (saving between −$5.00 and $0.00).");
    const card = renderConsole(
      runCard(
        viewAfter([
          {
            type: "report.ready",
            at: "2026-11-23T12:00:00.000Z",
            report: reportOf([recommendationOf({ estimate: notEstimated("nobody asked") })]),
          },
        ]),
      ),
      { width: 100, color: false },
    );
    expect(card).toContain("Saving not estimated: nobody asked.");
    expect(card).not.toContain("How it is worked out");
  });

  it("says once what holds for every proposal, and each proposal's own caveat beside it", () => {
    expect(sharedCaveats(three)).toEqual([everywhere]);
    expect(sharedCaveats(three.slice(0, 1))).toEqual([]);
    const terminal = renderConsole(runCard(view), { width: 100, color: false });
    const slack = JSON.stringify(renderSlack(runCard(view)).blocks);
    for (const drawn of [terminal, slack]) {
      expect([count(drawn, everywhere), count(drawn, "Caveat of chat."), count(drawn, "Caveat of faq.")]).toEqual([1, 1, 1]);
    }
    expect(count(terminal, "How it is worked out")).toBe(1);
  });

  it("puts the buttons of a Slack card right after its evidence", () => {
    const kinds = renderSlack(runCard(view)).blocks.map((block) => (block.type === "section" ? (block.text?.text ?? "") : block.type));
    const at = kinds.findIndex((text) => text.startsWith("*Move chat*"));
    expect(kinds.slice(at + 1, at + 3)).toEqual(["context", "actions"]);
    expect(kinds[at + 3]).toMatch(/^\*Move search\*/);
  });
});
