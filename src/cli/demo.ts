import { askDemo, questionsNamed } from "../../demo/questions.ts";
import { runDemo } from "../../demo/run-demo.ts";
import type { Command } from "./command.ts";

export const demo: Command = {
  usage: "demo [--question N|all] [--as-of TIME]",
  summary:
    "Walks the whole loop on published production traces, in a workspace of its own; with --question, asks one of the questions of docs/questions.md there.",
  options: { question: { type: "string" } },
  wordless: true,
  check: (_, input) => void questionsNamed(input.text("question") ?? "all"),
  run: ({ app, userName, asOf, output, signal }, input) => {
    const context = { app, userName, asOf, output, signal };
    const question = input.text("question");
    return question === undefined ? runDemo(context) : askDemo(context, questionsNamed(question));
  },
};
