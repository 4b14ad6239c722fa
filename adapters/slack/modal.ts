import type { types } from "@slack/bolt";
import { z } from "zod";
import type { Author, ThreadKey } from "../../src/core/conversation.ts";
import { AppError, assertNever } from "../../src/core/errors.ts";
import { type Form, type FormField, FormName, type SentForm } from "../../src/core/form.ts";
import { clip } from "../draw-text.ts";
import { limits } from "./blocks.ts";
import { SlackId as Id } from "./envelope.ts";
import { slackCode } from "./errors.ts";
import { type SlackClients, tellSlack } from "./send.ts";

const words = (text: string, most: number): types.PlainTextElement => ({ type: "plain_text", text: clip(text, most), emoji: false });

function element(field: FormField): types.PlainTextInput | types.StaticSelect {
  switch (field.type) {
    case "text": {
      const most = Math.min(field.most, limits.input);
      return {
        type: "plain_text_input",
        action_id: field.name,
        multiline: field.multiline,
        max_length: most,
        ...(field.initial === "" ? {} : { initial_value: clip(field.initial, most) }),
      };
    }
    case "choice": {
      const options = field.options.slice(0, limits.options).map(({ value, label }) => ({ value, text: words(label, limits.option) }));
      const chosen = options.find(({ value }) => value === field.initial);
      return { type: "static_select", action_id: field.name, options, ...(chosen === undefined ? {} : { initial_option: chosen }) };
    }
    default:
      return assertNever(field);
  }
}

const input = (field: FormField): types.InputBlock => ({
  type: "input",
  block_id: field.name,
  optional: field.type === "text" && !field.required,
  label: words(field.label, limits.label),
  element: element(field),
});

/** What a modal remembers: what it is about, and the place that its sender is told in. It says nothing of who may do what. */
const Memory = z.strictObject({ about: z.string().max(200), channel: Id, thread: z.string().max(128) });

/** A form as Slack's modal. */
export const modalOf = (form: Form, { channel, thread }: ThreadKey): types.ModalView => ({
  type: "modal",
  callback_id: form.name,
  private_metadata: JSON.stringify({ about: form.about, channel, thread } satisfies z.infer<typeof Memory>),
  title: words(form.title, limits.viewTitle),
  submit: words(form.submit, limits.viewTitle),
  close: words("Cancel", limits.viewTitle),
  blocks: form.fields.map(input),
});

const Answer = z.union([
  z.object({ type: z.literal("plain_text_input"), value: z.string().nullish() }),
  z.object({ type: z.literal("static_select"), selected_option: z.object({ value: z.string() }).nullish() }),
]);

/** A modal that came back. */
export const SentView = z.object({
  id: Id,
  callback_id: FormName,
  private_metadata: z.string().transform((text, context) => {
    const memory = Memory.safeParse(safeJson(text));
    if (memory.success) return memory.data;
    context.addIssue({ code: "custom", message: "is none of ours" });
    return z.NEVER;
  }),
  state: z.object({ values: z.record(z.string(), z.record(z.string(), Answer)) }),
});

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const valueOf = (answer: z.infer<typeof Answer>): string | undefined =>
  (answer.type === "plain_text_input" ? answer.value : answer.selected_option?.value) ?? undefined;

/** What was filled in, by field. */
export function sentFormOf({ callback_id: form, private_metadata: { about }, state }: z.infer<typeof SentView>): SentForm {
  const pairs = Object.entries(state.values).flatMap(([field, answers]) => {
    const [answer] = Object.values(answers);
    const value = answer === undefined ? undefined : valueOf(answer);
    return value === undefined ? [] : [[field, value] as const];
  });
  return { form, about, values: Object.fromEntries(pairs) };
}

/** Slack's answer that keeps the modal open and says what is wrong: under the field whose words are quoted, else under the first. */
export const refusedIn =
  (view: z.infer<typeof SentView>) =>
  (why: string): string => {
    const quoted = Object.entries(sentFormOf(view).values).find(([, value]) => value !== "" && why.includes(`"${value}"`));
    const field = quoted?.[0] ?? Object.keys(view.state.values)[0] ?? "form";
    return JSON.stringify({ response_action: "errors", errors: { [field]: clip(why, limits.error) } });
  };

/** How to do by words what a form asks for. */
function byWords({ name, about }: Form): string {
  switch (name) {
    case "reject":
      return `To reject without the form, write to me: reject ${about} because … (your reason)`;
    case "ask":
      return "To ask without the form, write to me here, or say /apex and your question.";
    case "digest":
      return "To set it without the form, write to me: digest weekly monday 9 Europe/Berlin (or digest off)";
    case "budget":
      return "To set it without the form, write to me: budget 5000 (or budget 500 for team NAME, or budget off)";
    default:
      return assertNever(name);
  }
}

/** Slack's codes for a press that is too old to open anything. */
const tooLate = new Set(["expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id", "trigger_expired"]);

/**
 * Opens a form for whoever pressed, who must be answered within three seconds: it is tried once and given up early. Where it does not
 * open, its presser is told how to do the same by words.
 */
export async function openInSlack(
  clients: SlackClients,
  press: { readonly trigger: string; readonly thread: ThreadKey; readonly author: Author },
  form: Form,
): Promise<void> {
  const { trigger, thread, author } = press;
  try {
    await clients.quick.views.open({ trigger_id: trigger, view: modalOf(form, thread) });
  } catch (error) {
    const why = tooLate.has(slackCode(error) ?? "") ? "Slack took too long to bring your press here." : "Slack did not open the form.";
    await tellSlack(clients, thread, author, `${why} Press again. ${byWords(form)}`).catch((second: unknown) => {
      throw new AppError("provider_down", "Slack did not open the form, and its presser could not be told.", { cause: second });
    });
  }
}
