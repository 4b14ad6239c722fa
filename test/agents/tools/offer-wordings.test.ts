import { describe, expect, it } from "vitest";
import { analysesNamed } from "../../../agents/analyses.ts";
import { readWordings } from "../questions/wordings.ts";
import { ask } from "../triage/known-org.ts";

/** Questions that name an analysis of what prices, tiers and sellers offer. */
const wordings: Readonly<Record<string, readonly string[]>> = {
  batch_api: [
    "What would the batch API save us?",
    "could we move doc-summary to batch and save money",
    "which workloads can wait?",
    "how much cheaper would batching be",
    "Is it worth sending support-chat in batches?",
  ],
  flex_tier: [
    "What would the flex tier save?",
    "could doc-summary run on flex",
    "flex processing for doc-summary, 10 % fall back",
    "would flex be cheaper for us?",
  ],
  priority_waste: [
    "Do we need the priority tier?",
    "what does priority processing cost us",
    "which requests run on priority",
    "is anything on the fast tier that need not be",
  ],
  long_context_avoidance: [
    "What does long context cost us?",
    "how many requests are above 200k tokens and what do they cost",
    "are we paying a context surcharge",
    "do long prompts cost a premium",
  ],
  region_premium: [
    "What do we pay extra for US-only inference?",
    "region premium for Claude",
    "what does the regional surcharge cost us",
    "Is data residency making us pay extra?",
  ],
  off_peak_scheduling: [
    "What would off-peak hours save?",
    "would running it at night be cheaper",
    "peak-hour pricing",
    "when are the cheap hours",
  ],
  newer_snapshot: [
    "Are there newer versions of our models that are cheaper?",
    "which newer snapshots could we use",
    "are we on outdated models",
    "is there a cheaper newer release?",
  ],
  retiring_models: [
    "Which of our models are deprecated?",
    "are we on models that are being retired",
    "what of our usage is on models that reach end of life",
    "what do we spend on deprecated models",
  ],
  provider_arbitrage: [
    "Is the same model cheaper at other providers?",
    "which cheaper endpoints sell llama",
    "same model elsewhere cheaper?",
    "compare other providers for our open models",
  ],
  embedding_dedupe: [
    "Do we embed the same texts again?",
    "how many chunks are embedded twice",
    "duplicate embeddings",
    "dedupe our vectors",
  ],
  embedding_downgrade: [
    "Would a smaller embedding model save money?",
    "cheaper embeddings",
    "what would re-embedding cost",
    "are our embeddings too expensive",
  ],
  fine_tune_candidate: [
    "Should we fine-tune a model?",
    "what could we distil into a small model",
    "would finetuning pay off if training costs $500",
    "train our own model?",
  ],
  cost_estimator: [
    "What would 10,000 requests of 2,000 tokens in and 500 out cost on gpt-5-mini?",
    "estimate the cost of 10k calls with 2k input tokens and 500 output tokens on gpt-5",
    "how much would 1 million requests with 300 input tokens cost on claude-sonnet-4-5",
    "cost estimate for gpt-5: 2k tokens in, 500 out",
  ],
  cost_impact_simulator: [
    "What would it cost if we moved search to gpt-5-mini?",
    "simulate moving support-chat from gpt-5 to gpt-4o",
    "cost impact of switching doc-summary to gpt-5-mini",
    "what if we switched search to claude-sonnet-4-5?",
  ],
  server_tool_spend: [
    "What do web searches cost us?",
    "how much do we pay for code execution",
    "what do the built-in tools cost",
    "code interpreter spend",
  ],
  auto_router_value: [
    "What is our router worth?",
    "how much does routing save us",
    "is the auto-router worth it if the classifier costs $0.001",
    "what does routing cost and bring",
  ],
  cascade_value: [
    "What would a cascade cost with 30 % escalated?",
    "small model first, then the big one?",
    "would cascading from gpt-5-mini to gpt-5 be cheaper",
    "if 20 % escalate to the large model, what does it cost",
  ],
  provisioned_break_even: [
    "Would PTUs be cheaper?",
    "is provisioned throughput worth it at $1 an hour per unit and 2,500 tokens a minute",
    "reserved capacity break-even",
    "how many reserved units do we need",
  ],
  commitment_burn_down: [
    "We have $40,000 of credits left until 31 December, will we use them up?",
    "how is our commitment of $100k with OpenAI since 1 July burning down until year-end",
    "commitment burn-down",
    "do our prepaid credits run out",
  ],
};
const names = Object.keys(wordings);
const asked = Object.entries(wordings).flatMap(([tool, questions]) => questions.map((question) => [tool, question] as const));

describe("questions about prices, tiers and sellers", () => {
  it.each(asked)("%s is called for by “%s”", (tool, question) => {
    const { entities, askBack, refusal } = ask(question);
    expect([askBack, refusal]).toEqual([null, null]);
    expect(entities.tools).toContain(tool);
  });

  it("are not heard in questions about something else", () => {
    const nothing = { metrics: [], targets: [], workloads: [], models: [] };
    const others = readWordings().filter(({ setAside, asksBack }) => !setAside && !asksBack);
    const heard = others.flatMap(({ text }) =>
      analysesNamed(text.toLowerCase(), nothing).flatMap(({ name }) => (names.includes(name) ? [`${name}: ${text}`] : [])),
    );
    expect(heard).toEqual([]);
  });
});
