import type { GenerationSpec, Preset } from "../core/generation.ts";
import { bimodal, exponential, lognormal, normal, uniform, wave, workload } from "./preset-parts.ts";

/** What a preset settles; the rest of a specification is asked for. */
export type PresetSpec = Omit<GenerationSpec, "name" | "seed" | "records" | "period" | "anomalies" | "preset">;

const gpt5 = { provider: "openai", model: "gpt-5" };
const gpt5Mini = { provider: "openai", model: "gpt-5-mini" };
const gpt4oMini = { provider: "openai", model: "gpt-4o-mini" };
const sonnet = { provider: "anthropic", model: "claude-sonnet-4-5" };
const haiku = { provider: "anthropic", model: "claude-haiku-4-5" };
const flash = { provider: "google", model: "gemini-2.5-flash" };
const pro = { provider: "google", model: "gemini-2.5-pro" };

const fewErrors = { rate: 0.01, error: 6, timeout: 3, aborted: 1 };

/** Shoppers in the evening and at weekends; short searches beside long listings; the same questions come again. */
const shop: PresetSpec = {
  workloads: [
    workload({
      name: "shopping-assistant",
      team: "storefront",
      weight: 40,
      models: [
        { ...gpt5Mini, weight: 7 },
        { ...haiku, weight: 3 },
      ],
      inputTokens: lognormal(1_200, 0.6),
      outputTokens: lognormal(220, 0.5),
    }),
    workload({
      name: "product-search",
      team: "storefront",
      weight: 35,
      models: [{ ...gpt4oMini, weight: 1 }],
      inputTokens: exponential(420),
      outputTokens: exponential(60),
      latencyMs: lognormal(600, 0.4),
      turns: 2,
      duplicateRate: 0.12,
    }),
    workload({
      name: "listing-writer",
      team: "catalogue",
      weight: 15,
      models: [{ ...gpt5, weight: 1 }],
      inputTokens: normal(2_400, 500),
      outputTokens: normal(700, 150),
      reasoningShare: 0.3,
      turns: 1,
    }),
    workload({
      name: "returns-desk",
      team: "support",
      weight: 10,
      models: [{ ...sonnet, weight: 1 }],
      inputTokens: bimodal(900, 5_200, 0.7),
      outputTokens: lognormal(260, 0.5),
    }),
  ],
  growth: 0.08,
  hours: wave(19, 0.15),
  weekdays: [1, 0.95, 0.95, 1, 1.15, 1.4, 1.3],
  errors: fewErrors,
  users: 2_000,
  apiKeys: 6,
};

/** Office hours and weekdays; long documents, much reasoning, few errors. */
const bank: PresetSpec = {
  workloads: [
    workload({
      name: "document-review",
      team: "compliance",
      weight: 30,
      models: [
        { ...sonnet, weight: 6 },
        { ...pro, weight: 4 },
      ],
      inputTokens: lognormal(9_000, 0.7),
      outputTokens: normal(900, 220),
      latencyMs: lognormal(6_000, 0.5),
      cache: { hitRate: 0.6, hitShare: 0.7 },
    }),
    workload({
      name: "fraud-notes",
      team: "risk",
      weight: 45,
      models: [{ ...gpt5Mini, weight: 1 }],
      inputTokens: normal(1_500, 350),
      outputTokens: exponential(140),
      turns: 1,
      duplicateRate: 0.05,
    }),
    workload({
      name: "adviser-chat",
      team: "wealth",
      weight: 25,
      models: [{ ...gpt5, weight: 1 }],
      inputTokens: bimodal(1_000, 6_000, 0.6),
      outputTokens: lognormal(380, 0.5),
      reasoningShare: 0.4,
      turns: 6,
    }),
  ],
  growth: 0.04,
  hours: wave(14, 0.05),
  weekdays: [1.1, 1.1, 1.1, 1.1, 1, 0.15, 0.1],
  errors: { rate: 0.004, error: 5, timeout: 4, aborted: 1 },
  users: 600,
  apiKeys: 8,
};

