import { z } from "zod";
import type { SharedFile } from "../../src/core/conversation.ts";
import { filesTaken } from "../../src/core/shared-files.ts";
import { clip } from "../draw-text.ts";
import { Snowflake } from "./config.ts";

/** A file as Discord describes it in a message or in a command. */
export const Attachment = z.object({ id: Snowflake, filename: z.string(), size: z.number().int().nonnegative(), url: z.url() });
type Attachment = z.infer<typeof Attachment>;

/** The most files that are taken from one message. */
const mostFiles = 10;

/** A message by which fresh addresses of its files are had. */
export interface FileOrigin {
  readonly channel: string;
  readonly message: string;
}

/**
 * The files that came with words: those of usage, or documents for a corpus that the words name; others only where nothing was asked besides. A file's id names its
 * message too, where it came in one, since its address is good for a day only.
 */
export function filesOf(attachments: readonly Attachment[], asked: string, from: FileOrigin | undefined): readonly SharedFile[] {
  const shared = attachments.map(({ id, filename, size, url }): SharedFile => {
    const name = clip(filename === "" ? id : filename, 256);
    return { id: from === undefined ? id : `${from.channel}-${from.message}-${id}`, name, size, url };
  });
  return filesTaken(shared, asked).slice(0, mostFiles);
}

/** What was asked; with files alone, that they be imported. */
export const askedWith = (asked: string, files: readonly SharedFile[]): string =>
  asked === "" && files.length > 0 ? `Import ${files.map(({ name }) => name).join(", ")}` : asked;

/** The message that a file came in; undefined where it came with a command. */
export function originOf(fileId: string): (FileOrigin & { readonly attachment: string }) | undefined {
  const [channel, message, attachment] = fileId.split("-");
  return channel === undefined || message === undefined || attachment === undefined ? undefined : { channel, message, attachment };
}
