import { createHash } from "node:crypto";
import { z } from "zod";
import { type Author, ClickAction, type InboundEvent } from "../../src/core/conversation.ts";
import { AppError } from "../../src/core/errors.ts";
import { idSchema } from "../../src/core/ids.ts";
import { sessionThread } from "./thread-key.ts";

const shared = {
  user: z.string().min(1).max(128),
  session: z.string().min(1).max(128).default("terminal"),
  /** Names the line: the same id twice is the same line. Without one, user, session, words and moment name it. */
  id: z.string().min(1).max(200).optional(),
};

const ConsoleLine = z.union([
  z.strictObject({ ...shared, text: z.string() }),
  z.strictObject({ ...shared, action: ClickAction, approval: idSchema("approval") }),
]);

function read(line: string): z.infer<typeof ConsoleLine> {
  try {
    return ConsoleLine.parse(JSON.parse(line));
  } catch (cause) {
    throw new AppError(
      "bad_input",
      'The line cannot be read. Write {"user": "…", "text": "…"} or {"user": "…", "action": "approve", "approval": "apr_…"}.',
      { cause },
    );
  }
}

/** Parses one line of JSON: a question, or a decision. */
export function parseLine(line: string, workspace: string, now: Date): InboundEvent {
  const said = read(line);
  const author: Author = { platform: "console", workspace, userId: said.user, name: said.user };
  const receivedAt = now.toISOString();
  const eventId = said.id ?? createHash("sha256").update(`${receivedAt} ${line}`).digest("hex");
  const base = { eventId: `line-${eventId}`, thread: sessionThread(workspace, said.session), author, receivedAt };
  return "text" in said
    ? { type: "message", ...base, text: said.text.trim() }
    : { type: "click", ...base, action: said.action, approvalId: said.approval };
}
