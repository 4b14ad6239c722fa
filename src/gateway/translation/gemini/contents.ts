import { z } from "zod";
import { CannotCarry } from "../cannot-carry.ts";
import type { Content, Part, Source, ToolResult, Turn } from "../prompt.ts";
import { dropped } from "../wire.ts";
import { geminiObject } from "./wire.ts";

const marks = { thought: z.boolean().optional(), thoughtSignature: dropped, partMetadata: dropped };
const args = z.record(z.string(), z.unknown());

const WirePart = z.union([
  geminiObject({ ...marks, text: z.string() }),
  geminiObject({ ...marks, inlineData: geminiObject({ mimeType: z.string(), data: z.string(), displayName: dropped }) }),
  geminiObject({ ...marks, fileData: geminiObject({ mimeType: z.string().optional(), fileUri: z.string(), displayName: dropped }) }),
  geminiObject({ ...marks, functionCall: geminiObject({ id: z.string().optional(), name: z.string(), args: args.optional() }) }),
  geminiObject({ ...marks, functionResponse: geminiObject({ id: z.string().optional(), name: z.string(), response: args }) }),
]);
type WirePart = z.infer<typeof WirePart>;

/** One message of a conversation. */
export const WireContent = geminiObject({ role: z.enum(["user", "model", "function"]).optional(), parts: z.array(WirePart) });
type WireContent = z.infer<typeof WireContent>;

const isImage = (mediaType: string): boolean => mediaType.startsWith("image/");
const isPdf = (mediaType: string): boolean => mediaType === "application/pdf";

/** Something that is shown; what is neither an image nor a PDF cannot be shown to others. */
const shown = (mediaType: string, source: Source, param: string): Content => {
  if (isImage(mediaType)) return { type: "image", source };
  if (isPdf(mediaType)) return { type: "document", source };
  throw new CannotCarry({ param }, `it is ${mediaType === "" ? "of no known type" : mediaType}; images and PDFs alone are carried`);
};

const googleFile = /^(?:gs:|https?:\/\/(?:[\w-]+\.)*(?:googleapis\.com|youtube\.com|youtu\.be)\/)/i;

const linked = (uri: string, mediaType: string, param: string): Content => {
  if (googleFile.test(uri)) throw new CannotCarry({ param }, "it is kept at Google, where others cannot read it");
  return shown(mediaType, { kind: "url", url: uri }, param);
};

/** What a tool gave: the text under `output` or `error`, which Gemini keeps for that, else the whole as JSON. */
const resultOf = (response: Record<string, unknown>): Pick<ToolResult, "content" | "isError"> => {
  const [[key, value] = ["", undefined], ...rest] = Object.entries(response);
  const plain = rest.length === 0 && (key === "output" || key === "error") && typeof value === "string";
  return { content: [{ type: "text", text: plain ? value : JSON.stringify(response) }], isError: plain && key === "error" };
};

/** Gives calls that have no id one by their place, and results without one the id of the first open call of their name. */
const createIds = () => {
  const open: { readonly id: string; readonly name: string }[] = [];
  return {
    called: (name: string, id: string): string => {
      open.push({ id, name });
      return id;
    },
    answered: (name: string, id: string | undefined): string => {
      const at = open.findIndex((call) => (id === undefined ? call.name === name : call.id === id));
      const [call] = at < 0 ? [] : open.splice(at, 1);
      return id ?? call?.id ?? `call_${name}`;
    },
  };
};

const partOf = (part: WirePart, place: string, ids: ReturnType<typeof createIds>): Part[] => {
  if (part.thought === true) return [];
  if ("text" in part) return [{ type: "text", text: part.text }];
  if ("inlineData" in part) {
    const { mimeType, data } = part.inlineData;
    return [shown(mimeType, { kind: "base64", mediaType: mimeType, data }, `${place}.inlineData`)];
  }
  if ("fileData" in part) return [linked(part.fileData.fileUri, part.fileData.mimeType ?? "", `${place}.fileData`)];
  if ("functionCall" in part) {
    const { id, name, args: given } = part.functionCall;
    const own = ids.called(name, id ?? `call${place.replaceAll(/\D+/g, "_")}`);
    return [{ type: "toolCall", id: own, name, arguments: given ?? {} }];
  }
  const { id, name, response } = part.functionResponse;
  return [{ type: "toolResult", id: ids.answered(name, id), name, ...resultOf(response) }];
};

/** The messages of a conversation; earlier thoughts, which only the model that had them can read, are left out. */
export const messagesOf = (contents: readonly WireContent[]): Turn[] => {
  const ids = createIds();
  return contents.map(({ role, parts }, at) => ({
    role: role === "model" ? "assistant" : "user",
    parts: parts.flatMap((part, n) => partOf(part, `contents.${at}.parts.${n}`, ids)),
  }));
};

const extensions: ReadonlyMap<string, string> = new Map([
  ["png", "image/png"],
  ["webp", "image/webp"],
  ["gif", "image/gif"],
  ["heic", "image/heic"],
]);

/** The type of an image by its address; a photograph where that does not say. */
const mediaTypeAt = (url: string): string => extensions.get(/\.(\w+)(?:[?#].*)?$/.exec(url)?.[1]?.toLowerCase() ?? "") ?? "image/jpeg";

const toContent = (part: Content): object => {
  if (part.type === "text") return part.text === "" ? { text: " " } : { text: part.text };
  const { source } = part;
  if (source.kind === "base64") return { inlineData: { mimeType: source.mediaType, data: source.data } };
  return { fileData: { mimeType: part.type === "image" ? mediaTypeAt(source.url) : "application/pdf", fileUri: source.url } };
};

/** A result: its texts. */
const toResult = ({ id, name, content, isError }: ToolResult): object => {
  const text = content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
  return { functionResponse: { id, name, response: isError ? { error: text } : { output: text } } };
};

/** What a tool shows besides its texts, under its name. */
const shownBy = ({ name, content }: ToolResult): object[] => {
  const shown = content.filter((part) => part.type !== "text").map(toContent);
  return shown.length === 0 ? [] : [{ text: `From the tool ${name}:` }, ...shown];
};

/**
 * Google's word for a call of another model's, which Gemini from version 3 on wants a signature of
 * (https://ai.google.dev/gemini-api/docs/thought-signatures).
 */
const foreignSignature = "skip_thought_signature_validator";

/** A turn as a message of a conversation; the first call of each is signed where the model wants it. Results stand together. */
export const toWire = ({ role, parts }: Turn, signed: boolean): object => {
  const results = parts.filter((part) => part.type === "toolResult");
  const first = parts.findIndex(({ type }) => type === "toolCall");
  const rest = parts.map((part, at) => {
    if (part.type === "toolResult") return [];
    if (part.type !== "toolCall") return [toContent(part)];
    const { id, name, arguments: given } = part;
    return [{ functionCall: { id, name, args: given }, ...(signed && at === first ? { thoughtSignature: foreignSignature } : {}) }];
  });
  return {
    role: role === "assistant" ? "model" : "user",
    parts: [...results.map(toResult), ...results.flatMap(shownBy), ...rest.flat()],
  };
};
