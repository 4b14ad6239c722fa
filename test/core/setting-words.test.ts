import { describe, expect, it } from "vitest";
import { commandOf } from "../../src/core/command.ts";

const set = (text: string) => {
  const command = commandOf(text);
  return command?.type === "set" ? [command.what, command.values] : command;
};

describe("setting a digest or a budget in words", () => {
  it.each([
    ["digest weekly monday 9 Europe/Berlin", { weekday: "monday", hour: "9", zone: "Europe/Berlin" }],
    [
      "/apex digest weekly on Fridays at 17 in America/New_York to me",
      { weekday: "friday", hour: "17", zone: "America/New_York", place: "me" },
    ],
    ["digest tue 8:00 here", { weekday: "tue", hour: "8", place: "here" }],
    ["digest weekly moonday 9", { weekday: "moonday", hour: "9" }],
    ["digest weekly", {}],
    ["digest off.", { on: "off" }],
    ["digest on", { on: "on" }],
    ["digest me", { place: "me" }],
  ])("reads “%s”", (text, values) => {
    expect(set(text)).toEqual(["digest", values]);
  });

  it.each([
    ["budget 5000", { amount: "5000", place: "here" }],
    ["Budget $5,000 a month", { amount: "$5,000", place: "here" }],
    ["budget 500.50 for team Search Relevance", { amount: "500.50", scope: "team", name: "Search Relevance", place: "here" }],
    ["budget 200 for the workload support-chat me", { amount: "200", scope: "workload", name: "support-chat", place: "me" }],
    ["budget -5", { amount: "-5", place: "here" }],
    ["budget off", { on: "off", place: "here" }],
    ["budget off for team search", { on: "off", scope: "team", name: "search", place: "here" }],
  ])("reads “%s”", (text, values) => {
    expect(set(text)).toEqual(["budget", values]);
  });

  it.each(["digest of the last quarter by team", "budget for next year?", "budget 5000 or more?", "What is our budget", "digestive"])(
    "leaves “%s” to the analyst",
    (text) => {
      expect(commandOf(text)).toBeUndefined();
    },
  );

  it("shows both where nothing is to be set", () => {
    expect(commandOf("budgets?")).toEqual({ type: "show", topic: "budget" });
    expect(commandOf("weekly digest")).toEqual({ type: "show", topic: "digest" });
  });
});
