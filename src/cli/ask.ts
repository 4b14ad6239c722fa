import { randomUUID } from "node:crypto";
import { maxQuestionLength } from "../core/conversation.ts";
import { AppError } from "../core/errors.ts";
import { askDocument } from "./ask-document.ts";
import { type Command, exitCode } from "./command.ts";
import { followRun } from "./follow-run.ts";

export const ask: Command = {
  usage: 'ask "QUESTION" [--json] [--thread NAME]',
  summary: "Answers a question about AI spend; --thread makes it a follow-up to earlier ones of that name.",
  options: { json: { type: "boolean" }, thread: { type: "string" } },
  async run({ app, org, userName, asOf, output, signal }, input) {
    const text = input.words.join(" ").trim();
    if (text === "")
      throw new AppError("bad_input", 'The question is empty. Ask something, for example: apex ask "where does our money go?"');
    if (text.length > maxQuestionLength) {
      throw new AppError(
        "bad_input",
        `The question has ${text.length} characters; at most ${maxQuestionLength} are read. Shorten it, and import data with \`apex import\`.`,
      );
    }
    await app.startWorker();
    const runId = await app.receive({
      type: "message",
      eventId: `cli-${randomUUID()}`,
      thread: { platform: "console", workspace: org.name, channel: "cli", thread: input.text("thread") ?? randomUUID() },
      author: { platform: "console", workspace: org.name, userId: userName, name: userName },
      receivedAt: asOf.toISOString(),
      text,
    });
    const json = input.flag("json");
    const view = await followRun(app, runId, json ? undefined : output, signal);
    if (json) output.out(`${JSON.stringify(askDocument(view), null, 2)}\n`);
    return view.state === "failed" ? exitCode.failed : exitCode.ok;
  },
};
