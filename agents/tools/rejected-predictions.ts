import { z } from "zod";
import { defineAnalysis, nothingFound } from "../analysis.ts";
import { Scope } from "../figures.ts";
import { missingData } from "./missing.ts";

/**
 * Rejected tokens of predicted outputs (reference analysis 35), which are billed as output. No source stores them: OpenAI's usage reports
 * and the stored buckets hold them inside output. It says so and computes nothing.
 */
export const rejectedPredictions = defineAnalysis({
  name: "rejected_predictions",
  title: "Looking for rejected predictions",
  heading: "Rejected predictions",
  agent: "data_analysis",
  category: "cost",
  wordings: [/\b(?:rejected|predicted)\b.{0,15}\b(?:predictions?|outputs?)\b/, /\bpredicted[- ]outputs?\b/],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async () => nothingFound([missingData.predictions]),
});
