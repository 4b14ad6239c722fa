import type { ClickAction } from "../core/conversation.ts";
import { AppError } from "../core/errors.ts";
import { isId } from "../core/ids.ts";
import { awaitEffect } from "./await-effect.ts";
import { type Command, exitCode, onlyWord, shownWord } from "./command.ts";

/** A command that presses a button on a recommendation, with everything that a press on a chat platform goes through. */
const press = (verb: Exclude<ClickAction, "details">, summary: string): Command => {
  const command: Command = {
    usage: `${verb} APPROVAL_ID`,
    summary,
    options: {},
    async run(context, input) {
      const { app, org, member, output } = context;
      const approvalId = onlyWord(command, input, "the approval's id (apr_…), as the report shows it");
      if (!isId("approval", approvalId)) {
        throw new AppError(
          "bad_input",
          `${shownWord(approvalId)} is not an approval id. It looks like apr_…; the report shows it beside each recommendation.`,
        );
      }
      await app.startWorker();
      const { result, sentence } = await app.press({ orgId: org.id, approvalId, verb, member });
      output.out(`${sentence}\n`);
      if (result === "approved") return awaitEffect(context, approvalId);
      return result === "rejected" || result === "rolled_back" ? exitCode.ok : exitCode.failed;
    },
  };
  return command;
};

export const approve = press("approve", "Approves a recommendation and waits until it is in effect.");
export const reject = press("reject", "Rejects a recommendation.");
export const rollback = press("rollback", "Takes an applied recommendation back.");
