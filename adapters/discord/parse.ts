import { z } from "zod";
import type { SharedFile } from "../../src/core/conversation.ts";
import { AppError } from "../../src/core/errors.ts";
import { FormName, type SentForm } from "../../src/core/form.ts";
import type { Id } from "../../src/core/ids.ts";
import { type Press, pressOf } from "../../src/core/press.ts";
import { clip } from "../draw-text.ts";
import { questionOfCommand } from "./commands.ts";
import { limits, Snowflake } from "./config.ts";
import { Referenced, reportedRun } from "./reply.ts";
import { Attachment, askedWith, filesOf } from "./shared-files.ts";
import type { DiscordChannel } from "./thread-key.ts";

const User = z.object({ id: Snowflake, username: z.string().default(""), global_name: z.string().nullish(), bot: z.boolean().nullish() });
const Member = z.object({ user: User, nick: z.string().nullish() });

const Interaction = z.object({
  id: Snowflake,
  application_id: Snowflake,
  type: z.number().int(),
  token: z.string().min(1).max(1_000),
  guild_id: Snowflake.nullish(),
  channel_id: Snowflake,
  message: z.object({ id: Snowflake }).optional(),
  channel: z.object({ id: Snowflake, type: z.number().int(), parent_id: Snowflake.nullish() }).optional(),
  member: Member.optional(),
  user: User.optional(),
  data: z.unknown(),
});

const Command = z.object({
  name: z.string().max(32),
  options: z.array(z.object({ name: z.string(), value: z.union([z.string(), z.number(), z.boolean()]).optional() })).optional(),
  resolved: z.object({ attachments: z.record(z.string(), Attachment).optional() }).optional(),
});
const Pressed = z.object({ custom_id: z.string().max(limits.customId) });

/** A field of a form: what was typed, or what was chosen. */
const Field = z.object({ custom_id: z.string(), value: z.string().optional(), values: z.array(z.string()).optional() });
const Submitted = Pressed.extend({
  components: z.array(z.union([z.object({ component: Field }), z.object({ components: z.array(Field) })])).default([]),
});

const Said = z.object({
  id: Snowflake,
  type: z.number().int(),
  channel_id: Snowflake,
  guild_id: z.string().nullish(),
  author: User,
  webhook_id: Snowflake.nullish(),
  content: z.string(),
  member: z.object({ nick: z.string().nullish() }).nullish(),
  mentions: z.array(z.object({ id: Snowflake })).default([]),
  attachments: z.array(Attachment).default([]),
  referenced_message: Referenced.nullish().catch(undefined),
});

/** Where an interaction came from and who caused it; outside a server there is no guild. */
export interface Origin {
  readonly id: string;
  readonly token: string;
  readonly guild: string | undefined;
  readonly channel: DiscordChannel;
  /** Whether it was caused on a message of ours, whose answer may then be to change that message. */
  readonly onMessage: boolean;
  readonly userId: string;
  readonly name: string;
}

/** An interaction in our own terms. */
export type ParsedInteraction =
  | { readonly type: "ping" }
  | { readonly type: "command"; readonly from: Origin; readonly text: string; readonly files: readonly SharedFile[] }
  | { readonly type: "press"; readonly from: Origin; readonly press: Press }
  | { readonly type: "sent"; readonly from: Origin; readonly sent: SentForm }
  | { readonly type: "ignored"; readonly why: string };

/** A message that is addressed to the bot. */
export interface ParsedMessage {
  readonly id: string;
  readonly channel: string;
  readonly guild: string | undefined;
  readonly userId: string;
  readonly name: string;
  readonly text: string;
  readonly files: readonly SharedFile[];
  /** The run whose report it replies to. */
  readonly continues: Id<"run"> | undefined;
}

