import { z } from "zod";
import type { SharedFile } from "../../src/core/conversation.ts";
import { FormName, type SentForm } from "../../src/core/form.ts";
import { type Press, pressOf } from "../../src/core/press.ts";
import { filesTaken } from "../../src/core/shared-files.ts";
import { clip } from "../draw-text.ts";
import { type Activity, read } from "./activity.ts";

/** An activity in our own terms. */
export type ParsedActivity =
  | { readonly type: "message"; readonly text: string; readonly files: readonly SharedFile[] }
  /** `card` says which drawing of the card was pressed, where the button knows. */
  | { readonly type: "press"; readonly press: Press; readonly action: string; readonly about: string; readonly card: string }
  | { readonly type: "sent"; readonly sent: SentForm; readonly card: string }
  /** Someone's card wants to be up to date. */
  | { readonly type: "refresh"; readonly about: string }
  | { readonly type: "feedback"; readonly messageId: string; readonly helpful: boolean }
  | { readonly type: "added" }
  | { readonly type: "taken out" }
  | { readonly type: "ignored"; readonly why: string };

/** The verb of a card that asks for its own newest state, and of one that sends a form. */
export const refreshVerb = "refresh";
export const formVerb = "form";

const Mention = z.object({ type: z.literal("mention"), text: z.string(), mentioned: z.object({ id: z.string() }) });

const Download = z.object({
  contentType: z.literal("application/vnd.microsoft.teams.file.download.info"),
  name: z.string().max(1_000),
  content: z.object({ downloadUrl: z.url().max(4_096), uniqueId: z.string().min(1).max(128) }),
});

/** What a button or a form of ours carries: `action` in a fall-back, the verb elsewhere. */
const Carried = z.looseObject({ action: z.string().max(64).optional(), id: z.string().max(128).default(""), form: z.string().optional() });

const Execute = z.object({
  action: z.object({ verb: z.string().max(64), id: z.string().max(128).default(""), data: Carried.default({ id: "" }) }),
});

const Reaction = z.object({ actionName: z.literal("feedback"), actionValue: z.object({ reaction: z.enum(["like", "dislike"]) }) });

const mentionsOf = ({ entities }: Activity): readonly z.infer<typeof Mention>[] =>
  (entities ?? []).flatMap((entity) => {
    const mention = Mention.safeParse(entity);
    return mention.success ? [mention.data] : [];
  });

const unescapes: Readonly<Record<string, string>> = { nbsp: " ", lt: "<", gt: ">", quot: '"', amp: "&" };

/** What was asked: without the mention that called the bot; other people stay as names. */
function questionOf(activity: Activity): string {
  let text = activity.text ?? "";
  for (const { text: written, mentioned } of mentionsOf(activity))
    if (mentioned.id === activity.recipient.id && written !== "") text = text.replace(written, "");
  return text
    .replace(/<at[^<>]*>([^<>]*)<\/at>/g, "@$1")
    .replace(/&(nbsp|lt|gt|quot|amp);/g, (whole, name: string) => unescapes[name] ?? whole)
    .trim();
}

const mostFiles = 10;

/** The files that came with a message and that Teams lets be read: those of usage, or documents for a corpus that the words name; others only where nothing was asked besides. */
function filesOf({ attachments }: Activity, asked: string): readonly SharedFile[] {
  const shared = (attachments ?? []).flatMap((attachment) => {
    const file = Download.safeParse(attachment);
    if (!file.success) return [];
    const { name, content } = file.data;
    // Teams does not say how large a file is; whoever reads it stops at the most that is taken.
    return [{ id: content.uniqueId, name: clip(name === "" ? content.uniqueId : name, 200), size: 0, url: content.downloadUrl }];
  });
  return filesTaken(shared, asked).slice(0, mostFiles);
}

const Field = z.string().max(4_000);

/** The fields of a form that was sent: what our buttons carry besides them is left out. */
function valuesOf(carried: z.infer<typeof Carried>): Readonly<Record<string, string>> {
  const { action: _action, id: _id, form: _form, ...fields } = carried;
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => {
      const field = Field.safeParse(value);
      return field.success ? [[name, field.data]] : [];
    }),
  );
}

/** What stands at the end of a button's own id: which drawing of the card it is on. */
const drawingOf = (buttonId: string): string => /-v(\d{1,12})$/.exec(buttonId)?.[1] ?? "";

function carriedOut(verb: string, buttonId: string, carried: z.infer<typeof Carried>): ParsedActivity {
  const card = drawingOf(buttonId);
  if (verb === refreshVerb) return { type: "refresh", about: carried.id };
  if (verb === formVerb) {
    const form = read(FormName, carried.form, "form");
    return { type: "sent", sent: { form, about: carried.id, values: valuesOf(carried) }, card };
  }
  return { type: "press", press: pressOf(verb, carried.id), action: verb, about: carried.id, card };
}

function messageOf(activity: Activity): ParsedActivity {
  const { value, conversation, recipient } = activity;
  if (value !== undefined && value !== null) {
    const carried = read(Carried, value, "button press");
    return carriedOut(carried.action ?? "", "", carried);
  }
  const addressed =
    conversation.conversationType === "personal" || mentionsOf(activity).some(({ mentioned }) => mentioned.id === recipient.id);
  if (!addressed) return { type: "ignored", why: "not addressed to the bot" };
  const text = questionOf(activity);
  const files = filesOf(activity, text);
  return { type: "message", text: text === "" && files.length > 0 ? `Import ${files.map(({ name }) => name).join(", ")}` : text, files };
}

function invokeOf(activity: Activity): ParsedActivity {
  if (activity.name === "adaptiveCard/action") {
    const { action } = read(Execute, activity.value, "card action");
    return carriedOut(action.verb, action.id, action.data);
  }
  if (activity.name === "message/submitAction") {
    const { actionValue } = read(Reaction, activity.value, "feedback");
    return {
      type: "feedback",
      messageId: read(z.string().min(1), activity.replyToId, "feedback"),
      helpful: actionValue.reaction === "like",
    };
  }
  return { type: "ignored", why: `an invoke of ${activity.name ?? "no name"}` };
}

const ignored = (why: string): ParsedActivity => ({ type: "ignored", why });

function installationOf({ action }: Activity): ParsedActivity {
  if (action === "add") return { type: "added" };
  return action === "remove" || action === "remove-upgrade"
    ? { type: "taken out" }
    : ignored(`an installation update of ${action ?? "no kind"}`);
}

function membersOf({ membersRemoved, recipient, channelData }: Activity): ParsedActivity {
  const gone = (membersRemoved ?? []).some(({ id }) => id === recipient.id) || channelData?.eventType === "teamDeleted";
  return gone ? { type: "taken out" } : ignored("a change of members or of a team");
}

/** Reads an activity; an AppError "bad_input" for garbage and for what is forged. */
export function parseActivity(activity: Activity): ParsedActivity {
  if (activity.from.id === activity.recipient.id) return ignored("written by the bot itself");
  switch (activity.type) {
    case "message":
      return messageOf(activity);
    case "invoke":
      return invokeOf(activity);
    case "installationUpdate":
      return installationOf(activity);
    case "conversationUpdate":
      return membersOf(activity);
    default:
      return ignored(`an activity of type ${activity.type}`);
  }
}
