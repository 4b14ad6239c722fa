import type { Recommendation } from "../../src/core/report.ts";

type Steps = Recommendation["steps"];

/** How a routing change is carried out, checked and undone. */
export const routingSteps = (workload: string, fromModel: string, toModel: string): Steps => [
  {
    action: `Approve the change: a new routing policy version sends requests of ${workload} that ask for ${fromModel} to ${toModel}, except the held-out share.`,
    check: "The version in effect is read back from the gateway and announced here.",
    undo: "Press Roll back, or run `apex rollback`: the version before takes effect again.",
  },
  {
    action: "Let both sides run side by side until enough conversations have been seen.",
    check: "Compare cost, errors and your own quality signals of the two sides: `apex savings`.",
    undo: "Roll back where errors rise or answers get worse; that time is not billed.",
  },
];

/** How prompt caching is turned on, on the customer's side. */
export const promptCacheSteps = (workload: string): Steps => [
  {
    action: `In ${workload}, put what never changes (instructions, tools, examples) first in the prompt, and what changes last.`,
    check: "The leading part is equal to the byte in two requests in a row.",
    undo: "Restore the old order of the prompt.",
  },
  {
    action:
      "Mark the end of the unchanging part for caching where the provider asks for a mark, and keep requests of one conversation together.",
    check: "The share of input that is read from cache rises: ask “audit our caching” after a day.",
    undo: "Remove the mark.",
  },
];

/** How an exact cache is put in front, on the customer's side. */
export const duplicateCacheSteps = (workload: string): Steps => [
  {
    action: `Put a cache in front of ${workload}, keyed by tenant, model, parameters and the whole prompt, that forgets after a day.`,
    check: "Repeated prompts no longer reach the provider: ask “show me duplicates” after a day.",
    undo: "Switch the cache off.",
  },
];
