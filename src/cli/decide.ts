import { type ClickAction, maxReasonLength } from "../core/conversation.ts";
import { AppError } from "../core/errors.ts";
import { isId } from "../core/ids.ts";
import type { PressOutcome } from "../flows/press-approval.ts";
import { awaitEffect } from "./await-effect.ts";
import { type Command, exitCode, onlyWord, shownWord } from "./command.ts";

type Verb = Exclude<ClickAction, "details">;

const done: ReadonlySet<PressOutcome["result"]> = new Set<PressOutcome["result"]>(["first_of_two", "rejected", "rolled_back"]);

/** A command that presses a button on a recommendation, with everything that a press on a chat platform goes through. */
const press = (verb: Verb, summary: string, takesReason = false): Command => {
  const command: Command = {
    usage: `${verb} APPROVAL_ID${takesReason ? " [--reason TEXT]" : ""}`,
    summary,
    options: takesReason ? { reason: { type: "string" } } : {},
    async run(context, input) {
      const { app, org, member, output } = context;
      const approvalId = onlyWord(command, input, "the approval's id (apr_…), as the report shows it");
      if (!isId("approval", approvalId)) {
        throw new AppError(
          "bad_input",
          `${shownWord(approvalId)} is not an approval id. It looks like apr_…; the report shows it beside each recommendation.`,
        );
      }
      const reason = input.text("reason");
      if (reason !== undefined && reason.length > maxReasonLength) {
        throw new AppError(
          "bad_input",
          `The reason has ${reason.length} characters; at most ${maxReasonLength} are kept. Say it in fewer words.`,
        );
      }
      await app.startWorker();
      const { result, sentence } = await app.press({ orgId: org.id, approvalId, verb, member, reason });
      output.out(`${sentence}\n`);
      if (result === "approved" || result === "applying") return awaitEffect(context, approvalId);
      return done.has(result) ? exitCode.ok : exitCode.failed;
    },
  };
  return command;
};

export const approve = press("approve", "Approves a recommendation and waits until it is in effect.");
export const reject = press("reject", "Rejects a recommendation; the reason is shown on its card and kept in the audit trail.", true);
export const apply = press("apply", "Applies an approved recommendation again that could not be applied, and waits until it is in effect.");
export const rollback = press("rollback", "Takes an applied recommendation back.");
