import { z } from "zod";
import { ClickAction, type InboundEvent, type InboundOrigin } from "./conversation.ts";
import { AppError } from "./errors.ts";
import type { FormName } from "./form.ts";
import { type Id, isId } from "./ids.ts";

/** What a button of ours asks for; beside it, a button carries one opaque id and nothing else. */
export const ButtonAction = z.enum([...ClickAction.options, "helpful", "unhelpful", "schedule", "budget", "snooze"]);
export type ButtonAction = z.infer<typeof ButtonAction>;

/** A press, read from what the button carried. */
export type Press =
  | { readonly type: "click"; readonly action: Exclude<ClickAction, "reject">; readonly approvalId: Id<"approval"> }
  | { readonly type: "feedback"; readonly runId: Id<"run">; readonly helpful: boolean }
  | { readonly type: "snooze"; readonly noticeId: Id<"notice"> }
  /** Something is asked first. */
  | { readonly type: "form"; readonly form: FormName; readonly about: string };

/** Reads a button; an AppError "bad_input" for one that is none of ours or was tampered with. */
export function pressOf(action: string, id: string): Press {
  const known = ButtonAction.safeParse(action).data;
  if (known === "helpful" || known === "unhelpful") {
    if (isId("run", id)) return { type: "feedback", runId: id, helpful: known === "helpful" };
  } else if (known === "schedule" || known === "budget") {
    if (isId("run", id) || isId("notice", id) || isId("org", id))
      return { type: "form", form: known === "budget" ? "budget" : "digest", about: id };
  } else if (known === "snooze") {
    if (isId("notice", id)) return { type: "snooze", noticeId: id };
  } else if (known !== undefined && isId("approval", id)) {
    return known === "reject" ? { type: "form", form: "reject", about: id } : { type: "click", action: known, approvalId: id };
  }
  throw new AppError("bad_input", "This button is none of ours, or has been tampered with. Ask again for a fresh proposal.");
}

/** The event that a press is, where nothing is asked first. */
export const eventOfPress = (origin: InboundOrigin, press: Exclude<Press, { type: "form" }>): InboundEvent => ({ ...origin, ...press });
