import type { InboundEvent } from "../core/conversation.ts";
import type { FormAnswer } from "../core/delivery.ts";
import { AppError, assertNever } from "../core/errors.ts";
import { askForm, type Form, type FormName, type FormRequest, rejectForm } from "../core/form.ts";
import { type AdmitDeps, admittedOrg } from "./admit-event.ts";

/** What a form becomes when it is sent. */
const becomes: Readonly<Record<FormName, InboundEvent["type"]>> = { reject: "click", ask: "message" };

function formOf({ form, about, given }: FormRequest): Form {
  switch (form) {
    case "reject":
      return rejectForm(about);
    case "ask":
      return askForm(given?.["question"] ?? "");
    default:
      return assertNever(form);
  }
}

/** The form that someone wants to fill in, or why there is none for them. What it asks for is judged again when it is sent. */
export async function openForm(deps: AdmitDeps, request: FormRequest): Promise<FormAnswer> {
  try {
    await admittedOrg(deps, { ...request, type: becomes[request.form] });
    return { type: "form", form: formOf(request) };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "forbidden") throw error;
    return { type: "refused", why: error.message };
  }
}
