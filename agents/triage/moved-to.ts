import { findNames } from "./entities.ts";
import { asItReads } from "./readings.ts";

const moving = /\b(?:mov|switch|migrat|downgrad|upgrad|chang|replac|swap)\w*\b[^.?!;]*?\b(?:to|with|by|into)\b([^?!;]*)/g;

/** Of the models that a question names, those that it wants to move to ("replace A with B"); undefined where it says so of none or of all. */
export function movedTo(question: string, models: readonly string[]): readonly string[] | undefined {
  const ends = [...asItReads(question).matchAll(moving)].map((match) => match[1] ?? "").join(" ");
  const found = findNames(ends, { models, workloads: [], teams: [] }, new Set(models)).models;
  return found.length > 0 && found.length < models.length ? found : undefined;
}
