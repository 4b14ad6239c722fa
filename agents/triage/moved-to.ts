import { findNames } from "./entities.ts";
import { asItReads } from "./readings.ts";

const moving = /\b(?:mov|switch|migrat|downgrad|upgrad|chang|replac|swap)\w*\b[^.?!;]*?\b(?:to|with|by|into)\b([^?!;]*)/g;

/** Of some models, those that a question wants to move to ("replace A with B"): all of them where it says no such thing. */
export function movedTo(question: string, models: readonly string[]): readonly string[] {
  const ends = [...asItReads(question).matchAll(moving)].map((match) => match[1] ?? "").join(" ");
  const found = findNames(ends, { models, workloads: [], teams: [] }, new Set(models)).models;
  return found.length > 0 ? found : models;
}
