import { z } from "zod";
import type { Author, ThreadKey } from "../../src/core/conversation.ts";
import type { Heard, Reception } from "../../src/core/delivery.ts";
import { AppError } from "../../src/core/errors.ts";
import { eventOfForm, type FormRequest } from "../../src/core/form.ts";
import { eventOfPress, pressOf } from "../../src/core/press.ts";
import { clip } from "../draw-text.ts";
import { limits } from "./blocks.ts";
import { feedbackAction } from "./config.ts";
import { homeOf, SlackId as Id, type Origin, read, workspaceOf } from "./envelope.ts";
import { openInSlack, refusedIn, SentView, sentFormOf } from "./modal.ts";
import { unescapeSlack } from "./parse.ts";
import { type SlackClients, tellSlack } from "./send.ts";
import { commandThread, directThread, mentionThread } from "./thread-key.ts";

/** What a press needs besides what was pressed. */
export interface PressParts {
  readonly clientsOf: (workspace: string) => Promise<SlackClients>;
}

const Trigger = z.string().min(1).max(256);

/** Who interacts, and where from. */
const presser = {
  team: z.object({ id: Id }).nullish(),
  enterprise: z.object({ id: Id }).nullish(),
  is_enterprise_install: z.boolean().nullish(),
  user: z.object({ id: Id, team_id: Id.optional(), name: z.string().optional(), username: z.string().optional() }),
};
const Presser = z.object(presser);

const InMessage = z.object({ message_ts: Id, thread_ts: Id.optional(), channel_id: Id });
const InView = z.object({ type: z.literal("view"), view_id: Id });

const Pressed = z.object({
  ...presser,
  trigger_id: Trigger,
  container: z.union([InMessage, InView]),
  message: z.object({ thread_ts: Id.optional() }).optional(),
  actions: z.array(z.object({ action_id: z.string().max(255), action_ts: Id, value: z.string().max(2_000).default("") })).min(1),
});

const Shortcut = z.object({ ...presser, trigger_id: Trigger, message: z.object({ text: z.string().nullish() }).optional() });

const Sent = z.object({ ...presser, view: SentView });

/** The workspace, and who they are in it. */
function whoOf({ team, enterprise, is_enterprise_install: wide, user }: z.infer<typeof Presser>): {
  readonly workspace: string;
  readonly author: Author;
} {
  const origin: Origin = { team: team?.id, enterprise: enterprise?.id, enterpriseWide: wide === true };
  const name = clip(user.name ?? user.username ?? user.id, 256);
  return {
    workspace: workspaceOf(origin),
    author: { platform: "slack", workspace: homeOf(origin, user.team_id), userId: user.id, name },
  };
}

/** Where a press was made; in the Home tab and from shortcuts it is the conversation with the presser. */
function placeOfPress(workspace: string, user: string, { container, message }: z.infer<typeof Pressed>): ThreadKey {
  if ("view_id" in container) return directThread(workspace, user, undefined);
  const { channel_id: channel, message_ts: ts, thread_ts: threadTs } = container;
  const under = threadTs ?? message?.thread_ts;
  return channel.startsWith("D") ? directThread(workspace, channel, under) : mentionThread(workspace, channel, ts, under);
}

/** A form that opens with the trigger of a press. */
const formWish = ({ clientsOf }: PressParts, workspace: string, trigger: string, request: FormRequest): Reception => ({
  type: "form",
  request,
  async open(form) {
    await openInSlack(await clientsOf(workspace), { trigger, ...request }, form);
    return undefined;
  },
});

const thanks = (helpful: boolean): string =>
  helpful ? "Thank you, noted." : "Thank you, noted. Tell me here what was wrong or missing, and I will look again.";

/** Thanks for feedback, for its giver alone and once. */
const thank =
  ({ clientsOf }: PressParts, thread: ThreadKey, to: Author, helpful: boolean) =>
  async (heard: Heard): Promise<void> => {
    if (heard.type === "taken" && !heard.duplicate) await tellSlack(await clientsOf(thread.workspace), thread, to, thanks(helpful));
  };

/** What a button does and what it is about. Feedback buttons share one action, so the value of each names it. */
function namedIn({ action_id: action, value }: z.infer<typeof Pressed>["actions"][number]): readonly [string, string] {
  if (action !== feedbackAction) return [action, value];
  const [, thumb = "", id = ""] = /^(helpful|unhelpful) (\S+)$/.exec(value) ?? [];
  return [thumb, id];
}

/** A button press. Its value is an opaque id and nothing else. */
export function parsePress(body: unknown, now: Date, parts: PressParts): Reception {
  const pressed = read(Pressed, body, "button press");
  const button = pressed.actions[0];
  if (button === undefined) throw new AppError("bad_input", "Slack's button press names no button.");
  const { workspace, author } = whoOf(pressed);
  const thread = placeOfPress(workspace, author.userId, pressed);
  const [action, id] = namedIn(button);
  const press = pressOf(action, id);
  if (press.type === "form") {
    return formWish(parts, workspace, pressed.trigger_id, { form: press.form, about: press.about, thread, author });
  }
  const { container } = pressed;
  const on = "view_id" in container ? container.view_id : container.message_ts;
  const eventId = `press-${on}-${button.action_ts}-${author.userId}-${action}`;
  const event = eventOfPress({ eventId, thread, author, receivedAt: now.toISOString() }, press);
  return {
    type: "event",
    event,
    ...(press.type === "feedback" ? { afterwards: thank(parts, thread, author, press.helpful) } : {}),
  };
}

/** A shortcut: it opens the form that asks for a question, which holds the words of the message that it was used on. */
export function parseShortcut(body: unknown, _now: Date, parts: PressParts): Reception {
  const shortcut = read(Shortcut, body, "shortcut");
  const { workspace, author } = whoOf(shortcut);
  const thread = commandThread(workspace, author.userId, author.userId, shortcut.trigger_id);
  const question = clip(unescapeSlack(shortcut.message?.text ?? "").trim(), limits.input);
  return formWish(parts, workspace, shortcut.trigger_id, { form: "ask", about: "", thread, author, given: { question } });
}

/** A modal that was filled in and sent; what is wrong with it is said in it. */
export function parseSent(body: unknown, now: Date): Reception {
  const sent = read(Sent, body, "form");
  const { workspace, author } = whoOf(sent);
  const { id, private_metadata: memory } = sent.view;
  const thread: ThreadKey = { platform: "slack", workspace, channel: memory.channel, thread: memory.thread };
  const origin = { eventId: `sent-${id}`, thread, author, receivedAt: now.toISOString() };
  return { type: "event", event: eventOfForm(origin, sentFormOf(sent.view)), refusal: refusedIn(sent.view) };
}
