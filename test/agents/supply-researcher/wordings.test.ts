import { describe, expect, it } from "vitest";
import { makePlan } from "../../../agents/plan.ts";
import { marketWordings, modelWordings, priceWordings } from "../../../agents/supply-researcher/instructions.ts";
import { readWordings } from "../questions/wordings.ts";
import { ask } from "../triage/known-org.ts";

const wordings: Readonly<Record<string, readonly string[]>> = {
  supply_price_watch: [
    "any price changes this week?",
    "Did any prices change since Monday?",
    "have model prices gone up lately?",
    "which prices moved in the last 30 days",
    "price watch",
    "were there any price drops last month?",
    "is our price data fresh?",
    "how old is the price book",
    "Is the price list up to date?",
    "are our prices stale?",
    "what do sources say about gpt-5-mini's price?",
    "What do the lists say gpt-5 costs?",
    "does litellm agree with the price book on gpt-5?",
    "show me gpt-5-mini's price from all sources",
    "Any pricing changes at OpenAI?",
    "price moves this month",
  ],
  supply_new_models: [
    "which new models came out?",
    "Any new models?",
    "what new models were released this month",
    "new models since last week?",
    "Which models came out recently?",
    "which models are no longer listed?",
    "Did the capabilities of any model change?",
    "newest models released",
    "show new models",
  ],
  supply_market_report: [
    "market report",
    "give me the monthly market report",
    "model market overview",
    "how is the model market?",
    "supply report",
    "Market summary please",
  ],
};

describe("questions about the market", () => {
  it.each(Object.entries(wordings).flatMap(([tool, ones]) => ones.map((text) => [text, tool] as const)))(
    "“%s” calls for %s and needs no usage",
    (text, tool) => {
      const triage = ask(text);
      expect([triage.askBack, triage.refusal, triage.entities.tools]).toEqual([null, null, [tool]]);
      expect(makePlan(triage).map(({ agent }) => agent)).toEqual(["supply_researcher", "reporting"]);
    },
  );

  it.each([
    "What does gpt-5-mini cost?",
    "what did we spend on new models last week?",
    "Would a new model suit our set-up?",
    "Which agents' tools should move to a new model?",
    "Why did the bill jump?",
    "Which of our models are being retired?",
    "list deprecated models",
    "what is the price of gpt-5?",
    "Usage grows 50 % next month: what happens to cost?",
    "Cheapest models with 200k context",
    "Is claude-haiku-4-5 cheaper than gpt-5-mini?",
    "what changed in our costs since the price list of May?",
  ])("“%s” is none of them", (text) => {
    expect(ask(text).entities.tools.filter((tool) => tool.startsWith("supply_"))).toEqual([]);
  });

  it("are none of the wordings of the questions about spend", () => {
    const rules = [...priceWordings, ...modelWordings, ...marketWordings];
    const taken = readWordings().filter(({ text }) => rules.some((rule) => rule.test(text.toLowerCase())));
    expect(taken.map(({ text }) => text)).toEqual([]);
  });
});