/** Parses with the schema, or says in a sentence what of Discord's payload does not fit. */
function read<T>(schema: z.ZodType<T>, body: unknown, what: string): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new AppError("bad_input", `Discord's ${what} cannot be read: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.trim(), {
    cause: result.error,
  });
}

/** The two halves of the id that a button or a form bears. */
const halves = (id: string): readonly [string, string] => {
  const at = id.indexOf(":");
  return [id.slice(0, at), id.slice(at + 1)];
};

function pressed(id: string): Press {
  const [action, about] = halves(id);
  return pressOf(action, about);
}

function originOf(body: z.infer<typeof Interaction>): Origin {
  const user = body.member?.user ?? body.user;
  if (user === undefined) throw new AppError("bad_input", "Discord's interaction cannot be read: it names nobody.");
  const name = body.member?.nick ?? user.global_name ?? user.username;
  return {
    id: body.id,
    token: body.token,
    guild: body.guild_id ?? undefined,
    channel: { id: body.channel_id, type: body.channel?.type ?? 0, parentId: body.channel?.parent_id ?? undefined },
    onMessage: body.message !== undefined,
    userId: user.id,
    name: clip(name === "" ? user.id : name, 256),
  };
}

function commandOf({
  name,
  options = [],
  resolved,
}: z.infer<typeof Command>): Pick<ParsedInteraction & { type: "command" }, "text" | "files"> {
  const files = filesOf(Object.values(resolved?.attachments ?? {}), "", undefined);
  const text = questionOfCommand(name, files.length > 0 ? "" : String(options[0]?.value ?? ""));
  if (text === undefined) throw new AppError("bad_input", "There is no such command of ours. Type /apex-help to see what there is.");
  return { text: files.length > 0 ? askedWith("", files) : text, files };
}

function sentForm(data: z.infer<typeof Submitted>): SentForm {
  const [name, about] = halves(data.custom_id);
  const form = FormName.safeParse(name);
  if (!form.success) throw new AppError("bad_input", "This form is none of ours.");
  const fields = data.components.flatMap((part) => ("component" in part ? [part.component] : part.components));
  return {
    form: form.data,
    about,
    values: Object.fromEntries(fields.map(({ custom_id: field, value, values }) => [field, value ?? values?.[0] ?? ""])),
  };
}

/** Reads an interaction, from either transport: an AppError "bad_input" for garbage, for what is forged and for another application's. */
export function parseInteraction(raw: unknown, applicationId: string): ParsedInteraction {
  if (z.object({ type: z.literal(1) }).safeParse(raw).success) return { type: "ping" };
  const body = read(Interaction, raw, "interaction");
  if (body.application_id !== applicationId) {
    throw new AppError("bad_input", "This interaction is another application's: DISCORD_APPLICATION_ID says which one is ours.");
  }
  switch (body.type) {
    case 2:
      return { type: "command", from: originOf(body), ...commandOf(read(Command, body.data, "command")) };
    case 3:
      return { type: "press", from: originOf(body), press: pressed(read(Pressed, body.data, "button press").custom_id) };
    case 5:
      return { type: "sent", from: originOf(body), sent: sentForm(read(Submitted, body.data, "form")) };
    default:
      return { type: "ignored", why: `an interaction of type ${body.type}` };
  }
}

/** Types of messages that people write: plain ones and replies. */
const written: ReadonlySet<number> = new Set([0, 19]);

/** Reads a message; undefined where it is not addressed to the bot or was not written by a person. */
export function parseMessage(raw: unknown, botId: string): ParsedMessage | undefined {
  const said = read(Said, raw, "message");
  const guild = said.guild_id === null || said.guild_id === "" ? undefined : said.guild_id;
  const mention = new RegExp(`<@!?${botId.replace(/\D/g, "")}>`);
  const addressed = guild === undefined || said.mentions.some(({ id }) => id === botId) || mention.test(said.content);
  const byBot = said.author.bot === true || said.author.id === botId || (said.webhook_id ?? undefined) !== undefined;
  if (!addressed || byBot || !written.has(said.type)) return undefined;
  const name = said.member?.nick ?? said.author.global_name ?? said.author.username;
  const asked = said.content.replace(new RegExp(`^\\s*${mention.source}[\\s,:]*`), "").trim();
  const files = filesOf(said.attachments, asked, { channel: said.channel_id, message: said.id });
  return {
    id: said.id,
    channel: said.channel_id,
    guild,
    userId: said.author.id,
    name: clip(name === "" ? said.author.id : name, 256),
    text: askedWith(asked, files),
    files,
    continues: reportedRun(said.referenced_message ?? undefined, botId),
  };
}
