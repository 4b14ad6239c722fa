import { z } from "zod";

/** Slack's documented limits on blocks and views (docs.slack.dev, Block Kit reference and Views), as schemas: a picture of what it refuses. */
const text = (most: number) => z.object({ type: z.enum(["plain_text", "mrkdwn"]), text: z.string().min(1).max(most) });
const plainText = (most: number) => z.object({ type: z.literal("plain_text"), text: z.string().min(1).max(most) });
const id = z.string().min(1).max(255);

const Button = z.object({ type: z.literal("button"), action_id: id, text: plainText(75), value: z.string().max(2_000) });
const Thumb = z.object({ text: plainText(75), accessibility_label: z.string().max(75), value: z.string().max(2_000) });
const Thumbs = z.object({ type: z.literal("feedback_buttons"), action_id: id, positive_button: Thumb, negative_button: Thumb });
const Option = z.object({ text: plainText(75), value: z.string().min(1).max(150) });

const named = { block_id: id.optional() };

const Block = z.discriminatedUnion("type", [
  z.object({ type: z.literal("divider"), ...named }),
  z.object({ type: z.literal("header"), text: plainText(150), ...named }),
  z
    .object({ type: z.literal("section"), text: text(3_000).optional(), fields: z.array(text(2_000)).min(1).max(10).optional(), ...named })
    .refine((block) => block.text !== undefined || block.fields !== undefined, "needs a text or fields"),
  z.object({ type: z.literal("context"), elements: z.array(text(2_000)).min(1).max(10), ...named }),
  z.object({ type: z.literal("actions"), elements: z.array(Button).min(1).max(25), ...named }),
  z.object({ type: z.literal("context_actions"), elements: z.array(Thumbs).min(1).max(5), ...named }),
  z.object({ type: z.literal("image"), alt_text: z.string().min(1).max(2_000), slack_file: z.object({ id }), ...named }),
]);

const Input = z.object({
  type: z.literal("input"),
  block_id: id,
  label: plainText(2_000),
  optional: z.boolean(),
  element: z.discriminatedUnion("type", [
    z
      .object({
        type: z.literal("plain_text_input"),
        action_id: id,
        max_length: z.number().int().min(1).max(3_000),
        initial_value: z.string().max(3_000).optional(),
      })
      .refine((input) => (input.initial_value ?? "").length <= input.max_length, "begins with more than it takes"),
    z.object({
      type: z.literal("static_select"),
      action_id: id,
      options: z.array(Option).min(1).max(100),
      initial_option: Option.optional(),
    }),
  ]),
});

/** A message's blocks: 50 at most. */
export const MessageBlocks = z.array(Block).min(1).max(50);

/** A Home tab: 100 blocks, and 250 kB in all. */
export const HomeView = z
  .object({ type: z.literal("home"), callback_id: id, blocks: z.array(Block).min(1).max(100) })
  .refine((view) => JSON.stringify(view).length < 250_000, "is too large");

/** A modal. */
export const ModalView = z.object({
  type: z.literal("modal"),
  callback_id: id,
  private_metadata: z.string().max(3_000),
  title: plainText(24),
  submit: plainText(24),
  close: plainText(24),
  blocks: z.array(Input).min(1).max(100),
});

/** What a message refuses in all its text together; not documented, seen as msg_blocks_too_long. */
export const mostInMessage = 13_200;

/** All the text in blocks. */
export const textIn = (blocks: unknown): number =>
  [...JSON.stringify(blocks).matchAll(/"(?:text|value|alt_text)":"((?:[^"\\]|\\.)*)"/g)].reduce(
    (sum, [, words = ""]) => sum + words.length,
    0,
  );
