import { plain } from "../../adapters/draw-text.ts";
import { digestText } from "../flows/digest-content.ts";
import { digestDocument } from "../flows/weekly-digest.ts";
import { type Command, exitCode } from "./command.ts";

export const digest: Command = {
  usage: "digest [--json]",
  summary: "Shows the last whole week: what was spent, what moved, what waits for approval and what was measured as saved.",
  options: { json: { type: "boolean" } },
  wordless: true,
  async run({ app, org, asOf, output }, input) {
    const week = await app.spending.digest(org.id, org.name, asOf);
    output.out(input.flag("json") ? `${JSON.stringify(digestDocument(week), null, 2)}\n` : plain(digestText(week)));
    return exitCode.ok;
  },
};
