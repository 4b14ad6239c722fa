import { z } from "zod";
import {
  type Author,
  type InboundEvent,
  type InboundOrigin,
  maxQuestionLength,
  maxReasonLength,
  SettingForm,
  type ThreadKey,
} from "./conversation.ts";
import { AppError, assertNever } from "./errors.ts";
import { isId } from "./ids.ts";

/** What can be asked in a form: why a proposal is rejected; a question; when the digest comes; what may be spent. */
export const FormName = z.enum(["reject", "ask", ...SettingForm.options]);
export type FormName = z.infer<typeof FormName>;

/** One thing that a form asks. */
export type FormField =
  | {
      readonly type: "text";
      readonly name: string;
      readonly label: string;
      readonly multiline: boolean;
      readonly required: boolean;
      /** The most characters. */
      readonly most: number;
      readonly initial: string;
    }
  | {
      readonly type: "choice";
      readonly name: string;
      readonly label: string;
      readonly options: readonly { readonly value: string; readonly label: string }[];
      /** The value that is chosen at first. */
      readonly initial: string;
    };

/** A form in neutral parts, which each platform draws in its own way. */
export interface Form {
  readonly name: FormName;
  /** The id of what it is about; empty where it is about nothing that exists. It says nothing about what may be done. */
  readonly about: string;
  readonly title: string;
  /** The label of the button that sends it. */
  readonly submit: string;
  readonly fields: readonly FormField[];
}

/** Someone wants to fill in a form. */
export interface FormRequest {
  readonly form: FormName;
  readonly about: string;
  readonly thread: ThreadKey;
  readonly author: Author;
  /** What fields hold at first, where whoever asked brought it: the words of a message. */
  readonly given?: Readonly<Record<string, string>>;
}

/** A form that was filled in and sent. */
export interface SentForm {
  readonly form: FormName;
  readonly about: string;
  /** By field; a field that was left empty may be absent. */
  readonly values: Readonly<Record<string, string>>;
}

/** The form that asks why a proposal is rejected. */
export const rejectForm = (about: string): Form => ({
  name: "reject",
  about,
  title: "Reject this proposal",
  submit: "Reject",
  fields: [
    { type: "text", name: "reason", label: "Why? (optional)", multiline: true, required: false, most: maxReasonLength, initial: "" },
  ],
});

/** The form that asks for a question; `text` is what it holds at first. */
export const askForm = (text: string): Form => ({
  name: "ask",
  about: "",
  title: "Ask Apex",
  submit: "Ask",
  fields: [
    {
      type: "text",
      name: "question",
      label: "What do you want to know about your AI spend?",
      multiline: true,
      required: true,
      // The least that a platform's field takes.
      most: Math.min(maxQuestionLength, 3_000),
      initial: text,
    },
  ],
});

/** What a form of ours can hold; more is none of ours and is cut. */
const shortened = (values: SentForm["values"]): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values)
      .slice(0, 20)
      .map(([name, value]) => [name.slice(0, 64), value.trim().slice(0, 300)]),
  );

/** The event that a sent form is; an AppError "bad_input" where it is none of ours. */
export function eventOfForm(origin: InboundOrigin, { form, about, values }: SentForm): InboundEvent {
  switch (form) {
    case "reject": {
      if (!isId("approval", about)) throw new AppError("bad_input", "This form is none of ours. Ask again for a fresh proposal.");
      const reason = (values["reason"] ?? "").trim().slice(0, maxReasonLength);
      return { type: "click", ...origin, action: "reject", approvalId: about, ...(reason === "" ? {} : { reason }) };
    }
    case "ask":
      return { type: "message", ...origin, text: (values["question"] ?? "").trim() };
    case "digest":
    case "budget":
      return { type: "submitted", ...origin, form, about: about.slice(0, 128), values: shortened(values) };
    default:
      return assertNever(form);
  }
}