/** A clinic by day and less of it at night; notes of two lengths. */
const clinic: PresetSpec = {
  workloads: [
    workload({
      name: "visit-notes",
      team: "clinics",
      weight: 50,
      models: [{ ...gpt5, weight: 1 }],
      inputTokens: bimodal(1_800, 7_500, 0.65),
      outputTokens: normal(650, 160),
      reasoningShare: 0.25,
      turns: 2,
    }),
    workload({
      name: "triage-line",
      team: "contact-centre",
      weight: 35,
      models: [
        { ...haiku, weight: 8 },
        { ...sonnet, weight: 2 },
      ],
      inputTokens: lognormal(900, 0.5),
      outputTokens: exponential(180),
      latencyMs: lognormal(900, 0.4),
      turns: 5,
    }),
    workload({
      name: "coding-claims",
      team: "billing",
      weight: 15,
      models: [{ ...flash, weight: 1 }],
      inputTokens: uniform(600, 4_000),
      outputTokens: uniform(20, 160),
      turns: 1,
      duplicateRate: 0.08,
    }),
  ],
  growth: 0.03,
  hours: wave(11, 0.2),
  weekdays: [1.2, 1.1, 1.1, 1.1, 1, 0.5, 0.4],
  errors: { rate: 0.008, error: 4, timeout: 5, aborted: 1 },
  users: 900,
  apiKeys: 5,
};

/** Players in the late evening, most at weekends; very many short calls. */
const game: PresetSpec = {
  workloads: [
    workload({
      name: "character-dialogue",
      team: "live-game",
      weight: 70,
      models: [{ ...gpt4oMini, weight: 1 }],
      inputTokens: exponential(700),
      outputTokens: exponential(70),
      latencyMs: lognormal(450, 0.4),
      turns: 12,
    }),
    workload({
      name: "chat-moderation",
      team: "safety",
      weight: 25,
      models: [{ ...flash, weight: 1 }],
      inputTokens: uniform(40, 600),
      outputTokens: uniform(2, 30),
      latencyMs: lognormal(300, 0.3),
      turns: 1,
      duplicateRate: 0.2,
    }),
    workload({
      name: "quest-writer",
      team: "content",
      weight: 5,
      models: [{ ...sonnet, weight: 1 }],
      inputTokens: normal(5_000, 900),
      outputTokens: lognormal(1_600, 0.4),
      latencyMs: lognormal(9_000, 0.4),
    }),
  ],
  growth: 0.15,
  hours: wave(21, 0.1),
  weekdays: [0.9, 0.9, 0.9, 0.95, 1.2, 1.6, 1.5],
  errors: { rate: 0.02, error: 5, timeout: 3, aborted: 4 },
  users: 20_000,
  apiKeys: 4,
};

/** Few people with very long prompts and much reasoning, at any hour; experiments come in bursts. */
const lab: PresetSpec = {
  workloads: [
    workload({
      name: "paper-reading",
      team: "literature",
      weight: 40,
      models: [
        { ...pro, weight: 1 },
        { ...gpt5, weight: 1 },
      ],
      inputTokens: lognormal(18_000, 0.8),
      outputTokens: lognormal(1_100, 0.6),
      reasoningShare: 0.5,
      latencyMs: lognormal(15_000, 0.6),
    }),
    workload({
      name: "code-experiments",
      team: "methods",
      weight: 45,
      models: [{ ...sonnet, weight: 1 }],
      inputTokens: bimodal(2_500, 22_000, 0.6),
      outputTokens: lognormal(900, 0.8),
      turns: 15,
      cache: { hitRate: 0.8, hitShare: 0.8 },
    }),
    workload({
      name: "labelling",
      team: "data",
      weight: 15,
      models: [{ ...gpt4oMini, weight: 1 }],
      inputTokens: uniform(200, 1_200),
      outputTokens: uniform(5, 40),
      turns: 1,
    }),
  ],
  growth: 0.02,
  hours: wave(15, 0.5),
  weekdays: [1, 1, 1.05, 1.05, 1, 0.6, 0.6],
  errors: { rate: 0.015, error: 5, timeout: 5, aborted: 2 },
  users: 60,
  apiKeys: 12,
};

/** What each preset settles. Everything in it is assumed, none of it measured. */
export const presets = {
  "e-commerce": shop,
  financial: bank,
  healthcare: clinic,
  gaming: game,
  research: lab,
} satisfies Record<Preset, PresetSpec>;
