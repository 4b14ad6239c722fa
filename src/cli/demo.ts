import { runDemo } from "../../demo/run-demo.ts";
import type { Command } from "./command.ts";

export const demo: Command = {
  usage: "demo [--as-of TIME]",
  summary: "Walks the whole loop on published production traces, in a workspace of its own.",
  options: {},
  wordless: true,
  run: ({ app, userName, asOf, output, signal }) => runDemo({ app, userName, asOf, output, signal }),
};
